"""Why a needed library does not load: which of the library rules a line belongs to."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from muslint.libc.catalog import newest_alpine
from muslint.libc.sonames import provider, successors
from muslint.loader.target import Message
from muslint.rules.finding import Evidence, Finding, Remedy, Severity, When
from muslint.rules.rule import Case

_NOT_HERE = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ENAMETOOLONG, 0)


def library_findings(case: Case, rule: str) -> Iterator[Finding]:
    """The findings of one library rule."""
    for message in case.messages:
        if message.kind == "library" and rule_of(case, message) == rule:
            yield Finding(
                rule, Severity.ERROR, When.LOAD, case.shown(message.object), case.line(message),
                library=message.name, needed_by=case.shown(message.object),
                evidence=_evidence(case, message), remedies=_remedies(case, message, rule),
            )  # fmt: skip


def rule_of(case: Case, message: Message) -> str:
    """The rule of one ``Error loading shared library`` line."""
    if message.number not in _NOT_HERE:
        return "library-unusable"
    return "library-off-path" if case.basenames.get(message.name.rpartition("/")[2]) else "library-missing"


def _evidence(case: Case, message: Message) -> tuple[Evidence, ...]:
    found = [
        Evidence("file", case.shown(p), "lies where musl does not look") for p in case.basenames.get(message.name, ())
    ]
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
        return (Remedy("path", f"set an rpath (patchelf --set-rpath), or LD_LIBRARY_PATH={where}", True),)
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
    release = case.release or newest_alpine()
    row = provider(name, release)
    if row is not None and row.package is not None and row.package != "musl":
        return (Remedy("package", f"apk add {row.package}", True),)
    if name.startswith(("ld-linux", "ld64.so")):
        return (
            Remedy("package", "apk add gcompat puts a file of that name there; a rebuild for musl needs none", False),
        )
    others = successors(name, release)
    if others:
        names = ", ".join(f"{other.soname} ({other.package})" for other in others[:3])
        return (Remedy("rebuild", f"alpine:{release} has no {name}; it has {names}: rebuild against that", False),)
    return (
        Remedy("bundle", f"no Alpine package known to muslint has {name}: ship the library with the program", False),
    )
