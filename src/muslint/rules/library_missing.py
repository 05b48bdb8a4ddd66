"""A needed library is nowhere on the target."""

from collections.abc import Iterator

from muslint.rules.finding import Finding, Severity, When
from muslint.rules.library_cause import library_findings
from muslint.rules.rule import Case, Rule


def find(case: Case) -> Iterator[Finding]:
    """One finding for each such ``Error loading shared library`` line (musl ``load_library``)."""
    return library_findings(case, RULE.id)


RULE = Rule(
    id="library-missing",
    title="A needed library is nowhere on the target",
    severity=Severity.ERROR,
    when=When.LOAD,
    evidence="the search musl makes for the name, path by path",
    witness="tests/loader (search)",
    order=20,
    find=find,
)
