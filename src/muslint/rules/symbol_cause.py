"""Why a name is not found: which of the symbol rules a ``symbol not found`` line belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from muslint.elf.object import STT_GNU_IFUNC, ElfObject
from muslint.errors import UnknownLibc
from muslint.hosts import giver
from muslint.libc import triples
from muslint.libc.catalog import VERSIONED_ONLY, newest_alpine, unlisted
from muslint.libc.glibc import PRIVATE, is_glibc, since, version_key
from muslint.libc.groups import family
from muslint.libc.model import lfs64_target
from muslint.libc.musl import alpine, alpine_releases, model, releases
from muslint.loader.assumed import origin
from muslint.loader.bind import HIDDEN
from muslint.loader.target import Message
from muslint.rules.finding import Evidence, Finding, Remedy, Severity, When
from muslint.rules.rule import Case

_RUNTIME = ("GLIBCXX_", "CXXABI_", "GCC_")
_RUNTIME_LIBRARIES = ("libstdc++.so.6", "libgcc_s.so.1")


class Cause(NamedTuple):
    """What is known of one unresolved name."""

    rule: str
    version: str | None
    library: str | None  # the library it was expected from
    severity: Severity
    evidence: tuple[Evidence, ...]
    remedies: tuple[Remedy, ...]


def symbol_findings(case: Case, rule: str) -> Iterator[Finding]:
    """The findings of one symbol rule: each unresolved name whose cause is that rule."""
    for message, when, cause in _causes(case):
        if cause.rule == rule:
            yield Finding(
                rule, cause.severity, when, case.shown(message.object), case.line(message), message.name,
                cause.version, cause.library, evidence=cause.evidence, remedies=cause.remedies,
            )  # fmt: skip


def _causes(case: Case) -> tuple[tuple[Message, When, Cause], ...]:
    """Every unresolved name of a case with its cause, worked out once: five rules share this."""
    if "causes" not in case.kept:
        case.kept["causes"] = tuple(_causes_of(case))
    found: tuple[tuple[Message, When, Cause], ...] = case.kept["causes"]
    return found


def _causes_of(case: Case) -> Iterator[tuple[Message, When, Cause]]:
    deferred = case.link.deferred if case.link is not None else ()
    told = [*((m, When.LOAD) for m in case.messages), *((m, When.USE) for m in deferred)]
    names = [(message, when) for message, when in told if message.kind == "symbol" and not _told(case, message)]
    if names:
        absent, unusable = missing_libraries(case), _unusable(case)
        for message, when in names:
            yield message, when, cause_of(case, message, absent, unusable)


def _told(case: Case, message: Message) -> bool:
    """Whether the version the name is wanted in is told to be missing: glibc never comes to the name then."""
    if case.model.family != "glibc":
        return False
    version = (origin(case.named(message.object), message.name) or ("", ""))[0]
    return any(m.kind == "version" and m.name == version for m in case.messages)


def cause_of(case: Case, message: Message, absent: frozenset[str], unusable: dict[str, Evidence]) -> Cause:
    """Classify one ``symbol not found`` line, given the libraries that are missing and the definitions musl refuses."""
    name, obj = message.name, case.named(message.object)
    version, library = origin(obj, name) or (None, None)
    if name in unusable:
        return Cause("symbol-unresolved", version, library, Severity.ERROR, (unusable[name],), ())
    if _is_runtime(obj, name, version):
        home = library or "libstdc++.so.6"
        if home in absent:
            return _follows(case, version, home)
        return Cause(
            "symbol-runtime", version, home, Severity.ERROR, _runtime_evidence(case, version), _runtime_remedies(case)
        )
    if case.model.family == "glibc":
        return _of_glibc(case, name, version, library, absent)
    if newer := newer_release(name, case.model.arch, case.release, case.model.version):
        remedy = Remedy("target", f"use {newer} or newer, which has {name}", False)
        return Cause("symbol-too-new", version, library, Severity.ERROR, (), (remedy,))
    if is_glibc(name, case.model.arch) or (version or "").startswith("GLIBC_"):
        kin = family(name)
        rule = "symbol-fortify" if kin.id == "fortify" else "symbol-missing"
        return Cause(rule, version, library, Severity.ERROR, (), _family_remedies(case, name))
    return _unknown(case, name, version, library, absent)


def _of_glibc(case: Case, name: str, version: str | None, library: str | None, absent: frozenset[str]) -> Cause:
    """A name that a glibc target lacks: a newer release has it, or it never was glibc's."""
    first = since(name, case.model.arch)
    if first is not None and version_key(first) > version_key(case.model.version):
        remedy = Remedy("target", f"use glibc {first} or newer, which has {name}", first != PRIVATE)
        return Cause("symbol-too-new", version, library, Severity.ERROR, (), (remedy,))
    return _unknown(case, name, version, library, absent)


