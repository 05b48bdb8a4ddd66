"""Finding the places in code whose bytes point at some addresses, by searching for those bytes."""

from __future__ import annotations

import re
import struct
from collections.abc import Container, Iterator, Sequence
from functools import lru_cache
from itertools import repeat
from operator import add
from typing import NamedTuple

_WINDOW = 1 << 18
"""Bytes searched at once for distances to places far apart."""
_HALVES = 8
"""High halves that are told apart."""
_FEW = 2
"""Spans of 64 KB below which places are near each other."""

Pairs = list[tuple[int, int]]
"""(place, address it points at)."""
Spans = Sequence[tuple[int, int]]
"""(first address, last address), sorted."""


class Lead(NamedTuple):
    """What stands right before a distance: an operation, or the end of one."""

    last: bytes
    """The bytes that may stand right before it."""
    first: int | None = None
    """The byte before that one; None where one byte is all."""

    @property
    def size(self) -> int:
        """Bytes of it."""
        return 1 if self.first is None else 2

    @property
    def pattern(self) -> bytes:
        """A pattern of it, which begins with a byte where it can: that is searched for quickest."""
        last = re.escape(self.last) if len(self.last) == 1 else b"[" + re.escape(self.last) + b"]"
        return last if self.first is None else re.escape(bytes((self.first,))) + last


def distances(
    content: bytes, address: int, leads: tuple[Lead, ...], first: int, last: int, only: Container[int] | None = None
) -> Iterator[Pairs]:
    """Places of ``leads`` with a 32-bit distance behind them, counted from its own end, to addresses from ``first`` to
    ``last``, or to ``only`` some of these, part by part. ``content`` stands at ``address``.

    A lead is a frequent byte. Where the addresses are not far apart the high half of the distance is searched for in
    its place, in that part of the code in which it may have that value. Only 0 and -1 are frequent too.
    """
    wanted: Container[int] = range(first, last + 1) if only is None else only
    for start, end, low, high in _parts(address, len(content), first, last):
        if low == high not in (0, -1):
            found = [_by_half(content, address, leads, start, end, low, wanted)]
        else:
            found = [_by_lead(content, address, lead, start, end, low, high, wanted) for lead in leads]
        yield from filter(None, found)


def _parts(address: int, size: int, first: int, last: int) -> Iterator[tuple[int, int, int, int]]:
    """Where the high half of a distance may begin, from and up to, and its lowest and highest value there."""
    lowest, highest = first - address - size - 1 >> 16, last - address - 2 >> 16
    if last - first >> 16 >= _FEW:
        for start in range(0, size, _WINDOW):
            yield start, min(start + _WINDOW, size), lowest, highest
        return
    for half in range(highest, lowest - 1, -1):
        start = max(first - address - (half + 1 << 16) - 1, 0)
        end = min(last - address - (half << 16) - 1, size)
        if start < end:
            yield start, end, half, half


def _by_lead(
    content: bytes, address: int, lead: Lead, start: int, end: int, low: int, high: int, wanted: Container[int]
) -> Pairs:
    pattern = _led(lead.pattern, low, high)
    found = list(pattern.finditer(content, max(start - 2 - lead.size, 0), end + 1))
    if not found:
        return []
    places = [hit.start() + address for hit in found]
    numbers = struct.unpack(f"<{len(found)}i", b"".join([hit[1] for hit in found]))
    targets = map(add, map(add, places, repeat(lead.size + 4)), numbers)
    return [pair for pair in zip(places, targets) if pair[1] in wanted]


def _by_half(
    content: bytes, address: int, leads: tuple[Lead, ...], start: int, end: int, half: int, wanted: Container[int]
) -> Pairs:
    """The high half is searched for alone, for it is rare; then it is seen whether a lead stands before it."""
    found: Pairs = []
    ways, origin = _ways(leads), address + 2 + (half << 16)  # a distance counts from behind its high half
    for hit in _half(half & 0xFFFF).finditer(content, max(start, 3), end + 1):
        at = hit.start()
        if way := ways[content[at - 3]]:
            target = origin + at + content[at - 2] + (content[at - 1] << 8)
            if target in wanted:
                for first in way:
                    if first is None:
                        found.append((address + at - 3, target))
                    elif at > 3 and content[at - 4] == first:
                        found.append((address + at - 4, target))
    return found


def numbers(content: bytes, first: int, last: int) -> Iterator[int]:
    """Places of the 32-bit numbers from ``first`` to ``last``, little-endian, which are not far apart."""
    for half in range(first >> 16, (last >> 16) + 1):
        for hit in _half(half & 0xFFFF).finditer(content):
            at = hit.start() - 2
            if at >= 0 and first <= (half << 16 | int.from_bytes(content[at : at + 2], "little")) <= last:
                yield at


def addresses(content: bytes, before: tuple[bytes, ...], spans: Spans) -> Iterator[Pairs]:
    """Places of the 32-bit addresses near some spans that one of the patterns ``before`` stands in front of, with the
    address.

    The highest byte is searched for: most spans have the same, and in code it is a rare one.
    """
    halves: dict[int, set[int]] = {}
    for first, last in spans:
        for half in range(first >> 16, (last >> 16) + 1):
            halves.setdefault(half >> 8 & 0xFF, set()).add(half & 0xFF)
    for high, lows in halves.items():
        top, low = re.escape(bytes((high,))), _one_of(lows)
        ahead = b"|".join(b"(?<=%s....)" % pattern for pattern in before)
        ends = [hit.end() for hit in re.finditer(top + b"(?<=%s%s)(?:%s)" % (low, top, ahead), content, re.S)]
        yield [(end - 4, int.from_bytes(content[end - 4 : end], "little")) for end in ends]


@lru_cache(1024)
def _led(lead: bytes, low: int, high: int) -> re.Pattern[bytes]:
    """A lead with a number behind it whose high half is from ``low`` to ``high``; where these differ much, only the
    highest byte is looked at."""
    if high - low >= _HALVES:
        low, high = low & -256, high | 255
    return re.compile(lead + b"(?=(.." + high_bytes(low << 16, high << 16) + b"))", re.S)


@lru_cache(16)
def _ways(leads: tuple[Lead, ...]) -> tuple[tuple[int | None, ...], ...]:
    """By the byte right before a distance: which bytes before that one make it a lead, None where any does."""
    return tuple(tuple(lead.first for lead in leads if byte in lead.last) for byte in range(256))


@lru_cache(4096)
def _half(half: int) -> re.Pattern[bytes]:
    """The two bytes of a half. Of two equal ones a match takes one, for the next place may begin with the other."""
    low, high = (re.escape(bytes((byte,))) for byte in half.to_bytes(2, "little"))
    return re.compile(low + (b"(?=%s)" % high if low == high else high), re.S)


def high_bytes(first: int, last: int) -> bytes:
    """A pattern for the two high bytes of a little-endian number of 32 bits from ``first`` to ``last``."""
    halves = range(first >> 16, min(last >> 16, (first >> 16) + 0xFFFF) + 1)
    return _one_of({half & 0xFF for half in halves}) + _one_of({half >> 8 & 0xFF for half in halves})


def _one_of(values: set[int]) -> bytes:
    if len(values) == 256:
        return b"."
    return b"[" + b"".join(re.escape(bytes((value,))) for value in sorted(values)) + b"]"
