"""Relocation tables as bytes, decoded when asked for.

The loader asks two things of a table: which types there are, and which entries have a symbol that some other object
must give. Both are told for all entries at once: each byte of ``r_info`` is a column, and one or two say all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import compress

from muslint.elf.columns import column, either
from muslint.elf.header import Layout
from muslint.elf.object import Pair, Relocation
from muslint.elf.pieces import Buffer, Piece

_INFO = {
    (8, True): ((0, 1, 2, 3), (4, 5, 6, 7)),
    (8, False): ((7, 6, 5, 4), (3, 2, 1, 0)),
    (4, True): ((0,), (1, 2, 3)),
    (4, False): ((3,), (2, 1, 0)),
}
"""(bytes of a word, little-endian) → where in ``r_info`` the bytes of the type lie and those of the symbol's index,
the lowest first."""
_MIPS64_LITTLE = ((7, 6, 5, 4), (0, 1, 2, 3))
"""The same where the index stands first, and then three types, a byte each (musl ``arch/mips64/reloc.h``)."""
_EQUAL = tuple(bytes(wanted) + b"\xff" + bytes(255 - wanted) for wanted in range(256))
"""By a byte: the table of `bytes.translate` that makes 255 of this byte and 0 of any other."""
_MANY = 64  # bytes
_MOST_PAGES = 8  # of 256 symbols; with more, they are looked up one by one

Odd = Callable[[int], bool]
"""Whether a relocation type is of interest whatever its symbol."""


def picked(pairs: Sequence[Pair], marks: bytes, odd: Odd) -> tuple[set[int], list[Pair]]:
    """What `RelocationTable.picked` gives for ``pairs``."""
    kinds = {kind for kind, _ in pairs}
    kept = {kind for kind in kinds if odd(kind)}
    count = len(marks)
    found = [(kind, at) for kind, at in pairs if kind in kept or (kind and at < count and marks[at])]
    return kinds, found


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

    def _whole(self) -> Buffer:
        return self._piece.content[: len(self) * self._words * self._layout.word_size]

    def _offsets(self) -> list[int]:
        layout = self._layout
        return column(self._whole(), layout.word, 0, self._words, layout.order == "<")

    def reach(self) -> tuple[int, int] | None:
        """See `RelocationTable.reach`."""
        table, layout = self._whole(), self._layout
        size, little = layout.word_size, layout.order == "<"
        entry = self._words * size
        start = max(len(self) - 1, 0)
        if self.table != "JMPREL":
            start = self._repeats(self._infos()) if table else 0
        nothing = not bytes(table[size : 2 * size]).strip(b"\0")  # the first is of type 0, with no symbol
        offsets = column(table[(start + nothing) * entry :], layout.word, 0, self._words, little)
        if start and not nothing:
            offsets += column(table[:size], layout.word, 0, 1, little)
        return (min(offsets), max(offsets)) if offsets else None

    def _infos(self) -> bytes:
        """All ``r_info`` as stored."""
        layout = self._layout
        return memoryview(self._whole()).cast(layout.word)[1 :: self._words].tobytes()

    def _columns(self, infos: bytes, places: Sequence[int]) -> list[bytes]:
        """The bytes of all numbers whose bytes lie at ``places`` of ``infos``, without columns of zeros at the end."""
        size = self._layout.word_size
        none, found = bytes(len(infos) // size), [infos[places[0] :: size]]
        for at in places[:0:-1]:
            octets = infos[at::size]
            if len(found) > 1 or octets != none:
                found.insert(1, octets)
        return found

    @property
    def _places(self) -> tuple[Sequence[int], Sequence[int]]:
        size, little = self._layout.word_size, self._layout.order == "<"
        return _MIPS64_LITTLE if self._packed and little else _INFO[size, little]

    def _distinct(self) -> bytes:
        """All ``r_info``, of like ones at the head of the table only the last.

        Linkers put the entries without a symbol first (DT_RELACOUNT), which are most of all and all alike.
        """
        infos = self._infos()
        return infos[self._repeats(infos) * self._layout.word_size :]

    def _repeats(self, infos: bytes) -> int:
        """How many entries at the head of the table are like the one behind them."""
        size = self._layout.word_size
        first = infos[:size]
        if not infos.startswith(first, size):
            return 0
        low = infos[::size] if self._layout.order == "<" else infos[size - 1 :: size]
        run = len(low) - len(low.lstrip(low[:1]))
        while not infos.startswith(first * run):
            run //= 2
        return run - 1

    def __iter__(self) -> Iterator[Relocation]:
        return (
            Relocation(offset, kind, symbol) for offset, (kind, symbol) in zip(self._offsets(), self.all_references())
        )

    def references(self) -> Sequence[Pair]:
        """Distinct ``(type, symbol index)`` pairs in the order they first occur."""
        return list(dict.fromkeys(self._pairs(self._distinct())))

    def all_references(self) -> Sequence[Pair]:
        """Every ``(type, symbol index)`` pair in file order, repeats included."""
        infos = self._infos()
        repeats = self._repeats(infos)
        others = list(self._pairs(infos[repeats * self._layout.word_size :]))
        return others[:1] * repeats + others

    def _pairs(self, infos: bytes) -> Iterator[Pair]:
        kind, symbol = self._places
        return zip(_types(self._columns(infos, kind)), _numbers(self._columns(infos, symbol)))

    def picked(self, marks: bytes, odd: Odd) -> tuple[set[int], list[Pair]]:
        """See `RelocationTable.picked`."""
        infos = self._distinct()
        kind, symbol = self._places
        types = _types(self._columns(infos, kind))
        every = _different(types)
        kept = {kind for kind in every if odd(kind)}
        if not marks and not kept:
            return every, []
        symbols = self._columns(infos, symbol)
        if 0 in every or len(symbols) > 2:
            return picked(list(zip(types, _numbers(symbols))), marks, odd)
        answers = _answers(symbols, marks)
        if kept:
            answers = either(answers, bytes(map(kept.__contains__, types)))
        indexes = _numbers([bytes(compress(octets, answers)) for octets in symbols])
        return every, list(zip(compress(types, answers), indexes))


def _different(numbers: Sequence[int]) -> set[int]:
    """Each of ``numbers`` once: of many bytes one after the other is taken out of all."""
    found = set[int]()
    if isinstance(numbers, bytes):
        while len(numbers) > _MANY:
            found.add(numbers[0])
            numbers = numbers.translate(None, numbers[:1])
    return found.union(numbers)


def _types(columns: list[bytes]) -> Sequence[int]:
    """The numbers of types; the highest of 32 bits is no part of one (musl ``R_TYPE``)."""
    numbers = _numbers(columns)
    return [number & 0x7FFFFFFF for number in numbers] if len(columns) == 4 else numbers


def _numbers(columns: list[bytes]) -> Sequence[int]:
    """The numbers whose bytes are ``columns``, the lowest first."""
    if len(columns) == 1:
        return columns[0]
    size = 2 if len(columns) == 2 else 4
    mixed = bytearray(size * len(columns[0]))
    for at, octets in enumerate(columns):
        mixed[at::size] = octets
    return column(bytes(mixed), "H" if size == 2 else "I", 0, 1, True)


def _answers(symbols: list[bytes], marks: bytes) -> bytes:
    """The mark of each symbol index of one or two bytes; 0 for an index that has none."""
    low = symbols[0]
    if len(symbols) == 1:
        return low.translate(marks[:256].ljust(256, b"\0"))
    found, pages, at = 0, 0, marks.find(1)
    while at >= 0:
        at, pages = at & ~255, pages + 1
        if pages > _MOST_PAGES:
            return bytes(map(marks.ljust(1 << 16, b"\0").__getitem__, _numbers(symbols)))
        here = symbols[1].translate(_EQUAL[at >> 8])
        found |= _as_number(here) & _as_number(low.translate(marks[at : at + 256].ljust(256, b"\0")))
        at = marks.find(1, at + 256)
    return found.to_bytes(len(low), "little")


def _as_number(octets: bytes) -> int:
    return int.from_bytes(octets, "little")


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

    def reach(self) -> tuple[int, int] | None:
        """See `RelocationTable.reach`."""
        return (self._base, self._base + (self._count - 1) * self._word_size) if self._count else None

    def picked(self, marks: bytes, odd: Odd) -> tuple[set[int], list[Pair]]:
        """See `RelocationTable.picked`."""
        return picked(self.references(), marks, odd)


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
