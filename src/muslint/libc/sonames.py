"""Which Alpine package holds the shared library a program asks for."""

from dataclasses import dataclass
from functools import lru_cache

from muslint.libc.musl import alpine_releases
from muslint.libc.table import covers, read_text, rows


@dataclass(frozen=True, slots=True)
class Provider:
    """One row: a library and the package that holds it in some releases."""

    soname: str
    package: str | None
    """Name to give to ``apk add``, ``musl`` for a reserved name, None for no package."""

    releases: str
    """``*`` or a range of releases such as ``3.17-`` (see ``table.covers``)."""

    source: str
    """``real`` when seen in a package database, else ``recalled``."""


@lru_cache(maxsize=1)
def _providers() -> dict[str, list[Provider]]:
    found: dict[str, list[Provider]] = {}
    for soname, package, releases, source in rows(read_text("alpine/sonames.txt")):
        name = None if package == "-" else package
        found.setdefault(soname, []).append(Provider(soname, name, releases, source))
    return found


def providers(soname: str) -> tuple[Provider, ...]:
    """Return every row of ``soname``, whatever the release; empty when it is unknown."""
    return tuple(_providers().get(soname, ()))


def provider(soname: str, release: str) -> Provider | None:
    """Return the package that holds ``soname`` in Alpine ``release``, None when none is known.

    A row whose ``package`` is None says that Alpine is known to have no such library.
    """
    order = alpine_releases()
    for row in providers(soname):
        if row.releases == "*" or (release in order and covers(row.releases, release, order)):
            return row
    return None


def successors(soname: str, release: str) -> tuple[Provider, ...]:
    """Return packages of other versions of the library in ``release``, sorted by soname.

    ``libssl.so.1.1`` gives the package of ``libssl.so.3``: another ABI, so no cure for
    the binary, but what a build for Alpine would link.
    """
    stem = soname.partition(".so")[0]
    found = []
    for other in sorted(_providers()):
        if other != soname and other.partition(".so")[0] == stem:
            row = provider(other, release)
            if row and row.package:
                found.append(row)
    return tuple(found)


def known() -> tuple[str, ...]:
    """Return every soname of the table, sorted."""
    return tuple(sorted(_providers()))
