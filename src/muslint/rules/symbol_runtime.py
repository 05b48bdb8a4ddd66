"""A C++ or GCC runtime name that the target's libstdc++ or libgcc lacks."""

from collections.abc import Iterator

from muslint.rules.finding import Finding, Severity, When
from muslint.rules.rule import Case, Rule
from muslint.rules.symbol_cause import symbol_findings


def find(case: Case) -> Iterator[Finding]:
    """One finding for each ``symbol not found`` line with this cause (musl ``do_relocs``)."""
    return symbol_findings(case, RULE.id)


RULE = Rule(
    id="symbol-runtime",
    title="A C++ or GCC runtime name that the target's libstdc++ or libgcc lacks",
    severity=Severity.ERROR,
    when=When.LOAD,
    evidence="the version the reference asks for, or the library's own exports",
    witness="tests/acceptance",
    order=33,
    find=find,
)
