"""The strings of a string table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from muslint.elf.pieces import Buffer
from muslint.errors import MalformedElf

_LONGEST_TOGETHER = 1 << 29  # bytes of all symbol names
_LONG_TOGETHER = 1 << 24  # bytes of names that need not be checked first
_WINDOW, _NARROWEST = 2048, 256  # bytes
_SHORT = 256  # bytes: nearly every name is shorter
_APART = 1024  # bytes of a table for each name wanted: with more, names are taken one by one


def strings(table: Buffer, offsets: Sequence[int]) -> list[str]:
    """The NUL-terminated strings of a string table at ``offsets``; out of range gives an empty one.

    Bytes that are not UTF-8 come back as surrogates (PEP 383), so that distinct names stay distinct.
    Raises MalformedElf when the strings overlap so much that together they are absurdly long.
    """
    if len(offsets) * _APART < len(table):
        with suppress(MalformedElf):
            return list(_one_by_one(table, offsets))
    if len(offsets) * len(table) > _LONGEST_TOGETHER:
        _check_overlap(bytes(table) + b"\0", offsets)
    # From an offset beyond the table nothing is found (-1), and a slice from there is empty.
    try:
        text = str(table, "ascii")
    except UnicodeDecodeError:
        octets = bytes(table) + b"\0"
        scan, size = octets.find, len(octets)  # compiled by mypyc, a slice of bytes must not end before it starts
        return [octets[o : scan(b"\0", o) if o < size else o].decode("utf-8", "surrogateescape") for o in offsets]
    if text[-1:] != "\0":
        text += "\0"
    end = text.find
    return [text[o : end("\0", o)] for o in offsets]


def _one_by_one(table: Buffer, offsets: Sequence[int]) -> Iterator[str]:
    left = _LONG_TOGETHER
    for offset in offsets:
        found = string_at(table, offset, left)
        left -= len(found)
        yield found


def _check_overlap(table: bytes, offsets: Sequence[int]) -> None:
    """Refuse a table without ends that thousands of symbols point into: a small file would fill the memory."""
    # Where every window holds an end, no string is longer than two windows.
    window = min(_LONGEST_TOGETHER // (2 * len(offsets)), _WINDOW)
    if window >= _NARROWEST and all(
        table.find(b"\0", at, at + window) >= 0 for at in range(0, len(table) - window, window)
    ):
        return
    together = 0
    for offset in offsets:
        together += max(table.find(b"\0", offset) - offset, 0)
        if together > _LONGEST_TOGETHER:
            raise MalformedElf("the names of the symbols overlap without end")


def string_at(table: Buffer, offset: int, longest: int = 1 << 16) -> str:
    """One string of a string table, as `strings` gives it, without a pass over the whole table.

    Raises MalformedElf when it has no end within ``longest`` bytes.
    """
    size = _SHORT
    while True:
        octets, end, _ = bytes(table[offset : offset + min(size, longest)]).partition(b"\0")
        if end:
            break
        if len(octets) < size:
            if len(table) - offset > longest:
                raise MalformedElf(f"a string of over {longest} bytes")
            break
        size *= 8
    return octets.decode("utf-8", "surrogateescape")
