"""The two hash tables a loader finds symbols by: DT_HASH (gABI "Hash Table") and DT_GNU_HASH."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, repeat
from operator import mul

from muslint.elf.columns import column
from muslint.elf.header import Layout
from muslint.elf.pieces import Piece


def sysv_chain(names: Sequence[str], name: str, buckets: Sequence[int], chains: Sequence[int]) -> list[int]:
    """Indexes of the entries called ``name`` in the order musl's ``sysv_lookup`` meets them.

    A SysV chain is a linked list; one that loops ends where it meets itself.
    """
    found: list[int] = []
    if not buckets:
        return found
    index = buckets[_sysv_hash(name) % len(buckets)]
    seen: set[int] = set()
    while 0 < index < min(len(chains), len(names)) and index not in seen:
        seen.add(index)
        if names[index] == name:
            found.append(index)
        index = chains[index]
    return found


def _sysv_hash(name: str) -> int:
    h = 0
    for byte in name.encode("utf-8", "surrogateescape"):
        h = (h << 4) + byte
        h ^= (h >> 24) & 0xF0
        h &= 0x0FFFFFFF
    return h


_POWERS = tuple(accumulate(repeat(33, 1024), lambda power, by: power * by & 0xFFFFFFFF, initial=1))[::-1]


@lru_cache(maxsize=1 << 14)
def gnu_hash(name: str) -> int:
    """The hash of DT_GNU_HASH: ``h * 33 + byte`` from 5381 on, 32 bits (musl ``gnu_hash``)."""
    octets = name.encode("utf-8", "surrogateescape")
    h = 5381
    for at in range(0, len(octets), 1024):
        part = octets[at : at + 1024]
        h = (h * _POWERS[-1 - len(part)] + sum(map(mul, part, _POWERS[-len(part) :]))) & 0xFFFFFFFF
    return h


def _holds(content: bytes, number: int, order: str) -> bool:
    """Whether one of the 32-bit numbers in ``content`` is ``number``, the lowest bit left out."""
    for last in (number & ~1, number | 1):
        pattern = struct.pack(order + "I", last)
        at = content.find(pattern)
        while at >= 0:
            if at % 4 == 0:
                return True
            at = content.find(pattern, at + 1)
    return False


class GnuHash:
    """What is kept of DT_GNU_HASH: its filter, and the hashes of the symbols it holds."""

    __slots__ = ("_bloom", "_first", "_hashes", "_layout", "_shift", "_words")

    def __init__(self, layout: Layout, first: int, bloom: bytes, shift: int, hashes: Piece) -> None:
        """``bloom`` are the words of the filter, ``hashes`` those of the symbols from index ``first`` on."""
        self._layout, self._first, self._bloom, self._shift, self._hashes = layout, first, bloom, shift, hashes
        self._words: Sequence[int] | None = None

    def forget(self) -> None:
        """Drop what can be read again."""
        self._hashes.forget()

    def possible(self, names: Iterable[str]) -> list[str]:
        """Those of ``names`` whose hash is in the table.

        Most of the others the Bloom filter rules out (musl ``gnu_lookup_filtered``), the rest the hashes.
        """
        passed = self._passed(names)
        if not passed:
            return []
        content, order = bytes(self._hashes.content), self._layout.order
        return [name for name in passed if _holds(content, gnu_hash(name), order)]

    def _passed(self, names: Iterable[str]) -> list[str]:
        layout, shift, words = self._layout, self._shift, self._words
        if words is None:
            words = self._words = column(self._bloom, layout.word, 0, 1, layout.order == "<")
        if not words or len(words) & len(words) - 1:
            return list(names)  # no power of two: not a filter
        last, bits = len(words) - 1, 8 * layout.word_size
        return [
            name
            for name in names
            if (word := words[(number := gnu_hash(name)) // bits & last]) >> number % bits
            & word >> (number >> shift) % bits
            & 1
        ]

    def may_share(self, indexes: Sequence[int]) -> bool:
        """Whether a hash of one of the symbols ``indexes`` stands in the table for another symbol too.

        The lowest bit of an entry is no part of the hash: it marks the last one of a chain.
        """
        hashes = column(self._hashes.content, "I", 0, 1, self._layout.order == "<")
        wanted = {hashes[index - self._first] for index in indexes}
        wanted |= {number ^ 1 for number in wanted}
        return sum(map(wanted.__contains__, hashes)) > len(indexes)
