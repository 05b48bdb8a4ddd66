"""Rows of a table that say the same, where there are many."""

from __future__ import annotations

from collections import Counter

from muslint.policy.verdict import Verdict

Row = tuple[str, Verdict, str]
"""Path, verdict, the first thing that breaks."""

_MANY, _EACH = 40, 3


def folded(rows: list[Row]) -> list[Row]:
    """The rows of more than a screen: of those with the same verdict and reason the first few, and how many follow."""
    if len(rows) <= _MANY:
        return rows
    every = Counter((verdict, why) for _, verdict, why in rows)
    seen: Counter[tuple[Verdict, str]] = Counter()
    found: list[Row] = []
    for path, verdict, why in rows:
        seen[verdict, why] += 1
        left = every[verdict, why] - _EACH
        if seen[verdict, why] <= _EACH or left == 1:
            found.append((path, verdict, why))
        elif seen[verdict, why] == _EACH + 1:
            found.append(("…", verdict, f"({left} more) {why}"))
    return found
