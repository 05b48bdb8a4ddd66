"""Why a needed library does not load: which of the library rules a line belongs to."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from muslint.libc.catalog import newest_alpine, unlisted
from muslint.libc.sonames import provider, successors, within
from muslint.loader.target import Message
from muslint.rules.finding import UNLISTED, Evidence, Finding, Remedy, Severity, When
from muslint.rules.rule import Case

_NOT_HERE = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ENAMETOOLONG, 0)


def library_findings(case: Case, rule: str) -> Iterator[Finding]:
    """The findings of one library rule."""
    for message in case.messages:
        if message.kind == "library" and rule_of(case, message) == rule:
            unsure = unknown(case, message.name) if rule == "library-missing" else ()
            yield Finding(
                rule, Severity.ERROR, When.LOAD, case.shown(message.object), case.line(message),
                library=message.name, needed_by=case.shown(message.object),
                confidence="likely" if unsure else "certain", evidence=(*_evidence(case, message), *unsure),
                remedies=_remedies(case, message, rule),
            )  # fmt: skip


def rule_of(case: Case, message: Message) -> str:
    """The rule of one ``Error loading shared library`` line."""
    if message.number not in _NOT_HERE or _refused(case, message):
        return "library-unusable"
    return "library-off-path" if case.basenames.get(message.name.rpartition("/")[2]) else "library-missing"


def _refused(case: Case, message: Message) -> bool:
    """Whether glibc found a file and would not have it: its line then says what is wrong with it."""
    return case.model.family == "glibc" and "cannot open shared object file" not in message.text


def unknown(case: Case, library: str) -> tuple[Evidence, ...]:
    """The evidence that a library which was not found may be on the target all the same; none where it is not there."""
    if case.model.family != "glibc" or "/" in library or not unlisted(case.target, library):
        return ()
    return (Evidence(UNLISTED, case.target, f"no table lists what {case.target} holds: it may be there"),)


def _evidence(case: Case, message: Message) -> tuple[Evidence, ...]:
    text = f"lies where {case.model.family} does not look"
    found = [Evidence("file", case.shown(p), text) for p in case.basenames.get(message.name, ())]
    for search in case.link.searches if case.link is not None else ():
        if search.name == message.name and search.needed_by == message.object:
            tried = ", ".join(case.shown(attempt.path) for attempt in search.attempts)
            return (
                *found,
                Evidence("search", case.shown(message.object), f"tried {tried}" if tried else "nothing was searched"),
            )
    return tuple(found)


def _remedies(case: Case, message: Message, rule: str) -> tuple[Remedy, ...]:
    if rule == "library-off-path":
        where = case.shown(case.basenames[message.name.rpartition("/")[2]][0]).rpartition("/")[0] or "/"
        rpath = Remedy("path", f"set an rpath (patchelf --set-rpath), or LD_LIBRARY_PATH={where}", True)
        if case.model.family != "glibc":
            return (rpath,)
        text = f"name {where} in /etc/ld.so.conf and run ldconfig: the loader reads ld.so.cache alone, never that file"
        return (rpath, Remedy("path", text, True))
    if case.model.family == "glibc":
        return _glibc_remedies(message, rule)
    if rule == "library-unusable":
        return (
            Remedy(
                "path",
                "remove the file, or put one of the right kind before it: musl takes the first that opens",
                False,
            ),
        )
    return package_remedy(case, message.name)


def package_remedy(case: Case, name: str) -> tuple[Remedy, ...]:
    """Where a library that is nowhere can come from."""
    if case.model.family == "glibc":
        return (_shipped(name),)
    release = case.release or newest_alpine()
    row = (case.sonames.provider if case.sonames else provider)(name, release)
    if row is not None and row.package is not None and row.package != "musl":
        return (Remedy("package", f"apk add {row.package}", True),)
    if name.startswith(("ld-linux", "ld64.so")):
        return (
            Remedy("package", "apk add gcompat puts a file of that name there; a rebuild for musl needs none", False),
        )
    if (row := within(name, release)) is not None:
        return (
            Remedy(
                "replace",
                f"{row.soname} has the functions of {name} there: apk add {row.package}, then muslint fix"
                f" --replace-needed {name}={row.soname}",
                False,
            ),
        )
    others = (case.sonames.successors if case.sonames else successors)(name, release)
    if others:
        names = ", ".join(f"{other.soname} ({other.package})" for other in others[:3])
        return (Remedy("rebuild", f"alpine:{release} has no {name}; it has {names}: rebuild against that", False),)
    return (
        Remedy("bundle", f"no Alpine package known to muslint has {name}: ship the library with the program", False),
    )


def _glibc_remedies(message: Message, rule: str) -> tuple[Remedy, ...]:
    if rule == "library-unusable":
        return (Remedy("path", "remove the file, or put one of the right kind before it", False),)
    if message.name.startswith(("libc.musl-", "ld-musl-")) or message.name == "libc.so":
        return (Remedy("rebuild", "it was built for musl: rebuild it for glibc", True),)
    return (_shipped(message.name),)


def _shipped(name: str) -> Remedy:
    return Remedy("bundle", f"install the package that has {name}, or ship it with the program", False)
