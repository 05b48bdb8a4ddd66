"""Where functions begin and end: by the unwind table, which stripped files keep, and by symbols.

PT_GNU_EH_FRAME holds a sorted table of function starts (LSB "Exception Frames", ``.eh_frame_hdr``); 32-bit ARM has
PT_ARM_EXIDX in its place (EHABI32). Symbols come from the dynamic table and, where section headers are there and
sound, from ``.symtab``.
"""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from muslint.elf.header import LAYOUTS
from muslint.elf.image import Image
from muslint.elf.object import PT_GNU_EH_FRAME, STT_FUNC, STT_GNU_IFUNC, Segment
from muslint.elf.values import signed

PT_ARM_EXIDX = 0x70000001
SHT_SYMTAB = 2
_LONGEST = 1 << 20  # bytes of one function
_MOST = 1 << 21  # functions of one object
WINDOW = 1 << 10
"""Bytes looked back and on where no table tells of a function."""


class Bounds(NamedTuple):
    """A function: its first address, and the address behind it."""

    start: int
    end: int
    known: bool  # the start is a function's, not merely as far as one looks back


class Unwind:
    """The sorted table of function starts that unwinding uses, searched where it lies."""

    def __init__(self, image: Image, segment: Segment | None) -> None:
        self._image, self._address = image, segment.vaddr if segment else 0
        self._mask = (1 << 8 * image.word_size) - 1
        self._frames = segment is not None and segment.type == PT_GNU_EH_FRAME
        starts, entries = self._rows(self._table(segment) if segment else b"")
        if not self._frames:  # prel31: counts from the word itself
            places = enumerate(starts)
            starts = array("q", [8 * number + (start & 0x3FFFFFFF) - (start & 0x40000000) for number, start in places])
        self._starts, self._entries = starts, entries
        self._sizes: dict[int, int] = {}

    def _table(self, segment: Segment) -> bytes:
        """The rows of .eh_frame_hdr or .ARM.exidx, 8 bytes each."""
        if not self._frames:
            return self._image.at(segment.vaddr, min(segment.filesz, 8 * _MOST) // 8 * 8) or b""
        told = self._image.eh_frame_hdr(segment)
        if told is None:
            return b""
        return self._image.at(segment.vaddr + 12, 8 * min(told[1], (segment.filesz - 12) // 8, _MOST)) or b""

    def _rows(self, table: bytes) -> tuple[array[int], array[int]]:
        """The two numbers of every row."""
        numbers = array("i", table)
        if self._image.order != sys.byteorder:
            numbers.byteswap()
        return numbers[::2], numbers[1::2]

    def _distance(self, address: int) -> int:
        return signed(address - self._address, self._image.word_size)

    def around(self, address: int) -> tuple[int, int] | None:
        """(start, size) of the last function that begins at or before ``address``; size 0 where it is not told."""
        at = bisect_right(self._starts, self._distance(address))
        if not at:
            return None
        start = (self._address + self._starts[at - 1]) & self._mask
        if not self._frames:
            return start, 0
        if at not in self._sizes:
            self._sizes[at] = self._size(start, (self._address + self._entries[at - 1]) & self._mask)
        return start, self._sizes[at]

    def following(self, address: int) -> int | None:
        """Where the next function begins."""
        at = bisect_right(self._starts, self._distance(address))
        return (self._address + self._starts[at]) & self._mask if at < len(self._starts) else None

    def starts(self) -> Iterator[int]:
        """Where each function begins."""
        return ((self._address + start) & self._mask for start in self._starts)

    def _size(self, start: int, entry: int) -> int:
        """pc_range of an FDE, believed when its pc_begin (pcrel | sdata4) is the start that the table tells."""
        fields = self._image.at(entry, 16)
        if fields is None:
            return 0
        _, _, begin, size = struct.unpack(("<" if self._image.little else ">") + "IIiI", fields)
        return size if (entry + 8 + begin) & self._mask == start else 0


class Functions:
    """The functions of one object."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._arm = image.object.arch.startswith("arm")

    def around(self, address: int) -> Bounds:
        """The function that holds ``address``; what cannot be known is bounded by its neighbours."""
        for low, high in self._parts:
            if low <= address < high:
                break
        else:
            low = high = address
        unwound = self._unwind.around(address)
        if unwound is not None and unwound[1]:
            start, size = unwound
            if address - start < size:
                return Bounds(start, min(start + min(size, _LONGEST), high), True)
        return self._by_symbols(address, low, high, unwound)

    def _by_symbols(self, address: int, low: int, high: int, unwound: tuple[int, int] | None) -> Bounds:
        at = bisect_right(self.starts, address)
        start = self.starts[at - 1] if at else -1
        end = min(self.starts[at] if at < len(self.starts) else high, self._unwind.following(address) or high, high)
        if unwound is not None and not unwound[1] and unwound[0] >= start:
            return Bounds(max(unwound[0], low), min(end, unwound[0] + _LONGEST), True)
        size = self._sizes.get(start, 0) or end - start
        if start >= low and address - start < size and (unwound is None or unwound[0] + unwound[1] <= start):
            return Bounds(start, min(start + size, end, start + _LONGEST), True)
        behind = max(low, start + size if start >= low else low, sum(unwound) if unwound else low)
        first = max(behind if behind <= address else low, (address - WINDOW) & ~15)
        return Bounds(first, min(end, address + WINDOW), False)

    @cached_property
    def _parts(self) -> list[tuple[int, int]]:
        """Where code begins and ends."""
        return [(part.address, part.end) for part in self._image.code()]

    @cached_property
    def starts(self) -> list[int]:
        """Every start of a function that a symbol tells, sorted."""
        return sorted(self._sizes)

    def known(self) -> frozenset[int]:
        """Every address at which `around` may say that a function is known to begin."""
        return frozenset((*self._unwind.starts(), *self.starts, *(low for low, _ in self._parts)))

    @cached_property
    def _unwind(self) -> Unwind:
        for segment in self._image.object.segments:
            if segment.type in (PT_GNU_EH_FRAME, PT_ARM_EXIDX):
                return Unwind(self._image, segment)
        return Unwind(self._image, None)

    @cached_property
    def _symbols(self) -> list[tuple[int, int, str]]:
        """(start, size, name) of every function symbol, sorted; the odd addresses of Thumb code as they are."""
        return sorted({*self._dynamic(), *_symtab(self._image)})

    def _dynamic(self) -> list[tuple[int, int, str]]:
        symbols = self._image.object.symbols
        wanted = [i for i, (shndx, info) in enumerate(zip(symbols.shndxs, symbols.infos)) if shndx and _code(info)]
        values, sizes, names = symbols.values, symbols.sizes, symbols.names_of(wanted)
        return [(values[index], sizes[index], name) for index, name in zip(wanted, names)]

    @cached_property
    def _sizes(self) -> dict[int, int]:
        """Start → size by symbols; 0 where the symbol has none."""
        found: dict[int, int] = {}
        for value, size, _ in self._symbols:
            start = value & ~1 if self._arm else value
            found[start] = max(size, found.get(start, 0))
        return found

    @cached_property
    def thumb(self) -> frozenset[int]:
        """Starts of Thumb functions: symbols with an odd address."""
        return frozenset(value & ~1 for value, _, _ in self._symbols if value & 1) if self._arm else frozenset()

    def named(self, name: str) -> int | None:
        """Where the function called ``name`` begins; None where no symbol tells."""
        return next((value for value, _, known in self._symbols if known == name), None)

    def name(self, start: int) -> str | None:
        """The symbol of the function that begins at ``start``; of several the first by name."""
        at = bisect_right(self._symbols, (start, -1, ""))
        for value, _, name in self._symbols[at : at + 8]:
            if value & ~1 == start if self._arm else value == start:
                return name
        return None


def _code(info: int) -> bool:
    return info & 15 in (STT_FUNC, STT_GNU_IFUNC)


def _symtab(image: Image) -> list[tuple[int, int, str]]:
    """The function symbols of ``.symtab``, found by section headers; none where those do not hold together."""
    sections = image.sections()
    found: list[tuple[int, int, str]] = []
    order = "<" if image.little else ">"
    row = struct.Struct(order + ("IBBHQQ" if image.word_size == 8 else "IIIBBH"))
    assert row.size == LAYOUTS[8 * image.word_size, image.little].symbol_size
    for section in sections:
        if section.type != SHT_SYMTAB or section.link >= len(sections) or section.size > 1 << 27:
            continue
        table = image.file(section.offset, section.size // row.size * row.size)
        names = image.file(sections[section.link].offset, sections[section.link].size)
        for fields in row.iter_unpack(table[: len(table) // row.size * row.size]):
            if image.word_size == 8:
                name, info, _, shndx, value, size = fields
            else:
                name, value, size, info, _, shndx = fields
            if shndx and _code(info) and value:
                text = names[name : names.find(b"\0", name)].decode("utf-8", "replace")
                found.append((value, size, text))
    return found
