"""The findings of one object, held as what they differ in: a plugin asks its host for hundreds of names."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, overload

from muslint.rules.finding import Evidence, Finding

_END = "\0"
"""Stands between symbols: names of ELF files have none."""


class Alike(NamedTuple):
    """What findings share that differ in nothing but the symbol, which their message and their evidence name too."""

    first: Finding
    message: tuple[str, ...]  # what stands before the symbol and behind it; the whole where it does not name it
    marks: tuple[bool, ...] = ()  # which evidence has the symbol for its place

    def of(self, symbol: str) -> Finding:
        """The finding about another symbol; "" gives the first, whatever its symbol is."""
        first = self.first
        if not symbol:
            return first
        evidence = first.evidence
        if True in self.marks:
            placed = zip(evidence, self.marks)
            evidence = tuple([Evidence(one.kind, symbol, one.text) if mark else one for one, mark in placed])
        return Finding(
            first.rule, first.severity, first.when, first.object, symbol.join(self.message), symbol, first.version,
            first.library, first.needed_by, first.relocation, first.confidence, evidence, first.remedies,
            first.suppressed,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Findings(Sequence[Finding]):
    """Findings in the order of a report; each is made when it is asked for. See `together`."""

    kinds: tuple[Alike, ...] = ()
    numbers: bytes = b""  # of each finding the index of its kind, as an unsigned number of 32 bits
    symbols: str = ""  # of each finding, with `_END` between them

    def __iter__(self) -> Iterator[Finding]:
        kinds = self.kinds
        numbers = memoryview(self.numbers).cast("I")
        return (kinds[number].of(symbol) for number, symbol in zip(numbers, self.symbols.split(_END)))

    def __len__(self) -> int:
        return len(self.numbers) // array("I").itemsize

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Finding, ...]: ...
    def __getitem__(self, index: int | slice) -> Finding | tuple[Finding, ...]:
        return tuple(self)[index]


def together(findings: Iterable[Finding]) -> Findings:
    """The same findings in the same order; iterating gives values equal to these."""
    known: dict[tuple[object, ...], int] = {}
    kinds: list[Alike] = []
    numbers = array("I")
    symbols: list[str] = []
    for finding in findings:
        symbol = finding.symbol or ""
        whole = not symbol or _END in symbol
        message, marks = _parted(finding, symbol) if not whole else ((finding.message,), ())
        evidence: Sequence[object] = finding.evidence
        if True in marks:
            evidence = tuple([(one.kind, one.text) if mark else one for one, mark in zip(finding.evidence, marks)])
        key = (
            finding.rule, finding.severity, finding.when, finding.object, message, finding.symbol if whole else True,
            finding.version, finding.library, finding.needed_by, finding.relocation, finding.confidence, evidence,
            marks, finding.remedies, finding.suppressed,
        )  # fmt: skip
        number = known.get(key)
        if number is None:
            number = known[key] = len(kinds)
            kinds.append(Alike(finding, message, marks))
        numbers.append(number)
        symbols.append("" if whole else symbol)
    return Findings(tuple(kinds), numbers.tobytes(), _END.join(symbols))


def _parted(finding: Finding, symbol: str) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    """The message without the symbol, and which evidence has it for its place."""
    before, named, after = finding.message.rpartition(symbol)
    marks = tuple([one.where == symbol for one in finding.evidence])
    return (before, after) if named else (finding.message,), marks
