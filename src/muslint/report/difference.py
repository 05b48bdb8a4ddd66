"""What got better and what got worse between two reports."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from muslint.policy.verdict import FailOn, Verdict, fold, shut
from muslint.report.report import Judged, Report
from muslint.rules.finding import Finding, Severity, stem

_T = TypeVar("_T")

_ORDER = (Verdict.RUNS, Verdict.DIFFERS, Verdict.FAILS_ON_USE, Verdict.FAILS)


@dataclass(frozen=True, slots=True)
class Change:
    """One object with another verdict, or one that came or went (then one side is None)."""

    path: str
    old: Verdict | None
    new: Verdict | None

    @property
    def worse(self) -> bool | None:
        """Whether it got worse; None where that cannot be said, as for unknown."""
        if Verdict.UNKNOWN in (self.old, self.new) or self.old is self.new:
            return None
        before = _ORDER.index(self.old) if self.old else 0
        after = _ORDER.index(self.new) if self.new else 0
        return after > before if after != before else None


@dataclass(frozen=True, slots=True)
class Difference:
    """Two reports side by side. Suppressed findings and information count as not there."""

    changes: tuple[Change, ...]
    appeared: tuple[Finding, ...]
    gone: tuple[Finding, ...]
    targets: tuple[str, str]

    def worse(self, fail_on: FailOn) -> bool:
        """Whether a new finding alone would shut the gate."""
        return shut((fold((finding,)) for finding in self.appeared), fail_on)


def difference(old: Report, new: Report) -> Difference:
    """Compare by fingerprint and number; objects by path, and what is left by `stem`."""
    by_place: list[Callable[[Finding], Hashable]] = [lambda f: (f.fingerprint, f.object), lambda f: f.fingerprint]
    _, gone, appeared = _match(_counting(old), _counting(new), by_place)
    return Difference(tuple(_changes(old, new)), tuple(appeared), tuple(gone), (old.target.name, new.target.name))


def _counting(report: Report) -> list[Finding]:
    return [f for j in report.objects for f in j.findings if f.suppressed is None and f.severity is not Severity.INFO]


def _changes(old: Report, new: Report) -> list[Change]:
    names: list[Callable[[Judged], Hashable]] = [
        lambda j: (j.parents, j.path),
        lambda j: j.path,
        lambda j: stem(j.path),
    ]
    pairs, gone, came = _match(old.objects, new.objects, names)
    found = [Change(after.path, before.verdict, after.verdict) for before, after in pairs]
    found += [Change(judged.path, judged.verdict, None) for judged in gone]
    found += [Change(judged.path, None, judged.verdict) for judged in came]
    return sorted((c for c in found if c.old is not c.new), key=lambda c: c.path)


def _match(
    old: Sequence[_T], new: Sequence[_T], names: Sequence[Callable[[_T], Hashable]]
) -> tuple[list[tuple[_T, _T]], list[_T], list[_T]]:
    """Pairs that share a name, those only in ``old``, those only in ``new``; the surest name is tried first."""
    pairs: list[tuple[_T, _T]] = []
    before, after = list(old), list(new)
    for name in names:
        known: dict[Hashable, list[int]] = {}
        for number, item in enumerate(before):
            known.setdefault(name(item), []).append(number)
        matched: set[int] = set()
        rest: list[_T] = []
        for item in after:
            numbers = known.get(name(item))
            if numbers:
                matched.add(numbers[0])
                pairs.append((before[numbers.pop(0)], item))
            else:
                rest.append(item)
        before = [item for number, item in enumerate(before) if number not in matched]
        after = rest
    return pairs, before, after
