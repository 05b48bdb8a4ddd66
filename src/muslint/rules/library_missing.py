"""A needed library is nowhere on the target."""

from collections.abc import Iterator

from muslint.rules.finding import Finding, Severity, When
from muslint.rules.library_cause import library_findings, package_remedy, unknown
from muslint.rules.opened_by_name import missing
from muslint.rules.rule import Case, Rule


def find(case: Case) -> Iterator[Finding]:
    """One finding for each such ``Error loading shared library`` line (musl ``load_library``, ``dlopen``)."""
    yield from library_findings(case, RULE.id)
    for wanted in missing(case):
        name = wanted.names[0]
        line = "Error loading shared library {}: No such file or directory"
        if case.model.family == "glibc":
            line = "{}: cannot open shared object file: No such file or directory"  # what dlerror gives
        unsure = unknown(case, name)
        yield Finding(
            RULE.id, wanted.severity, When.USE, case.shown(case.path), line.format(name), library=name,
            confidence="likely" if unsure and wanted.confidence == "certain" else wanted.confidence,
            evidence=(wanted.evidence, *unsure), remedies=package_remedy(case, name),
        )  # fmt: skip


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
