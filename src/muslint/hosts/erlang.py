"""Plugins of the Erlang virtual machine."""

from muslint.hosts.host import Host

HOST = Host(
    id="erlang",
    title="the Erlang virtual machine",
    prefixes=("enif_", "driver_", "erl_drv_"),
    lazy=False,
    entry_points=("nif_init",),
    suffixes=(),
)
