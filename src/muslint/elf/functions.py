"""Where functions begin and end: by the unwind table, which stripped files keep, and by symbols.

PT_GNU_EH_FRAME holds a sorted table of function starts (LSB "Exception Frames", ``.eh_frame_hdr``); 32-bit ARM has
PT_ARM_EXIDX in its place (EHABI32). Symbols come from the dynamic table and, where section headers are there and
sound, from ``.symtab``.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from functools import cached_property
from typing import NamedTuple

from muslint.elf.header import LAYOUTS
from muslint.elf.image import Image
from muslint.elf.object import STT_FUNC, STT_GNU_IFUNC

PT_GNU_EH_FRAME, PT_ARM_EXIDX = 0x6474E550, 0x70000001
SHT_SYMTAB = 2
_LONGEST = 1 << 20  # bytes of one function
_MOST = 1 << 21  # functions of one object
_WINDOW = 1 << 10  # bytes looked back where no table tells of a function


class Bounds(NamedTuple):
    """A function: its first address, and the address behind it."""

    start: int
    end: int
    known: bool  # the start is a function's, not merely as far as one looks back


class Functions:
    """The functions of one object."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._arm = image.object.arch.startswith("arm")

    def around(self, address: int) -> Bounds:
        """The function that holds ``address``; what cannot be known is bounded by its neighbours."""
        starts = self.starts
        at = bisect_right(starts, address)
        start = starts[at - 1] if at else None
        end = starts[at] if at < len(starts) else address + _LONGEST
        code = next((part for part in self._image.code() if part.address <= address < part.end), None)
        low, high = (code.address, code.end) if code else (address, address)
        if start is None or start < low or self._size_of(start, end) <= address - start:
            last = low if start is None else start + self._size_of(start, end)
            return Bounds(max(low, last, (address - _WINDOW) & ~15), min(end, high, address + _WINDOW), False)
        end = min(start + self._size_of(start, end), high, start + _LONGEST)
        return Bounds(start, end, True)

    def _size_of(self, start: int, following: int) -> int:
        return self._sizes.get(start) or self._unwound.get(start, lambda: 0)() or following - start

    @cached_property
    def starts(self) -> list[int]:
        """Every known start of a function, sorted."""
        found = {*self._unwound, *self._sizes}
        return sorted(found)

    @cached_property
    def _unwound(self) -> dict[int, _Range]:
        for segment in self._image.object.segments:
            if segment.type == PT_GNU_EH_FRAME:
                return self._eh_frame(segment.vaddr, segment.filesz)
            if segment.type == PT_ARM_EXIDX:
                return self._exidx(segment.vaddr, segment.filesz)
        return {}

    def _eh_frame(self, address: int, size: int) -> dict[int, _Range]:
        """Start → how to read the size, from the binary search table (encoding datarel | sdata4, as all linkers)."""
        head = self._image.at(address, 12) if size >= 12 else None
        if head is None or head[0] != 1 or head[1] != 0x1B or head[2] != 0x03 or head[3] != 0x3B:
            return {}
        order = "<" if self._image.little else ">"
        (count,) = struct.unpack(f"{order}I", head[8:12])
        table = self._image.at(address + 12, 8 * min(count, (size - 12) // 8, _MOST))
        if table is None:
            return {}
        mask = (1 << 8 * self._image.word_size) - 1
        found = {}
        for start, entry in struct.iter_unpack(f"{order}ii", table):
            place = (address + start) & mask
            found[place] = _Range(self._image, place, (address + entry) & mask)
        return found

    def _exidx(self, address: int, size: int) -> dict[int, _Range]:
        table = self._image.at(address, min(size, 8 * _MOST) // 8 * 8) or b""
        order, found = "<" if self._image.little else ">", {}
        for index, (offset, _) in enumerate(struct.iter_unpack(f"{order}II", table)):
            relative = (offset & 0x7FFFFFFF) - ((offset & 0x40000000) << 1)
            place = address + 8 * index + relative
            found[place & ~1] = _Range(self._image, place, None)
        return found

    @cached_property
    def _symbols(self) -> list[tuple[int, int, str]]:
        """(start, size, name) of every function symbol, sorted; the odd addresses of Thumb code as they are."""
        found = [(s.value, s.size, s.name) for s in self._dynamic()]
        found += _symtab(self._image)
        return sorted(set(found))

    def _dynamic(self) -> list[_Function]:
        symbols = self._image.object.symbols
        wanted = [i for i, (shndx, info) in enumerate(zip(symbols.shndxs, symbols.infos)) if shndx and _code(info)]
        return [_Function(row.value, row.size, row.name) for row in (symbols[i] for i in wanted)]

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
        return frozenset(value & ~1 for value, _, _ in self._symbols if self._arm and value & 1)

    def name(self, start: int) -> str | None:
        """The symbol of the function that begins at ``start``; of several the first by name."""
        at = bisect_right(self._symbols, (start, -1, ""))
        for value, _, name in self._symbols[at : at + 8]:
            if value & ~1 == start if self._arm else value == start:
                return name
        return None


class _Function(NamedTuple):
    value: int
    size: int
    name: str


class _Range(NamedTuple):
    """One entry of an unwind table; called, it gives the function's size, 0 where that cannot be read."""

    image: Image
    start: int
    entry: int | None

    def __call__(self) -> int:
        """pc_range of the FDE, believed when its pc_begin (pcrel | sdata4) is the start the table tells."""
        fields = self.image.at(self.entry, 16) if self.entry is not None else None
        if fields is None or self.entry is None:
            return 0
        _, _, begin, size = struct.unpack(("<" if self.image.little else ">") + "IIiI", fields)
        mask = (1 << 8 * self.image.word_size) - 1
        return size if (self.entry + 8 + begin) & mask == self.start else 0


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
