"""A program with text relocations: the kernel maps it read-only, and musl dies writing to it."""

from collections.abc import Iterator

from muslint.rules.finding import Evidence, Finding, Remedy, Severity, When
from muslint.rules.rule import Case, Rule


def find(case: Case) -> Iterator[Finding]:
    """DT_TEXTREL in a program; only mappings musl makes itself become writable (musl ``map_library``)."""
    if case.program and case.object.textrel and case.model.family == "musl":
        path = case.shown(case.path)
        yield Finding(
            RULE.id, Severity.ERROR, When.LOAD, path, f"{path}: dies of SIGSEGV at start, without a message",
            evidence=(Evidence("dynamic", path, "DT_TEXTREL"),),
            remedies=(Remedy("rebuild", "compile every object with -fPIE (or -fPIC)", True),
                      Remedy("start", f"start it as /lib/ld-musl-{case.model.arch}.so.1 {path}", True)),
        )  # fmt: skip


RULE = Rule(
    id="textrel-program",
    title="A program with text relocations",
    severity=Severity.ERROR,
    when=When.LOAD,
    evidence="DT_TEXTREL in an object the kernel starts",
    witness="tests/loader (TEXTREL)",
    order=28,
    find=find,
)
