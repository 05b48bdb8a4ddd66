"""Relocation tables as bytes, decoded when asked for.

The loader asks two things of a table: which (type, symbol) pairs it holds, in order of first
occurrence, and whether there are any at all. Both come from one strided column of ``r_info``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from muslint.elf.columns import column
from muslint.elf.header import Layout
from muslint.elf.object import Relocation
from muslint.elf.pieces import Buffer, Piece


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

    def _offsets(self) -> list[int]:
        layout = self._layout
        return column(self._whole(), layout.word, 0, self._words, layout.order == "<")

    def _whole(self) -> Buffer:
        return self._piece.content[: len(self) * self._words * self._layout.word_size]

    def _infos(self) -> tuple[bytes, int, bytes]:
        """All ``r_info`` as stored: one that stands at the head of the table, how many times, and the others.

        Linkers put the entries without a symbol first (DT_RELACOUNT), which are most of all and all alike.
        """
        code, size = self._layout.word, self._layout.word_size
        infos = memoryview(self._whole()).cast("B").cast(code)[1 :: self._words].tobytes()
        first = run = infos[:size]
        at = 0
        while run and infos.startswith(run, at):  # ever longer runs, then ever shorter ones
            at += len(run)
            run += run
        while len(run) > size:
            run = run[: len(run) // 2]
            if infos.startswith(run, at):
                at += len(run)
        return (first, at // size, infos[at:]) if at > size else (first, 0, infos)

    def _numbers(self, infos: bytes) -> list[int]:
        return column(infos, self._layout.word, 0, 1, self._layout.order == "<")

    def _split(self, infos: bytes) -> list[tuple[int, int]]:
        layout = self._layout
        little = layout.order == "<"
        if layout.word_size == 4:
            return [(info & 0xFF, info >> 8) for info in self._numbers(infos)]
        if self._packed and little:
            return [(_swapped(info >> 32) & 0x7FFFFFFF, info & 0xFFFFFFFF) for info in self._numbers(infos)]
        return list(zip(*self._halves(infos)))

    def _halves(self, infos: bytes) -> tuple[Sequence[int], list[int]]:
        """Types and symbol indexes of 64-bit ``r_info`` (musl ``R_TYPE``, ``R_SYM``)."""
        little = self._layout.order == "<"
        low, high = (0, 1) if little else (1, 0)
        start = 0 if little else 7  # of the lowest byte of the type; types over 255 are seldom
        types: Sequence[int] = infos[start::8]
        step = 1 if little else -1
        if any(infos[start + step * byte :: 8] != bytes(len(types)) for byte in (1, 2, 3)):
            types = [kind & 0x7FFFFFFF for kind in column(infos, "I", low, 2, little)]
        return types, column(infos, "I", high, 2, little)

    def __iter__(self) -> Iterator[Relocation]:
        return (
            Relocation(offset, kind, symbol) for offset, (kind, symbol) in zip(self._offsets(), self.all_references())
        )

    def references(self) -> Sequence[tuple[int, int]]:
        """Distinct ``(type, symbol index)`` pairs in the order they first occur."""
        first, alike, infos = self._infos()
        return list(dict.fromkeys(self._split(first + infos if alike else infos)))

    def all_references(self) -> Sequence[tuple[int, int]]:
        """Every ``(type, symbol index)`` pair in file order, repeats included."""
        first, alike, infos = self._infos()
        return self._split(first) * alike + self._split(infos)

    def columns(self) -> tuple[Sequence[int], Sequence[int]]:
        """Types, and symbol indexes, in file order; of like entries at the head of the table only the first."""
        first, alike, infos = self._infos()
        if alike:
            infos = first + infos
        layout = self._layout
        if layout.word_size == 8 and not (self._packed and layout.order == "<"):
            return self._halves(infos)
        pairs = self._split(infos)
        return [kind for kind, _ in pairs], [symbol for _, symbol in pairs]


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

    def all_references(self) -> Sequence[tuple[int, int]]:
        """As `references`: each symbol has one GOT slot."""
        return self.references()

    def columns(self) -> tuple[Sequence[int], Sequence[int]]:
        """The same as two columns."""
        return [self.JUMP_SLOT] * self._count, range(self._first, self._first + self._count)


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