def _unknown(case: Case, name: str, version: str | None, library: str | None, absent: frozenset[str]) -> Cause:
    host = giver(name)
    likely = sorted(missed for missed in absent if not missed.startswith("ld"))  # glibc's loader gives no such names
    if library in absent or (library is None and likely and not (case.plugin and host is not None)):
        return _follows(case, version, library or " or ".join(likely[:3]))
    if case.plugin and (host is not None or library is None):
        who = (
            host.title
            if host is not None
            else case.host.title
            if case.host is not None
            else "the program that loads it"
        )
        return Cause(
            "symbol-unresolved", version, None, Severity.INFO,
            (Evidence("host", name, f"taken to come from {who}"),), (),
        )  # fmt: skip
    return Cause("symbol-unresolved", version, library, Severity.ERROR, (), ())


def _follows(case: Case, version: str | None, library: str) -> Cause:
    """A name that a missing library would give: an error of its own only where nothing comes from outside."""
    severity = Severity.ERROR if case.source.closed and case.program else Severity.INFO
    why = "may not be there" if unlisted(case.target, library) else "is not found"
    evidence = (Evidence("library", library, f"would come from {library}, which {why}"),)
    return Cause("symbol-unresolved", version, library, severity, evidence, ())


def missing_libraries(case: Case) -> frozenset[str]:
    """Names of the libraries the loader did not find, or could not use."""
    return frozenset(m.name for m in case.messages if m.kind == "library")


def _is_runtime(obj: ElfObject, name: str, version: str | None) -> bool:
    if version is not None:
        return version.startswith(_RUNTIME)
    if name in VERSIONED_ONLY:
        return True
    mine = any(library in obj.needed for library in _RUNTIME_LIBRARIES)
    return (
        mine
        and name.startswith(
            (
                "_ZSt",
                "_ZNSt",
                "_ZNKSt",
                "_ZTISt",
                "_ZTVSt",
                "_ZTVN10__cxxabiv",
                "_Unwind_",
                "__gxx_",
                "_ZS",
                "_ZNS",
                "_ZNKS",
                "__cxa_",
            )
        )
        and not is_glibc(name, obj.arch)
    )


def _runtime_evidence(case: Case, version: str | None) -> tuple[Evidence, ...]:
    from muslint.libc.catalog import cxx_level_of, gcc_of, runtime

    have = runtime(case.release) if case.release else None
    if have is None or version is None:
        return ()
    level = cxx_level_of(version)
    held = {"GLIBCXX": have.glibcxx, "CXXABI": have.cxxabi, "GCC": have.libgcc}.get(level[0]) if level else None
    since = gcc_of(version)
    text = f"needs {version}{f' (GCC {since})' if since else ''}; alpine:{case.release} has {held}, GCC {have.gcc}"
    return (Evidence("version", version, text),) if held else ()


def _runtime_remedies(case: Case) -> tuple[Remedy, ...]:
    if case.model.family == "glibc":
        return (Remedy("rebuild", "rebuild with the target's compiler, or ship a newer libstdc++ and libgcc", False),)
    return (Remedy("rebuild", "rebuild on Alpine, or link with -static-libstdc++ -static-libgcc there", False),)


