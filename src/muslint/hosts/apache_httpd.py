"""Plugins of the Apache HTTP server."""

from muslint.hosts.host import Host

HOST = Host(
    id="apache-httpd",
    title="the Apache HTTP server",
    prefixes=("ap_",),
    lazy=False,
    entry_points=(),
    suffixes=(),
)
