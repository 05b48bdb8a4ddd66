"""Relocation tables as bytes, decoded when asked for.

The loader asks two things of a table: which (type, symbol) pairs it holds, in order of first
occurrence, and whether there are any at all. Both come from one strided column of ``r_info``.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence

from muslint.elf.header import Layout
from muslint.elf.object import Relocation
from muslint.elf.pieces import Piece
from muslint.elf.symbols import column

_HIGH = 1 if sys.byteorder == "little" else 0  # place of the high half of a 64-bit number


class RawRelocations:
    """A `RelocationTable` over the bytes of DT_JMPREL, DT_REL or DT_RELA.

    ``words`` is 2 (REL) or 3 (RELA); ``packed`` marks mips64, whose ``r_info`` holds three types
    (musl ``arch/mips64/reloc.h``).
    """

    __slots__ = ("_layout", "_packed", "_piece", "_words", "table")

    def __init__(self, table: str, data: bytes | Piece, layout: Layout, words: int, packed: bool) -> None:
        self.table, self._piece = table, data if isinstance(data, Piece) else Piece(data)
        self._layout, self._words, self._packed = layout, words, packed

    def __len__(self) -> int:
        return self._piece.size // (self._words * self._layout.word_size)

    def forget(self) -> None:
        """Drop the bytes; a later question reads them again."""
        self._piece.forget()

    def _whole(self) -> bytes:
        return self._piece.content[: len(self) * self._words * self._layout.word_size]

    def _column(self, item: int) -> list[int]:
        return column(self._whole(), self._layout.word, item, self._words, self._layout.order == "<")

    def _split(self, infos: Iterable[int]) -> list[tuple[int, int]]:
        if self._layout.word_size == 4:
            return [(info & 0xFF, info >> 8) for info in infos]
        if self._packed and self._layout.order == "<":
            return [(_swapped(info >> 32) & 0x7FFFFFFF, info & 0xFFFFFFFF) for info in infos]
        halves = memoryview(array("Q", infos)).cast("B").cast("I").tolist()
        return _pairs(halves[1 - _HIGH :: 2], halves[_HIGH::2])

    def __iter__(self) -> Iterator[Relocation]:
        return (
            Relocation(offset, kind, symbol)
            for offset, (kind, symbol) in zip(self._column(0), self._split(self._column(1)))
        )

    def references(self) -> Sequence[tuple[int, int]]:
        """Distinct ``(type, symbol index)`` pairs in the order they first occur."""
        return self._split(dict.fromkeys(self._column(1)))

    def all_references(self) -> Iterator[tuple[int, int]]:
        """Every ``(type, symbol index)`` pair in file order, repeats included."""
        if self._layout.word_size == 4 or self._packed:
            return iter(self._split(self._column(1)))
        little, table = self._layout.order == "<", self._whole()
        low, high = (2, 3) if little else (3, 2)  # the halves of r_info among the 32-bit words of an entry
        words = 2 * self._words
        return iter(_pairs(column(table, "I", low, words, little), column(table, "I", high, words, little)))


def _pairs(types: list[int], symbols: list[int]) -> list[tuple[int, int]]:
    if max(set(types), default=0) > 0x7FFFFFFF:
        types = [kind & 0x7FFFFFFF for kind in types]
    return list(zip(types, symbols))


def _swapped(number: int) -> int:
    return int.from_bytes(number.to_bytes(4, "little"), "big")


class MipsGot:
    """The global part of a MIPS GOT, which has no relocation records.

    musl's ``do_mips_relocs`` looks up every symbol from DT_MIPS_GOTSYM up to DT_MIPS_SYMTABNO
    as if each had an R_MIPS_JUMP_SLOT.
    """

    JUMP_SLOT = 127
    __slots__ = ("_base", "_count", "_first", "_word_size", "table")

    def __init__(self, first: int, count: int, base: int, word_size: int) -> None:
        self.table = "MIPS_GOT"
        self._first, self._count, self._base, self._word_size = first, max(count - first, 0), base, word_size

    def __len__(self) -> int:
        return self._count

    def forget(self) -> None:
        """It holds no bytes."""

    def __iter__(self) -> Iterator[Relocation]:
        size = self._word_size
        return (Relocation(self._base + i * size, self.JUMP_SLOT, self._first + i) for i in range(self._count))

    def references(self) -> Sequence[tuple[int, int]]:
        """The pairs ``(R_MIPS_JUMP_SLOT, symbol index)``."""
        return [(self.JUMP_SLOT, self._first + i) for i in range(self._count)]

    def all_references(self) -> Iterator[tuple[int, int]]:
        """As `references`: each symbol has one GOT slot."""
        return iter(self.references())


def relr_addresses(words: Sequence[int], word_size: int) -> Iterator[int]:
    """The addresses a DT_RELR table stands for (gABI "Relative Relocation Table").

    An even word is an address; an odd one is a bitmap over the words that follow the last address.
    """
    where = 0
    bits = 8 * word_size - 1
    for word in words:
        if word & 1 == 0:
            yield word
            where = word + word_size
        else:
            for i in range(bits):
                if word >> (i + 1) & 1:
                    yield where + i * word_size
            where += bits * word_size
