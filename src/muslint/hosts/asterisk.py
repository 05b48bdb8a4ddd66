"""Plugins of Asterisk."""

from muslint.hosts.host import Host

HOST = Host(
    id="asterisk",
    title="Asterisk",
    prefixes=("ast_",),
    lazy=False,
    entry_points=(),
    suffixes=(),
)
