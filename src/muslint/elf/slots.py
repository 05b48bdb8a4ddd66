"""Which words of memory the loader fills with the addresses of which imports: the GOT, and tables of pointers."""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_left
from collections.abc import Collection, Container, Hashable, Iterator, Mapping
from functools import cached_property
from typing import Literal, TypeVar

from muslint.elf import object as elf
from muslint.elf.columns import column
from muslint.elf.image import Image
from muslint.elf.machine import EM_386, EM_AARCH64, EM_ARM, EM_RISCV, EM_X86_64

T = TypeVar("T", bound=Hashable)
_FEW = 4  # addresses that are searched for one by one
DT_RELACOUNT, DT_RELCOUNT = 0x6FFFFFF9, 0x6FFFFFFA
_BY_SYMBOL = {
    EM_X86_64: (1, 6, 7),  # R_X86_64_64, GLOB_DAT, JUMP_SLOT
    EM_386: (1, 6, 7),  # R_386_32, GLOB_DAT, JMP_SLOT
    EM_AARCH64: (257, 1025, 1026),  # R_AARCH64_ABS64, GLOB_DAT, JUMP_SLOT
    EM_ARM: (2, 21, 22),  # R_ARM_ABS32, GLOB_DAT, JUMP_SLOT
    EM_RISCV: (1, 2, 5),  # R_RISCV_32, 64, JUMP_SLOT
}
"""Relocation types that store a symbol's address (the psABI of each machine)."""
_RELATIVE = {EM_X86_64: 8, EM_386: 8, EM_AARCH64: 1027, EM_ARM: 23, EM_RISCV: 3}
MACHINES = frozenset(_BY_SYMBOL)
"""Machines whose slots are known."""


