"""Plugins of nginx."""

from muslint.hosts.host import Host

HOST = Host(
    id="nginx",
    title="nginx",
    prefixes=("ngx_",),
    lazy=False,
    entry_points=(),
    suffixes=(),
)
