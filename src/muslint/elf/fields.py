"""Finding the places in code whose bytes point at one address, by searching for those bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator


def relative(content: bytes, address: int, target: int, *, unit: int, low: int, behind: int) -> Iterator[int]:
    """Places of numbers that tell the distance to ``target`` in ``unit`` bytes; ``content`` stands at ``address``.

    The two bytes from place ``low`` on are the high half of the number's 32 bits, and count from ``behind`` bytes after
    the place. Over a stretch of 64 KiB times ``unit`` that half is the same, so it is searched for as it is.
    """
    span = unit << 16
    end = len(content)
    start = 0
    while start < end:
        distance = target - (address + start + behind)
        high = distance // span
        # The last place that still has this high half: distance >= high * span.
        last = min(end, start + distance - high * span + 1)
        needle = (high & 0xFFFF).to_bytes(2, "little")
        at = content.find(needle, start + low, last + low + 1)
        while at >= 0:
            yield at - low
            at = content.find(needle, at + 1, last + low + 1)
        start = last


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
