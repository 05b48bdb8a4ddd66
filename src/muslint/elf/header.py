"""The ELF header and the program headers (gABI chapter "Object Files")."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Literal, NamedTuple

from muslint.elf.object import (
    DF_1_PIE,
    DT_DEBUG,
    DT_FLAGS_1,
    ET_CORE,
    ET_DYN,
    ET_EXEC,
    ET_REL,
    PT_LOAD,
    Ident,
    Kind,
    Readable,
    Segment,
)
from muslint.errors import MalformedElf

MAGIC = b"\x7fELF"
HEAD_SIZE = 4096
"""Bytes read first; in nearly every file they hold the program headers and the interpreter too."""

PAGE = 4096
"""Bytes of a page: what the loaders of musl are built for, and the least that glibc's are."""

_MAX_PROGRAM_HEADERS = 4096


class Header(NamedTuple):
    """The file header and its segments."""

    ident: Ident
    entry: int
    program_headers: int  # file offset
    program_headers_size: int  # bytes
    segments: tuple[Segment, ...]


class Layout(NamedTuple):
    """The `struct` formats of one class and byte order."""

    header: struct.Struct
    segment: struct.Struct  # without p_paddr
    dynamic: struct.Struct
    word: Literal["I", "Q"]  # format code of an address-sized word
    word_size: int
    symbol_size: int
    order: str  # "<" or ">"


def _layout(bits: int, order: str) -> Layout:
    word: Literal["I", "Q"]
    if bits == 64:
        formats, word, size, symbol = ("16sHHIQQQIHHHHHH", "IIQQ8xQQQ", "QQ"), "Q", 8, 24
    else:
        formats, word, size, symbol = ("16sHHIIIIIHHHHHH", "IIIxxxxIIII", "II"), "I", 4, 16
    header, segment, dynamic = (struct.Struct(order + form) for form in formats)
    return Layout(header, segment, dynamic, word, size, symbol, order)


LAYOUTS = {(bits, order == "<"): _layout(bits, order) for bits in (32, 64) for order in "<>"}
"""(bits, little-endian) → formats."""


def identify(head: bytes) -> tuple[Ident, int, tuple[int, ...]]:
    """Ident, entry address and the raw header fields from a file's first bytes; raises MalformedElf."""
    if len(head) < 16 or head[:4] != MAGIC:
        raise MalformedElf("not an ELF file")
    if head[4] not in (1, 2) or head[5] not in (1, 2):
        raise MalformedElf(f"unknown ELF class {head[4]} or byte order {head[5]}")
    bits, little = 32 * head[4], head[5] == 1
    layout = LAYOUTS[bits, little]
    if len(head) < layout.header.size:
        raise MalformedElf("the file ends inside its ELF header")
    raw = layout.header.unpack_from(head)
    return Ident(bits, little, raw[2], raw[1], raw[7], head[7]), raw[4], raw


def read_header(data: Readable, head: bytes) -> Header:
    """The header and every program header; raises MalformedElf when they cannot all be read."""
    ident, entry, raw = identify(head)
    layout = LAYOUTS[ident.bits, ident.little]
    offset, entry_size, count = raw[5], raw[9], raw[10]
    if count == 0:
        return Header(ident, entry, offset, 0, ())
    if entry_size != layout.segment.size:
        raise MalformedElf(f"program headers of {entry_size} bytes, not {layout.segment.size}")
    if count > _MAX_PROGRAM_HEADERS:
        raise MalformedElf(f"{count} program headers")
    size = entry_size * count
    table = head[offset : offset + size] if offset + size <= len(head) else data.at(offset, size)
    if len(table) != size:
        raise MalformedElf("the file ends inside its program headers")
    return Header(ident, entry, offset, size, tuple(_segments(table, layout)))


_as_segment: Callable[[type[Segment], tuple[int, ...]], Segment] = tuple.__new__


def _segments(table: bytes, layout: Layout) -> Iterable[Segment]:
    if layout.word_size == 8:
        return map(_as_segment, repeat(Segment), layout.segment.iter_unpack(table))
    return (
        Segment(kind, flags, offset, vaddr, filesz, memsz, align)
        for kind, offset, vaddr, filesz, memsz, flags, align in layout.segment.iter_unpack(table)
    )


