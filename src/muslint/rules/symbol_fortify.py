"""A _FORTIFY_SOURCE wrapper of glibc that musl lacks."""

from collections.abc import Iterator

from muslint.rules.finding import Finding, Severity, When
from muslint.rules.rule import Case, Rule
from muslint.rules.symbol_cause import symbol_findings


def find(case: Case) -> Iterator[Finding]:
    """One finding for each ``symbol not found`` line with this cause (musl ``do_relocs``)."""
    return symbol_findings(case, RULE.id)


RULE = Rule(
    id="symbol-fortify",
    title="A _FORTIFY_SOURCE wrapper of glibc that musl lacks",
    severity=Severity.ERROR,
    when=When.LOAD,
    evidence="a relocation refers to it and no object of the scope defines it",
    witness="tests/loader (strong missing)",
    order=31,
    find=find,
)