class Slots:
    """The relocated words of one object."""

    def __init__(self, image: Image) -> None:
        self._image, self._machine = image, image.object.ident.machine
        self._wide = image.word_size == 8
        self._order = "<" if image.little else ">"
        self._native = image.little == (sys.byteorder == "little")
        self._relative = _RELATIVE.get(self._machine)

    def _tables(self) -> Iterator[tuple[bytes, int]]:
        """(content, bytes an entry) of DT_RELA and DT_REL; DT_JMPREL last."""
        tag, word = self._image.object.tag, self._image.word_size
        jump_words = 3 if tag(elf.DT_PLTREL) == elf.DT_RELA else 2
        for start, size, words in (
            (elf.DT_RELA, elf.DT_RELASZ, 3), (elf.DT_REL, elf.DT_RELSZ, 2),
            (elf.DT_JMPREL, elf.DT_PLTRELSZ, jump_words),
        ):  # fmt: skip
            address, length = tag(start), tag(size) or 0
            if address is not None and length:
                yield self._image.at(address, length) or b"", words * word

    @cached_property
    def _found(self) -> list[tuple[bytes, int]]:
        return list(self._tables())

    @cached_property
    def imports(self) -> dict[int, str]:
        """Address of a slot → the undefined symbol whose address the loader stores there."""
        symbols = self._image.object.symbols
        shndxs, infos = symbols.shndxs, symbols.infos
        wanted = [
            index for index, (shndx, info) in enumerate(zip(shndxs, infos)) if not shndx and info & 15 in (0, 2, 10)
        ]
        names = dict(zip(wanted, symbols.names_of(wanted)))
        kinds = _BY_SYMBOL.get(self._machine, ())
        return {
            place: names[index] for place, kind, index in self._symbolic() if index in names and kind in kinds
        }  # fmt: skip

    @cached_property
    def named(self) -> dict[str, frozenset[int]]:
        """Undefined symbol → its slots."""
        return inverted(self.imports)

    def kept(self, names: Container[str]) -> dict[int, str]:
        """Words of tables, not of the GOT, that hold the address of some imported functions or objects; whose."""
        kind = _BY_SYMBOL.get(self._machine, (0,))[0]
        symbols = self._image.object.symbols
        every = enumerate(symbols.names_of(range(len(symbols))))
        wanted = {index: name for index, name in every if name in names}
        places = {place: wanted[index] for place, found, index in self._symbolic() if found == kind and index in wanted}
        values = symbols.values
        for index, name in wanted.items():
            if values[index]:  # a program's own copy of an object, or its stub of a function
                places.update((place, name) for place in self.holding(values[index]))
        return places

    def holding(self, address: int) -> Iterator[int]:
        """The words of constant or initialised memory that hold an address of this object."""
        word = struct.Struct(self._order + ("Q" if self._wide else "I"))
        wanted = word.pack(address & (1 << 8 * word.size) - 1)
        for part in self._image.data():
            found = _found(part.content, wanted, word.size, -part.address, part.start, part.end)
            yield from (part.address + at for at in found)
        for table, size in self._found:
            for at in _found(table, wanted, size, 2 * word.size) if size == 3 * word.size else ():
                place, info = word.unpack_from(table, at - 2 * word.size)[0], word.unpack_from(table, at - word.size)[0]
                if info & (0xFFFFFFFF if self._wide else 0xFF) == self._relative:
                    yield place

    def holding_any(self, addresses: Collection[int]) -> Iterator[int]:
        """As `holding`, for some addresses at once."""
        if len(addresses) <= _FEW or not self._native:
            yield from (place for address in addresses for place in self.holding(address))
            return
        wanted, word = frozenset(addresses), self._image.word_size
        code: Literal["Q", "I"] = "Q" if self._wide else "I"
        for part in self._image.data():
            first = part.start + (-(part.address + part.start)) % word
            words = memoryview(part.content)[first : part.end - (part.end - first) % word].cast(code)
            yield from (part.address + first + word * at for at, held in enumerate(words) if held in wanted)
        for table, size in self._found:
            if size == 3 * word:
                words = memoryview(table)[: len(table) // size * size].cast(code)
                infos = words[1::3]
                for at, addend in enumerate(words[2::3]):
                    if addend in wanted and infos[at] & (0xFFFFFFFF if self._wide else 0xFF) == self._relative:
                        yield words[3 * at]

    @cached_property
    def jumps(self) -> frozenset[int]:
        """The slots of DT_JMPREL: those that only a PLT stub reads."""
        start, size = self._image.object.tag(elf.DT_JMPREL), self._image.object.tag(elf.DT_PLTRELSZ)
        if start is None or not size:
            return frozenset()
        table, entry = self._found[-1]
        return frozenset(place for place, _ in self._rows(table, entry, 0))

    def _symbolic(self) -> Iterator[tuple[int, int, int]]:
        """(slot, type, symbol index) of every relocation but the relative ones, which lead the tables."""
        tag = self._image.object.tag
        counts = [tag(count) or 0 for count in (DT_RELACOUNT, DT_RELCOUNT)]
        for number, (table, size) in enumerate(self._found):
            relative = counts[size == 2 * self._image.word_size] if number == 0 else 0
            for place, info in self._rows(table, size, relative * size):
                yield (place, info & 0xFFFFFFFF, info >> 32) if self._wide else (place, info & 0xFF, info >> 8)

    def _rows(self, table: bytes, size: int, start: int) -> Iterator[tuple[int, int]]:
        """(r_offset, r_info) of every entry."""
        word = "Q" if self._wide else "I"
        skipped = size - 2 * self._image.word_size
        return struct.iter_unpack(f"{self._order}{word}{word}{skipped}x", table[start : len(table) // size * size])

    def relative(self, most: int) -> frozenset[int]:
        """What the relative relocations put into memory; nothing where there are more than ``most`` relocations, or
        where they leave it to the words themselves (REL)."""
        wide = 3 * self._image.word_size
        tables = [(table, size) for table, size in self._found if size == wide]
        if sum(len(table) // size for table, size in tables) > most:
            return frozenset()
        row = struct.Struct(self._order + ("QQQ" if self._wide else "III"))
        kind, mask = self._relative, 0xFFFFFFFF if self._wide else 0xFF
        return frozenset(
            addend
            for table, size in tables
            for _, info, addend in row.iter_unpack(table[: len(table) // size * size])
            if info & mask == kind
        )

    def pointer(self, address: int) -> int | None:
        """What the word at ``address`` holds once the loader has done its relative relocations; None for a symbol's."""
        if address in self.imports:
            return None
        word = struct.Struct(self._order + ("Q" if self._wide else "I"))
        for (table, size), (places, rows) in zip(self._found, self._sorted):
            number = bisect_left(places, address & (1 << 8 * word.size) - 1)
            if number < len(places) and places[number] == address:
                at = rows[number] * size
                info = word.unpack_from(table, at + word.size)[0]
                if info & (0xFFFFFFFF if self._wide else 0xFF) != self._relative:
                    return None
                if size == 3 * word.size:
                    addend: int = word.unpack_from(table, at + 2 * word.size)[0]
                    return addend
        return self._image.number(address, word.size)

    @cached_property
    def _sorted(self) -> list[tuple[array[int], array[int]]]:
        """Of each table the places that are relocated, in order, and in which row each stands."""
        found = []
        for table, size in self._found:
            words = size // self._image.word_size
            places = column(
                table[: len(table) // size * size], "Q" if self._wide else "I", 0, words, self._image.little
            )
            rows = sorted(range(len(places)), key=places.__getitem__)
            found.append((array("Q", [places[row] for row in rows]), array("I", rows)))
        return found


def _found(
    content: bytes, wanted: bytes, step: int, first: int, start: int = 0, end: int | None = None
) -> Iterator[int]:
    """Offsets from ``start`` to ``end`` of some bytes that lie whole steps from ``first``."""
    rare = wanted.rstrip(b"\0") or wanted  # zeros are everywhere
    last = len(content) if end is None else end
    at = content.find(rare, start, last)
    while at >= 0:
        if (at - first) % step == 0 and at + len(wanted) <= last and content.startswith(wanted, at):
            yield at
        at = content.find(rare, at + 1, last)


def inverted(known: Mapping[int, T]) -> dict[T, frozenset[int]]:
    """Value → every address that has it."""
    found: dict[T, set[int]] = {}
    for address, value in known.items():
        found.setdefault(value, set()).add(address)
    return {value: frozenset(addresses) for value, addresses in found.items()}
