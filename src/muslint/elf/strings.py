"""The strings of a string table."""

from __future__ import annotations

from collections.abc import Sequence

from muslint.errors import MalformedElf

_LONGEST_TOGETHER = 1 << 29  # bytes of all symbol names
_WINDOW = 2048  # bytes


def strings(table: bytes, offsets: Sequence[int]) -> list[str]:
    """The NUL-terminated strings of a string table at ``offsets``; out of range gives an empty one.

    Bytes that are not UTF-8 come back as surrogates (PEP 383), so that distinct names stay distinct.
    Raises MalformedElf when the strings overlap so much that together they are absurdly long.
    """
    if table[-1:] != b"\0":
        table += b"\0"
    _check_overlap(table, offsets)
    # From an offset beyond the table nothing is found (-1), and a slice from there is empty.
    if table.isascii():
        text = table.decode("ascii")
        end = text.find
        return [text[o : end("\0", o)] for o in offsets]
    scan = table.find
    return [table[o : scan(b"\0", o)].decode("utf-8", "surrogateescape") for o in offsets]


def _check_overlap(table: bytes, offsets: Sequence[int]) -> None:
    """Refuse a table without ends that thousands of symbols point into: a small file would fill the memory."""
    if len(offsets) * len(table) <= _LONGEST_TOGETHER:
        return
    # Where every window holds an end, no string is longer than two windows.
    if len(offsets) * 2 * _WINDOW <= _LONGEST_TOGETHER and all(
        table.find(b"\0", at, at + _WINDOW) >= 0 for at in range(0, len(table) - _WINDOW, _WINDOW)
    ):
        return
    together = 0
    for offset in offsets:
        together += max(table.find(b"\0", offset) - offset, 0)
        if together > _LONGEST_TOGETHER:
            raise MalformedElf("the names of the symbols overlap without end")


def string_at(table: bytes, offset: int, longest: int = 1 << 16) -> str:
    """One string of a string table, as `strings` gives it, without a pass over the whole table.

    Raises MalformedElf when it has no end within ``longest`` bytes.
    """
    if offset >= len(table):
        return ""
    end = table.find(b"\0", offset, offset + longest)
    if end < 0:
        end = len(table)
        if end - offset > longest:
            raise MalformedElf(f"a string of over {longest} bytes")
    return table[offset:end].decode("utf-8", "surrogateescape")
