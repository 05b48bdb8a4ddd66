"""Packed relative relocations on a loader that ignores them: it says nothing, and the program crashes."""

from collections.abc import Iterator

from muslint.rules.finding import Evidence, Finding, Remedy, Severity, When
from muslint.rules.rule import Case, Rule


def find(case: Case) -> Iterator[Finding]:
    """An object of the scope has DT_RELR, and the loader is older than upstream 1.2.4 without the back-port."""
    if case.link is None:
        return
    for message in case.messages:
        if message.kind == "relr":
            yield Finding(
                RULE.id, Severity.ERROR, When.LOAD, case.shown(message.object), case.line(message),
                remedies=(Remedy("rebuild", "link with -Wl,-z,pack-relative-relocs, which adds the mark", True),),
            )  # fmt: skip
    if case.model.relr:
        return
    libc = case.model.family
    newer = "glibc 2.36 or newer" if libc == "glibc" else "musl 1.2.4 or newer, or Alpine 3.17 or newer"
    for mapped in case.link.scope:
        if mapped.object is not None and mapped.object.relr_words:
            where = case.shown(mapped.path)
            yield Finding(
                RULE.id, Severity.ERROR, When.LOAD, where,
                f"{where}: DT_RELR is ignored by {libc} {case.model.version}: it crashes without a message",
                evidence=(Evidence("dynamic", where, f"{mapped.object.relr_words} words in DT_RELR"),),
                remedies=(
                    Remedy("rebuild", "link with -Wl,-z,nopack-relative-relocs", True),
                    Remedy("target", f"use {newer}", True),
                ),
            )  # fmt: skip


RULE = Rule(
    id="relr-unsupported",
    title="DT_RELR on a loader that ignores it",
    severity=Severity.ERROR,
    when=When.LOAD,
    evidence="the DT_RELR table and the loader's release",
    witness="tests/loader (RELR)",
    order=26,
    find=find,
)
