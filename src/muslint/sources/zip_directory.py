"""How many members the directory of a zip archive names, told without keeping any: `zipfile` keeps all of them.

Layout: APPNOTE 4.3.12 (central directory), 4.3.14 and 4.3.15 (Zip64 end record and its locator), 4.3.16 (end record).
"""

from __future__ import annotations

import struct

from muslint.elf.object import Readable
from muslint.sources.bytes import CHUNK

TAIL = 22 + 0xFFFF
"""Bytes in which the end record lies."""

_ENTRY = 46  # bytes of an entry without name, extra field and comment


def names_more_than(data: Readable, count: int) -> bool:
    """Whether the directory has more than ``count`` entries. Nearly always its size alone says no."""
    start, size = _place(data)
    if size <= count * _ENTRY:
        return False
    at, seen, piece, base = start, 0, b"", start
    while at + _ENTRY <= start + size:
        if at + _ENTRY > base + len(piece):
            base, piece = at, data.at(at, CHUNK)
        offset = at - base
        if piece[offset : offset + 4] != b"PK\1\2" or offset + _ENTRY > len(piece):
            return False
        at += _ENTRY + sum(struct.unpack_from("<3H", piece, offset + 28))
        seen += 1
        if seen > count:
            return True
    return False


def _place(data: Readable) -> tuple[int, int]:
    """Where the directory begins and how many bytes it has; (0, 0) where no end record says it."""
    first = max(0, data.size - TAIL)
    tail = data.at(first, TAIL)
    end = tail.rfind(b"PK\5\6")
    if not 0 <= end <= len(tail) - 22:
        return 0, 0
    size: int = struct.unpack_from("<I", tail, end + 12)[0]
    place = first + end
    # The Zip64 record lies right before its locator; what the locator says is off by what is in front of the archive.
    if data.at(place - 20, 4) == b"PK\6\7":
        record = data.at(place - 20 - 56, 56)
        if record[:4] != b"PK\6\6":
            return 0, 0
        size, place = struct.unpack_from("<Q", record, 40)[0], place - 20 - 56
    return (place - size, size) if size <= place else (0, 0)