def _unusable(case: Case) -> dict[str, Evidence]:
    """Names whose definition is in scope but that musl cannot use: an IFUNC, or only a hidden version."""
    found: dict[str, Evidence] = {}
    for mapped in case.link.scope if case.link is not None and case.model.family == "musl" else ():
        if mapped.object is not None:
            for name, why in _refused(mapped.object).items():
                where = case.shown(mapped.path)
                found.setdefault(name, Evidence("definition", where, f"{where} has it {why}"))
    return found


_TYPES = bytes(info & 15 for info in range(256))
_IFUNC = bytes((STT_GNU_IFUNC,))


@cache
def _refused(obj: ElfObject) -> dict[str, str]:
    """Definitions of an object that musl never binds, with the reason; most objects have none."""
    if not (obj.has_hash or obj.has_gnu_hash):
        return {}
    symbols = obj.symbols
    # A program may export half a million names, and is asked about for each change that is tried.
    if _IFUNC not in bytes(symbols.infos).translate(_TYPES) and max(symbols.versyms or (0,)) < HIDDEN:
        return {}
    versyms = symbols.versyms or [0] * len(symbols)
    found = {}
    for index, (info, shndx, versym) in enumerate(zip(symbols.infos, symbols.shndxs, versyms)):
        if shndx and index >= symbols.first_hashed and (info & 15 == STT_GNU_IFUNC or versym >= HIDDEN):
            ifunc = info & 15 == STT_GNU_IFUNC
            found[symbols.names[index]] = (
                "as an IFUNC, which musl's loader does not know"
                if ifunc
                else f"only as the old version {symbols[index].version}, which musl never binds"
            )
    return found


@lru_cache(maxsize=4096)
def newer_release(name: str, arch: str, release: str | None, version: str) -> str | None:
    """The first release of the target's own libc after it that has ``name``; None when none has."""
    from muslint.libc.musl import release_key

    if release is not None:
        order = [r for r in alpine_releases() if r != "edge"]
        later = order[order.index(release) + 1 :] if release in order else []
        if not later or not _resolves(name, arch, newest_alpine(), True):
            return None
        return next((f"alpine:{r}" for r in later if _resolves(name, arch, r, True)), None)
    later = [r for r in releases() if release_key(r) > release_key(version)]
    return next((f"musl {r}" for r in later if _resolves(name, arch, r, False)), None)


def _resolves(name: str, arch: str, release: str, of_alpine: bool) -> bool:
    try:
        libc = alpine(release, arch) if of_alpine else model(release, arch)
    except UnknownLibc:
        return False
    return name in libc.exports or lfs64_target(name, libc.lfs64) in libc.exports


_VAGUE = frozenset({"rebuild", "remove", "none needed", "case by case", "own code", "shim"})


def _family_remedies(case: Case, name: str) -> tuple[Remedy, ...]:
    """What helps with a glibc name: a rebuild, what replaces it in the source, a shim that has it."""
    kin = family(name)
    found = [
        Remedy("rebuild", f"rebuild for musl: on Alpine, or with zig cc -target {triples.zig(case.model.arch)}", True)
    ]
    if kin.source_fix and kin.source_fix not in _VAGUE:
        found.append(Remedy("source", f"{kin.title}: {kin.source_fix}", False))
    # gcompat stands in front of a program it starts; a plugin gets nothing from it.
    if case.release and not case.plugin and name in _gcompat(case.release, case.model.arch):
        found.append(Remedy("package", "apk add gcompat, which has the name", False))
    return tuple(found)


@lru_cache(maxsize=16)
def _gcompat(release: str, arch: str) -> frozenset[str]:
    from muslint.libc.shims import shim

    known = shim("gcompat", release, arch)
    return known.exports if known is not None else frozenset()
