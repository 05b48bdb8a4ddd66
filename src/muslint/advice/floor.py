"""The floor of an object: the oldest C library it runs on, and the symbols that keep it from an older one.

For glibc the versions written into the file tell (DT_VERNEED and the version of each reference): glibc's loader
compares just those. For musl nothing is written, so the loader of every release is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from muslint.elf.object import ElfObject
from muslint.libc.glibc import version_key
from muslint.libc.sonames import provider
from muslint.rules.finding import Finding, Severity, When

FAMILIES = ("GLIBC", "GLIBCXX", "CXXABI", "GCC")
_NOT_LIBC = frozenset(
    {"interpreter-missing", "library-missing", "library-off-path", "library-unusable", "symbol-runtime"}
)


class Step(NamedTuple):
    """One version an object needs and the names that need it; none for a marker such as GLIBC_ABI_DT_RELR."""

    version: str  # GLIBC_2.34
    symbols: tuple[str, ...]
    weak: bool  # every reference to it is weak, or the requirement itself is: glibc starts without it, with a warning


class Release(NamedTuple):
    """One release of the target's line and what it lacks for an object; nothing where it runs it."""

    name: str  # 3.20, 1.2.5
    target: str  # as check names it, with the packages added
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Floor:
    """The floor of one object."""

    path: str
    parents: tuple[str, ...]
    arch: str
    kind: str
    built_for: str
    steps: Mapping[str, tuple[Step, ...]]  # family → versions, the highest first
    musl: tuple[Release, ...]  # oldest first; empty for a static program
    alpine: tuple[Release, ...]
    foreign_interpreter: str | None  # glibc's loader, where it is a program's interpreter


def steps(obj: ElfObject) -> dict[str, tuple[Step, ...]]:
    """The versions an object needs, by family, the highest first, each with the symbols that need it.

    Names without numbers (``GLIBC_PRIVATE``, ``CXXABI_TM_1``) come before all numbered ones.
    """
    symbols: dict[str, set[str]] = {version.name: set() for version in obj.versions_needed}
    for symbol in obj.symbols:
        if not symbol.defined and symbol.version in symbols:
            symbols[symbol.version].add(symbol.name)
    weak = {version.name for version in obj.versions_needed if version.weak}
    found: dict[str, list[Step]] = {}
    for name, held in symbols.items():
        family = name.partition("_")[0]
        if family in FAMILIES:
            found.setdefault(family, []).append(Step(name, tuple(sorted(held)), name in weak))
    return {
        family: tuple(sorted(found[family], key=lambda s: (_key(s.version), s.version), reverse=True))
        for family in FAMILIES
        if family in found
    }


def _key(version: str) -> tuple[int, ...]:
    return version_key(version.partition("_")[2])


def packages(obj: ElfObject, release: str) -> tuple[str, ...]:
    """The packages of Alpine ``release`` that hold the libraries an object needs, sorted."""
    found = set()
    for name in obj.needed:
        row = provider(name, release)
        package = row.package if row is not None else None
        if package is not None and package not in ("musl", "gcompat"):
            found.add(package)
    if "libstdc++" in found:
        found.discard("libgcc")  # comes with it
    return tuple(sorted(found))


def lacks(findings: Iterable[Finding], *, libc_alone: bool) -> tuple[str, ...]:
    """What keeps an object from loading, in the order of the report; the interpreter left aside.

    ``libc_alone``: only what the C library itself is asked for; missing libraries, and names they would give, say
    nothing about a release of musl.
    """
    found: dict[str, None] = {}
    for finding in findings:
        if finding.severity is not Severity.ERROR or finding.when is not When.LOAD:
            continue
        if finding.rule == "interpreter-missing" or (libc_alone and finding.rule in _NOT_LIBC):
            continue
        found[finding.symbol or finding.library or finding.rule] = None
    return tuple(found)


def lowest(releases: Sequence[Release]) -> Release | None:
    """The oldest release from which on every later one runs the object too; None when the newest does not."""
    found = None
    for release in reversed(releases):
        if release.lacks:
            break
        found = release
    return found


def grouped(releases: Sequence[Release]) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Runs of neighbouring releases that lack the same, newest first: first, last and what."""
    runs: list[tuple[str, str, tuple[str, ...]]] = []
    for release in reversed(releases):
        if runs and runs[-1][2] == release.lacks:
            runs[-1] = (release.name, runs[-1][1], release.lacks)
        else:
            runs.append((release.name, release.name, release.lacks))
    return tuple(run for run in runs if run[2])