class AddressMap:
    """Where in the file the bytes of an address lie, by the PT_LOAD segments.

    Files are mapped by whole pages. So what the file has before and behind a segment in its pages is there too, unless
    a later segment is mapped over it or the rest of the segment, its .bss, is cleared (mmap(2); the kernel's
    ``elf_load``, musl ``map_library``, glibc ``_dl_map_segments``). Tools that rewrite programs leave such tables.
    """

    __slots__ = ("_loads", "_size")

    def __init__(self, segments: tuple[Segment, ...], size: int) -> None:
        """``size`` is that of the file."""
        self._size = size
        self._loads = [(s[3], s[3] + s[4], s[2] - s[3], s) for s in segments if s[0] == PT_LOAD]

    def offset(self, address: int) -> int:
        """File offset of ``address``; raises MalformedElf when no segment brings it in from the file."""
        for start, end, delta, _ in self._loads:
            if start <= address < end:
                return address + delta
        load = self._beside(address)
        if load is None:
            raise MalformedElf(f"address {address:#x} lies in no loaded segment")
        return address + load.offset - load.vaddr

    def offsets(self, tables: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
        """Address and size of each table as file offset and size; raises MalformedElf as `offset`."""
        lowest, highest = min(tables)[0], max(tables)[0]
        for start, end, delta, _ in self._loads:
            if start <= lowest and highest < end:  # as in nearly every file
                return [(address + delta, size) for address, size in tables]
        return [(self.offset(address), size) for address, size in tables]

    def within(self, address: int) -> int:
        """How many bytes of the file follow ``address`` within its segment."""
        for start, end, _, _ in self._loads:
            if start <= address < end:
                return end - address
        return 0

    def span(self, address: int) -> int:
        """How many bytes of the file follow ``address`` in the pages of its segment."""
        for start, end, _, load in self._loads:
            if start <= address < end:
                return self._end(load) - address
        beside = self._beside(address)
        return max(self._end(beside) - address, 0) if beside is not None else 0

    def _end(self, load: Segment) -> int:
        """Where what ``load`` brings in from the file ends."""
        end = load.vaddr + load.filesz
        if load.filesz != load.memsz:
            return end
        pages = [start & -PAGE for start, _, _, _ in self._loads if start >= end]
        return max(end, min([(end + PAGE - 1) & -PAGE, self._size - load.offset + load.vaddr, *pages]))

    def _beside(self, address: int) -> Segment | None:
        """The segment in whose pages, but not in which, an ``address`` lies."""
        loads = [load for _, _, _, load in self._loads if load.filesz]
        if any(s.vaddr <= address < s.vaddr + s.memsz for s in loads):
            return None
        for load in reversed(loads):
            if load.vaddr & -PAGE <= address < self._end(load) and load.offset >= load.vaddr & (PAGE - 1):
                return load
        return None


def headers_mapped(header: Header) -> bool:
    """Whether a PT_LOAD holds the program headers (musl map_library, "record the address")."""
    start, end = header.program_headers, header.program_headers + header.program_headers_size
    for kind, _, offset, _, filesz, _, _ in header.segments:
        if kind == PT_LOAD and offset <= start and end <= offset + filesz:
            return True
    return False


def kind_of(kind: int, interpreter: str | None, soname: str | None, tags: Mapping[int, int], needed: bool) -> Kind:
    """Tell programs, libraries, static and relocatable objects apart; ``kind`` is ET_*, ``tags`` DT_* → value.

    DF_1_PIE marks a position-independent program; older linkers leave it out, but only programs
    get DT_DEBUG. A library may carry PT_INTERP (glibc's libc.so.6 does), and then has a soname.
    Raises MalformedElf for an ELF type that is none of these.
    """
    pie = bool(tags.get(DT_FLAGS_1, 0) & DF_1_PIE)
    if kind == ET_REL:
        return Kind.RELOCATABLE
    if kind == ET_CORE:
        return Kind.CORE
    if kind == ET_EXEC:
        return Kind.EXECUTABLE if interpreter else Kind.STATIC_EXECUTABLE
    if kind != ET_DYN:
        raise MalformedElf(f"ELF type {kind} is no program, library or object file")
    if interpreter:
        return Kind.SHARED_LIBRARY if soname and not pie else Kind.EXECUTABLE
    looks_started = DT_DEBUG in tags and soname is None and not needed
    return Kind.STATIC_PIE if (pie and not needed) or looks_started else Kind.SHARED_LIBRARY
