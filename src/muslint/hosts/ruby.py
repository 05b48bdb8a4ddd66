"""Plugins of Ruby."""

from muslint.hosts.host import Host

HOST = Host(
    id="ruby",
    title="Ruby",
    prefixes=("rb_", "ruby_", "onig_", "onigenc_", "Onig"),
    lazy=True,
    entry_points=(),
    suffixes=(),
    packages=("gem",),
)
