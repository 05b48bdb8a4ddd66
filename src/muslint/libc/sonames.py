"""Which Alpine package holds the shared library a program asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from muslint.errors import UnknownLibc
from muslint.libc.musl import alpine_releases
from muslint.libc.table import covers, notes, read_text, rows


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


@lru_cache(maxsize=8)
def libraries(release: str) -> Mapping[str, tuple[str, ...]]:
    """Return every package of Alpine ``release`` that the table knows with the sonames it holds, sorted."""
    found: dict[str, list[str]] = {}
    for soname in known():
        row = provider(soname, release)
        if row is not None and row.package is not None:
            found.setdefault(row.package, []).append(soname)
    return {package: tuple(held) for package, held in found.items()}


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


_WITHIN = {"libtinfo.so.6": "libncursesw.so.6"}
"""Libraries that Alpine does not split off → the one that has their functions: its ncurses is built without termlib."""


def within(soname: str, release: str) -> Provider | None:
    """Return the package of the library in which ``release`` has the functions of another, where there is one."""
    row = provider(_WITHIN[soname], release) if soname in _WITHIN else None
    return row if row is not None and row.package else None


MAGIC = "# muslint soname table 1"
"""First line of every file that ``muslint libc learn --apkindex`` writes."""


@dataclass(frozen=True, slots=True)
class Sonames:
    """The libraries of one Alpine release as its package index has them: what is not in it is in no package."""

    release: str
    packages: Mapping[str, str]  # soname → package

    def dumps(self) -> str:
        """The text of a soname file; the same table gives the same text."""
        rows_ = [f"{soname} {package}" for soname, package in sorted(self.packages.items())]
        return "\n".join([MAGIC, f"@ release {self.release}", *rows_]) + "\n"

    def provider(self, soname: str, release: str) -> Provider | None:
        """As `provider`; for another release than its own, the shipped table's answer."""
        if release != self.release:
            return provider(soname, release)
        return Provider(soname, self.packages.get(soname), self.release, "real")

    def successors(self, soname: str, release: str) -> tuple[Provider, ...]:
        """As `successors`."""
        if release != self.release:
            return successors(soname, release)
        stem = soname.partition(".so")[0]
        return tuple(
            Provider(other, package, self.release, "real")
            for other, package in sorted(self.packages.items())
            if other != soname and other.partition(".so")[0] == stem
        )


def loads(text: str) -> Sonames:
    """The table in the text of a soname file. Raises UnknownLibc when it is none."""
    if not text.startswith(MAGIC + "\n"):
        raise UnknownLibc("not a soname file: make one with muslint libc learn --apkindex APKINDEX.tar.gz -o FILE")
    release = notes(text).get("release")
    try:
        packages = dict(rows(text))
    except ValueError as error:
        raise UnknownLibc(f"the soname file is damaged: {error}") from None
    if release is None:
        raise UnknownLibc("the soname file names no release")
    return Sonames(release, packages)


def known() -> tuple[str, ...]:
    """Return every soname of the table, sorted."""
    return tuple(sorted(_providers()))
