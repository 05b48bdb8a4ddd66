"""A name that nothing known gives: the host's, a missing library's, or nobody's."""

from collections.abc import Iterator

from muslint.rules.finding import Finding, Severity, When
from muslint.rules.rule import Case, Rule
from muslint.rules.symbol_cause import symbol_findings


def find(case: Case) -> Iterator[Finding]:
    """One finding for each ``symbol not found`` line with this cause (musl ``do_relocs``)."""
    return symbol_findings(case, RULE.id)


RULE = Rule(
    id="symbol-unresolved",
    title="A name that nothing known gives: the host's, a missing library's, or nobody's",
    severity=Severity.INFO,
    when=When.LOAD,
    evidence="no object of the scope and no libc defines it",
    witness="tests/loader (strong missing)",
    order=40,
    find=find,
)
