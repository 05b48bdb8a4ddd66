"""A newer release of the target's own libc has the name."""

from collections.abc import Iterator

from muslint.rules.finding import Finding, Severity, When
from muslint.rules.rule import Case, Rule
from muslint.rules.symbol_cause import symbol_findings


def find(case: Case) -> Iterator[Finding]:
    """One finding for each ``symbol not found`` line with this cause (musl ``do_relocs``)."""
    return symbol_findings(case, RULE.id)


RULE = Rule(
    id="symbol-too-new",
    title="A newer release of the target's own libc has the name",
    severity=Severity.ERROR,
    when=When.LOAD,
    evidence="the tables of later releases have it",
    witness="tests/loader (by release)",
    order=32,
    find=find,
)
