"""Finding the places in code whose bytes point at some addresses, by searching for those bytes."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from functools import lru_cache
from itertools import repeat
from operator import add

_WINDOW = 1 << 18
"""Bytes searched at once: over these the high half of a distance has few values, so it is searched for as it is."""

Pairs = list[tuple[int, int]]
"""(place, address it points at)."""


def distances(content: bytes, address: int, lead: bytes, first: int, last: int) -> Iterator[Pairs]:
    """Places of 32-bit distances, counted from their own ends, to addresses from ``first`` to ``last``, by window.

    ``content`` stands at ``address``. ``lead`` is a pattern of the byte, or the two, that stand right before such a
    number; it must not be able to overlap itself.
    """
    size = len(content)
    for start in range(0, size, _WINDOW):
        end = min(start + _WINDOW, size)
        pattern = _pattern(lead, first - address - end - 8 >> 16, last - address - start >> 16)
        found = list(pattern.finditer(content, start, min(end + 5, size)))
        if not found:
            continue
        places = [hit.end() + address for hit in found]
        numbers = struct.unpack(f"<{len(found)}i", b"".join([hit[1] for hit in found]))
        targets = map(add, map(add, places, repeat(4)), numbers)
        yield [(place, target) for place, target in zip(places, targets) if first <= target <= last]


@lru_cache(1024)
def _pattern(lead: bytes, low: int, high: int) -> re.Pattern[bytes]:
    """A lead with a number behind it whose high half is from ``low`` to ``high``."""
    return re.compile(lead + b"(?=(.." + high_bytes(low << 16, high << 16) + b"))", re.S)


def high_bytes(first: int, last: int) -> bytes:
    """A pattern for the two high bytes of a little-endian number of 32 bits from ``first`` to ``last``."""
    halves = range(first >> 16, (last >> 16) + 1)
    if len(halves) > 1 << 10:
        return b".."
    return _one_of({half & 0xFF for half in halves}) + _one_of({half >> 8 & 0xFF for half in halves})


def _one_of(values: set[int]) -> bytes:
    if len(values) == 256:
        return b"."
    return b"[" + b"".join(re.escape(bytes((value,))) for value in sorted(values)) + b"]"
