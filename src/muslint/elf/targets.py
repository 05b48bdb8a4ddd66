"""What code points at, kept so that it can be asked for often: packed, for large code has hundreds of thousands."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from muslint.elf.fields import Pairs
from muslint.elf.image import MAX_RANGE

_PLACE = MAX_RANGE.bit_length()
"""Bits of a place, counted from the start of its segment."""
WIDEST = 1 << 63 - _PLACE
"""Bytes over which targets may be spread."""
_TOGETHER = 1 << 15
"""Pairs that are sorted at once."""


class Targets:
    """The places in one segment of code that point at something, by what they point at: 8 bytes for each."""

    __slots__ = ("_first", "_parts", "_start")

    def __init__(self, found: Iterable[Pairs], start: int, first: int) -> None:
        """``found`` holds (place, target); no place lies before ``start``, no target before ``first`` or `WIDEST`
        behind it."""
        self._start, self._first = start, first
        self._parts: list[array[int]] = []
        waiting: list[int] = []
        for pairs in found:
            waiting += [target - first << _PLACE | place - start for place, target in pairs]
            if len(waiting) >= _TOGETHER:
                self._parts.append(array("Q", sorted(waiting)))
                waiting = []
        self._parts.append(array("Q", sorted(waiting)))

    def between(self, first: int, last: int) -> Iterator[int]:
        """The places that point at an address from ``first`` to ``last``."""
        low, high = max(first - self._first, 0) << _PLACE, max(last + 1 - self._first, 0) << _PLACE
        for part in self._parts:
            at, end = bisect_left(part, low), bisect_left(part, high)
            yield from (self._start + (packed & (1 << _PLACE) - 1) for packed in part[at:end])
