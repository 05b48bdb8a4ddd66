"""Plugins of Perl."""

from muslint.hosts.host import Host

HOST = Host(
    id="perl",
    title="Perl",
    prefixes=("Perl_", "PL_", "PerlIO_", "boot_DynaLoader"),
    lazy=True,
    entry_points=("boot_",),
    suffixes=(),
)
