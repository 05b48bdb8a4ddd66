"""A symbol version that an object requires is not defined by the library it is required of (glibc)."""

from collections.abc import Iterator

from muslint.libc.catalog import gcc_of
from muslint.rules.finding import Evidence, Finding, Remedy, Severity, When
from muslint.rules.rule import Case, Rule


def find(case: Case) -> Iterator[Finding]:
    """One finding for each ``version `V' not found`` line (glibc ``_dl_check_map_versions``): nothing starts."""
    for message in case.messages:
        if message.kind == "version":
            where = case.shown(message.object)
            yield Finding(
                RULE.id, Severity.ERROR, When.LOAD, where, case.line(message), version=message.name,
                library=message.reference, needed_by=where, evidence=_evidence(case, where, message.name),
                remedies=_remedies(message.name),
            )  # fmt: skip


def _evidence(case: Case, where: str, version: str) -> tuple[Evidence, ...]:
    family, _, number = version.partition("_")
    if family == "GLIBC":
        return (Evidence("version", where, f"needs {version}; {case.target} has glibc {case.model.version}"),)
    since = gcc_of(number) if family == "GLIBCXX" else None
    return (Evidence("version", where, f"needs {version}{f' (GCC {since})' if since else ''}"),)


def _remedies(version: str) -> tuple[Remedy, ...]:
    family, _, number = version.partition("_")
    if family == "GLIBC" and number[:1].isdigit():
        return (
            Remedy("target", f"use an image with glibc {number} or newer", True),
            Remedy("rebuild", f"build where glibc is older than {number}: a manylinux image, or zig cc", True),
        )
    if family in ("GLIBCXX", "CXXABI", "GCC"):
        return (
            Remedy("rebuild", "build with the target's compiler, or link with -static-libstdc++ -static-libgcc", True),
        )
    return (Remedy("bundle", "ship the library it was linked with", False),)


RULE = Rule(
    id="version-unmet",
    title="A required symbol version that the target lacks",
    severity=Severity.ERROR,
    when=When.LOAD,
    evidence="DT_VERNEED of the object and the versions the library defines",
    witness="tests/loader_glibc (version_not_found)",
    order=24,
    find=find,
)
