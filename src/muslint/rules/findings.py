"""The findings of one object, held as what they differ in: a plugin asks its host for hundreds of names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, overload

from muslint.rules.finding import Finding


class Alike(NamedTuple):
    """Findings in a row that differ in nothing but the symbol, which their message and their evidence name too."""

    first: Finding
    before: str  # of the message: what stands before the symbol, and behind it
    after: str
    symbols: tuple[str, ...]  # of the others

    def of(self, symbol: str) -> Finding:
        """The finding about another symbol."""
        evidence = self.first.evidence
        if evidence:
            own = self.first.symbol
            evidence = tuple([one._replace(where=symbol) if one.where == own else one for one in evidence])
        return replace(self.first, symbol=symbol, message=f"{self.before}{symbol}{self.after}", evidence=evidence)


@dataclass(frozen=True, slots=True)
class Findings(Sequence[Finding]):
    """Findings in the order of a report; each is made when it is asked for. See `together`."""

    rows: tuple[Alike, ...] = ()

    def __iter__(self) -> Iterator[Finding]:
        for row in self.rows:
            yield row.first
            yield from map(row.of, row.symbols)

    def __len__(self) -> int:
        return sum(1 + len(row.symbols) for row in self.rows)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Finding, ...]: ...
    def __getitem__(self, index: int | slice) -> Finding | tuple[Finding, ...]:
        return tuple(self)[index]


def together(findings: Iterable[Finding]) -> Findings:
    """The same findings in the same order; iterating gives values equal to these."""
    rows: list[Alike] = []
    symbols: list[str] = []
    for finding in findings:
        if rows and finding.symbol and rows[-1].first.symbol and rows[-1].of(finding.symbol) == finding:
            symbols.append(finding.symbol)
            continue
        if symbols:
            rows[-1] = rows[-1]._replace(symbols=tuple(symbols))
            symbols = []
        before, _, after = finding.message.rpartition(finding.symbol or "\0")
        rows.append(Alike(finding, before, after, ()))
    if symbols:
        rows[-1] = rows[-1]._replace(symbols=tuple(symbols))
    return Findings(tuple(rows))
