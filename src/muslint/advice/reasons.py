"""Why an image does not run a source, in the words of those who look after images: the first thing that breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from muslint.advice.base import are, some
from muslint.advice.floor import Step
from muslint.elf.object import ElfObject
from muslint.libc.glibc import version_key
from muslint.rules.finding import Finding, Severity, When

_LIBRARY_RULES = ("library-missing",)
RUNTIME = ("libstdc++.so.6", "libgcc_s.so.1")


class Judgement(Protocol):
    """What a check says of one object; `muslint.report.report.Judged` is one."""

    @property
    def path(self) -> str: ...
    @property
    def arch(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def interpreter(self) -> str | None: ...
    @property
    def verdict(self) -> str: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def findings(self) -> Sequence[Finding]: ...
    @property
    def assumed(self) -> tuple[str, ...]: ...


StepsOf = Callable[[str], Mapping[str, Sequence[Step]]]
"""The symbol versions an object needs, by the path people are shown; empty for one that is not of the source."""


@dataclass(frozen=True, slots=True)
class Broken:
    """What keeps objects from loading, sorted by what can be done about it."""

    interpreters: tuple[str, ...]
    versions: tuple[Finding, ...]  # version-unmet
    libraries: tuple[str, ...]  # sonames that are not in the image
    others: tuple[Finding, ...]

    @property
    def only_libraries(self) -> bool:
        """Whether missing libraries are all there is."""
        return bool(self.libraries) and not (self.interpreters or self.versions or self.others)


def errors(judged: Iterable[Judgement], when: When = When.LOAD) -> list[Finding]:
    """What keeps them from loading, or fails when it is used, in the order of the report."""
    return [f for item in judged for f in item.findings if f.severity is Severity.ERROR and f.when is when]


def broken(findings: Iterable[Finding]) -> Broken:
    """The errors sorted, each cause once."""
    interpreters: dict[str, None] = {}
    libraries: dict[str, None] = {}
    versions: list[Finding] = []
    others: list[Finding] = []
    for finding in findings:
        if finding.rule == "interpreter-missing":
            interpreters[finding.library or ""] = None
        elif finding.rule == "version-unmet":
            versions.append(finding)
        elif finding.rule in _LIBRARY_RULES and finding.library and not for_musl(finding.library):
            libraries[finding.library.rpartition("/")[2]] = None
        else:
            others.append(finding)
    return Broken(tuple(interpreters), tuple(versions), tuple(libraries), tuple(others))


def for_musl(library: str) -> bool:
    """Whether only what was built for musl asks for this library."""
    return library.startswith(("libc.musl-", "ld-musl-")) or library == "libc.so"


def why_not(found: Broken, steps: StepsOf, lacking: str) -> str:
    """The deciding reason; ``lacking`` is what is said of libraries that are not in the image."""
    first: list[str] = []
    if found.interpreters and "/ld-musl-" in found.interpreters[0]:
        return f"built for musl: no interpreter {found.interpreters[0]}"
    if found.interpreters:
        first.append(f"no interpreter {found.interpreters[0]}")
    if found.versions:
        first.append(_version(found.versions, steps))
    if found.libraries:
        first.append(lacking)
    if not found.versions and found.others:
        first.append(_other(found.others))
    return "; ".join(first[:2])


def _version(findings: Sequence[Finding], steps: StepsOf) -> str:
    """``GLIBC_2.34: pthread_create, dlsym (+3)``: the highest version, for that decides which image will do."""
    by_family: dict[str, dict[str, list[str]]] = {}
    for finding in findings:
        name = finding.version or ""
        needing = by_family.setdefault(name.partition("_")[0], {}).setdefault(name, [])
        for step in steps(finding.needed_by or "").get(name.partition("_")[0], ()):
            if step.version == name:
                needing += step.symbols
    versions = by_family.get("GLIBC") or next(iter(by_family.values()))
    highest = max(versions, key=lambda name: (version_key(name.rpartition("_")[2]), name))
    symbols = sorted(set(versions[highest]))
    if highest == "GLIBC_ABI_DT_RELR":
        return "GLIBC_ABI_DT_RELR: packed relocations, since glibc 2.36"
    return f"{highest}: {some(symbols)}" if symbols else highest


def _other(findings: Sequence[Finding]) -> str:
    finding = next((f for f in findings if f.library and for_musl(f.library)), findings[0])
    alike = {f.symbol or f.library for f in findings if f.rule == finding.rule}
    more = f" (+{len(alike) - 1})" if len(alike) > 1 else ""
    if finding.library and for_musl(finding.library):
        return f"built for musl: {finding.library} is not there"
    if finding.rule == "relr-unsupported":
        return "packed relocations (DT_RELR) crash it without a message"
    if finding.symbol:
        return f"{finding.symbol}: symbol not found{more}"
    if finding.library and finding.rule == "library-off-path":
        return f"{finding.library} lies where the loader does not look{more}"
    if finding.library:
        return f"{finding.library} cannot be used{more}"
    return finding.message


def why_later(judged: Sequence[Judgement]) -> str:
    """What fails when it is used, or differs, in what loads."""
    used = errors(judged, When.USE)
    if used:
        names = sorted({f.symbol or f.library or f.rule for f in used})
        return f"fails when called: {some(names)}"
    counted = [f for item in judged for f in item.findings if f.when is When.RUN and f.severity is not Severity.INFO]
    static = sorted({f.symbol or "" for f in counted if f.rule == "static-glibc"})
    if static:
        return f"static glibc: {some(static)} want files of the glibc it was built with"
    return some(sorted({f.rule for f in counted}), 3)


def opened_by_name(judged: Iterable[Judgement]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Libraries that objects open by name and do not find: those that are not there, and those that may be."""
    told = [
        f for item in judged for f in item.findings if f.rule in _LIBRARY_RULES and f.when is When.USE and f.library
    ]
    counted = [f for f in told if f.severity is not Severity.INFO]
    absent = {f.library or "" for f in counted if not f.unlisted}
    unsure = {f.library or "" for f in counted if f.unlisted}
    return tuple(sorted(absent)), tuple(sorted(unsure - absent))


def lacking(sonames: Sequence[str], known: bool) -> str:
    """What is said of libraries an image does not hold, or may not hold."""
    what = some(sonames)
    if known:
        return f"{what} {are(sonames)} not in the image"
    return f"not known whether {what} {are(sonames)} in the image"


def steps_by_path(objects: Mapping[str, ElfObject]) -> StepsOf:
    """The versions each object needs, found once an object."""
    from muslint.advice.floor import steps

    kept: dict[str, Mapping[str, Sequence[Step]]] = {}

    def of(path: str) -> Mapping[str, Sequence[Step]]:
        if path not in kept:
            kept[path] = steps(objects[path]) if path in objects else {}
        return kept[path]

    return of
