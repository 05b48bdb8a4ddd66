"""Plugins of iptables."""

from muslint.hosts.host import Host

HOST = Host(
    id="xtables",
    title="iptables",
    prefixes=("xtables_",),
    lazy=False,
    entry_points=(),
    suffixes=(),
)
