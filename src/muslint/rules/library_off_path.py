"""A needed library is in the source, but where musl does not look."""

from collections.abc import Iterator

from muslint.rules.finding import Finding, Severity, When
from muslint.rules.library_cause import library_findings
from muslint.rules.rule import Case, Rule


def find(case: Case) -> Iterator[Finding]:
    """One finding for each such ``Error loading shared library`` line (musl ``load_library``)."""
    return library_findings(case, RULE.id)


RULE = Rule(
    id="library-off-path",
    title="A needed library is in the source, but where musl does not look",
    severity=Severity.ERROR,
    when=When.LOAD,
    evidence="the file, and the search that misses it",
    witness="tests/loader (search)",
    order=21,
    find=find,
)
