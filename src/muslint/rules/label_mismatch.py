"""A package says one C library or architecture, and its files are another's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from muslint.elf.object import Kind
from muslint.rules.finding import Evidence, Finding, Remedy, Severity, When
from muslint.rules.rule import Case, Rule
from muslint.sources.labels.label import Claim

_LIBCS = ("glibc", "musl", "bionic")  # what a file can show it was built for
_Fact = tuple[str, str, str, Kind]
"""Path in the source, architecture, what it was built for, kind."""


def broken(claims: Sequence[Claim], facts: Iterable[_Fact]) -> dict[str, tuple[Claim, ...]]:
    """Path → the claims its file breaks.

    A claim about every library is broken by each that is another's; any other only where no file it speaks of
    agrees: a release for one architecture may carry files of several.
    """
    facts = list(facts)
    found: dict[str, list[Claim]] = {}
    for claim in claims:
        concerned = [fact for fact in facts if claim.concerns(fact[0])]
        for tells in (_arch_lies, _libc_lies):
            lying = [fact for fact in concerned if tells(claim, fact)]
            agrees = any(not tells(claim, fact) and _shows(tells, fact) for fact in concerned)
            for path, _, _, kind in lying:
                known = found.setdefault(path, [])
                if ((claim.each and kind is Kind.SHARED_LIBRARY) or not agrees) and claim not in known:
                    known.append(claim)
    return {path: tuple(lies) for path, lies in found.items() if lies}


def _arch_lies(claim: Claim, fact: _Fact) -> bool:
    return bool(claim.arches) and fact[1] not in claim.arches


def _libc_lies(claim: Claim, fact: _Fact) -> bool:
    return bool(claim.libcs) and fact[2] in _LIBCS and fact[2] not in claim.libcs


def _shows(tells: object, fact: _Fact) -> bool:
    """Whether a file can agree at all: one that needs no C library says nothing of it."""
    return tells is _arch_lies or fact[2] in _LIBCS


def find(case: Case) -> Iterator[Finding]:
    """One finding for each label that the object belies."""
    for claim in case.belied:
        said = []
        if claim.arches and case.object.arch not in claim.arches:
            said.append(f"it is an {case.object.arch} file")
        if claim.libcs and case.built_for in _LIBCS and case.built_for not in claim.libcs:
            said.append(f"it is built for {case.built_for}")
        if not said:
            continue
        yield Finding(
            RULE.id, Severity.ERROR, When.LOAD, case.shown(case.path),
            f"{case.shown(case.path)}: labelled {claim.text}, but {' and '.join(said)}",
            library=claim.text,
            evidence=(Evidence("label", claim.where, claim.text),),
            remedies=(Remedy("label", "build it for what the label says, or label it as what it is: "
                                      "a package manager chooses by the label", True),),
        )  # fmt: skip


RULE = Rule(
    id="label-mismatch",
    title="The package says one C library or architecture, its files another",
    severity=Severity.ERROR,
    when=When.LOAD,
    evidence="a tag, a name or a metadata field against the ELF file itself",
    witness="tests/unit/rules/test_label_mismatch.py",
    order=5,
    find=find,
)
