"""The memory image of an object as the file gives it: bytes by address, before anything runs.

What lies where is told by the program headers alone (gABI "Program Loading"); section headers may be stripped or lie.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Literal, NamedTuple

from muslint.elf import object as elf
from muslint.elf.machine import EM_386, EM_AARCH64, EM_X86_64
from muslint.elf.object import ElfObject, Readable, Segment

PF_X, PF_W, PF_R = 1, 2, 4
_RETURNS = {EM_X86_64: b"\xc3", EM_386: b"\xc3", EM_AARCH64: b"\xc0\x03\x5f\xd6"}
_FINI = 64  # bytes of _fini
_HEADER = 64  # bytes of an ELF header of 64 bits
_END = 1 << 64  # of all addresses: nothing is mapped there
MAX_RANGE = 1 << 28
"""Bytes of one segment that are looked at; a larger one is cut there."""


class Range(NamedTuple):
    """Some bytes of the image and the address of the first."""

    address: int
    content: bytes

    @property
    def end(self) -> int:
        """The address behind the last byte."""
        return self.address + len(self.content)


class Span(NamedTuple):
    """A part of a segment, which is not copied: it lies from ``start`` to ``end`` in ``content``."""

    address: int  # of the first byte of ``content``
    content: bytes
    start: int
    end: int


class Section(NamedTuple):
    """One section header."""

    name: int  # in the section name table
    type: int
    address: int
    offset: int
    size: int
    link: int


class Image:
    """The bytes of an object by address. Segments are read when first asked for, and kept until it goes."""

    __slots__ = ("_data", "_loads", "_read", "_spans", "little", "object", "relro", "word_size")

    def __init__(self, obj: ElfObject, data: Readable) -> None:
        self.object, self._data = obj, data
        self.little, self.word_size = obj.ident.little, obj.ident.bits // 8
        self._loads = [s for s in obj.segments if s.type == elf.PT_LOAD and s.filesz > 0 and s.vaddr + s.filesz <= _END]
        self._spans = [(s.vaddr, s.vaddr + s.filesz) for s in self._loads]
        self._read: dict[int, bytes] = {}
        self.relro = [(s.vaddr, s.vaddr + s.memsz) for s in obj.segments if s.type == elf.PT_GNU_RELRO]

    @property
    def order(self) -> Literal["little", "big"]:
        """Its byte order, as `int.from_bytes` wants it."""
        return "little" if self.little else "big"

    def _bytes(self, index: int) -> bytes:
        if index not in self._read:
            segment = self._loads[index]
            self._read[index] = self._data.at(segment.offset, min(segment.filesz, MAX_RANGE))
            self._data.close()
        return self._read[index]

    def forget(self) -> None:
        """Drop the segments; they are read again when asked for."""
        self._read.clear()

    def at(self, address: int, size: int) -> bytes | None:
        """``size`` bytes from ``address``, or None where they do not all lie in one segment of the file."""
        for index, (low, high) in enumerate(self._spans):
            if low <= address and address + size <= high:
                found = self._bytes(index)[address - low : address - low + size]
                return found if len(found) == size else None
        return None

    def number(self, address: int, size: int) -> int | None:
        """The unsigned number of ``size`` bytes at ``address``, or None."""
        found = self.at(address, size)
        return None if found is None else int.from_bytes(found, self.order)

    def constant(self, address: int, size: int = 1) -> bool:
        """Whether these bytes cannot change once the object is loaded: not writable, or PT_GNU_RELRO."""
        for segment in self._loads:
            if segment.vaddr <= address and address + size <= segment.vaddr + segment.filesz:
                return not segment.flags & PF_W or self._in_relro(address, size)
        return False

    def variable(self, address: int, size: int) -> bool:
        """Whether these bytes are writable once the object is loaded, in the file or not."""
        return any(
            segment.type == elf.PT_LOAD
            and segment.flags & PF_W
            and segment.vaddr <= address
            and address + size <= segment.vaddr + segment.memsz
            for segment in self.object.segments
        ) and not self._in_relro(address, size)

    def initial(self, address: int, size: int = 1) -> bool:
        """Whether these bytes are of a variable that has its first value from the file: writable, without RELRO."""
        return self.at(address, size) is not None and not self.constant(address, size) and not self._executed(address)

    def _executed(self, address: int) -> bool:
        return any(s.flags & PF_X and s.vaddr <= address < s.vaddr + s.memsz for s in self._loads)

    def _in_relro(self, address: int, size: int) -> bool:
        return any(start <= address and address + size <= end for start, end in self.relro)

    def string(self, address: int, limit: int = 1 << 16) -> bytes | None:
        """The NUL-terminated bytes at ``address`` in memory that cannot change; None elsewhere or past ``limit``.

        What is linked at 0 has its ELF header there: a small address is NULL or a number, and no text.
        """
        if address < _HEADER:
            return None
        for index, segment in enumerate(self._loads):
            start = address - segment.vaddr
            if 0 <= start < segment.filesz:
                if not self.constant(address):
                    return None
                content = self._bytes(index)
                end = content.find(b"\0", start, start + limit)
                return content[start:end] if end >= 0 and self.constant(address, end - start) else None
        return None

    def wide(self, address: int, limit: int = 1 << 12) -> str | None:
        """The text of ``wchar_t`` (four bytes each) at ``address`` in memory that cannot change; None where none is."""
        letters: list[str] = []
        while len(letters) < limit and self.constant(address, 4):
            number = self.number(address, 4)
            if not number:
                return "".join(letters) if number == 0 else None
            if number > 0x10FFFF or 0xD800 <= number < 0xE000:
                return None
            letters.append(chr(number))
            address += 4
        return None

    def text(self, address: int, limit: int = 1 << 12) -> bytes | None:
        """The NUL-terminated bytes a variable at ``address`` begins with (see `initial`); None elsewhere."""
        if not self.initial(address):
            return None
        index = next(number for number, s in enumerate(self._loads) if s.vaddr <= address < s.vaddr + s.filesz)
        content, start = self._bytes(index), address - self._loads[index].vaddr
        end = content.find(b"\0", start, start + limit)
        return content[start:end] if end >= 0 else None

    def extent(self) -> tuple[int, int]:
        """The lowest address and the one behind the highest, with what is not in the file."""
        return min((s.vaddr for s in self._loads), default=0), max((s.vaddr + s.memsz for s in self._loads), default=0)

    def code(self) -> Iterator[Range]:
        """The executable segments."""
        for index, segment in enumerate(self._loads):
            if segment.flags & PF_X:
                yield Range(segment.vaddr, self._bytes(index))

    def constants(self) -> Iterator[Span]:
        """What cannot change and is no code: read-only segments and the RELRO part of writable ones.

        Code counts only where it shares a segment with its constants (``-z noseparate-code``): in an object that has
        no segment which is merely read. The loader's tables and those of unwinding are left out.
        """
        tables = self._tables()
        for part in self._constants():
            at = part.start
            for low, high in tables:
                start, end = low - part.address, high - part.address
                if at < start < part.end:
                    yield part._replace(start=at, end=start)
                if part.start < end and start < part.end:
                    at = max(at, end)
            if at < part.end:
                yield part._replace(start=at)

    def _tables(self) -> list[tuple[int, int]]:
        """(first address, end) of what no code points to, sorted."""
        tag = self.object.tag
        rows = ((elf.DT_STRTAB, elf.DT_STRSZ), (elf.DT_RELA, elf.DT_RELASZ), (elf.DT_REL, elf.DT_RELSZ),
                (elf.DT_JMPREL, elf.DT_PLTRELSZ))  # fmt: skip
        found = [(tag(start), tag(size)) for start, size in rows]
        found.append((tag(elf.DT_SYMTAB), len(self.object.symbols) * (24 if self.word_size == 8 else 16)))
        parts = [(start, start + size) for start, size in found if start and size]
        return sorted([*parts, *self._frames(), *self._headers()])

    def _headers(self) -> list[tuple[int, int]]:
        """The ELF header, and the program headers, which linkers put right behind it: they hold addresses too."""
        wide = self.word_size == 8
        size = (64 if wide else 52) + (56 if wide else 32) * len(self.object.segments)
        return [
            (s.vaddr, s.vaddr + size) for number, s in enumerate(self._loads)
            if not s.offset and self._bytes(number)[:4] == b"\x7fELF"
        ]  # fmt: skip

    def _frames(self) -> list[tuple[int, int]]:
        """``.eh_frame_hdr``, and ``.eh_frame`` up to its last entry but one or so (LSB "Exception Frames")."""
        header = next((s for s in self.object.segments if s.type == elf.PT_GNU_EH_FRAME), None)
        told = self.eh_frame_hdr(header) if header is not None else None
        if header is None or told is None:
            return []
        first, end = told[0], header.vaddr + 12 + 8 * told[1]
        last = self.at(end - 4, 4) if end <= header.vaddr + header.filesz else None
        if last is None:
            return []
        behind = header.vaddr + int.from_bytes(last, self.order, signed=True)
        return [(header.vaddr, end), *([(first, behind)] if end <= first < behind else [])]

    def eh_frame_hdr(self, header: Segment) -> tuple[int, int] | None:
        """Where ``.eh_frame`` begins, and how many rows of 8 bytes follow the 12 of its header (PT_GNU_EH_FRAME).

        None where the rows are not datarel | sdata4, as all linkers write them (LSB "Exception Frames").
        """
        head = self.at(header.vaddr, 12) if header.filesz >= 12 else None
        if head is None or head[:4] != b"\x01\x1b\x03\x3b":
            return None
        first = header.vaddr + 4 + int.from_bytes(head[4:8], self.order, signed=True)
        return first, int.from_bytes(head[8:12], self.order)

    def _constants(self) -> Iterator[Span]:
        apart = any(not segment.flags & (PF_W | PF_X) for segment in self._loads)
        for index, segment in enumerate(self._loads):
            if not segment.flags & PF_W:
                if not (apart and segment.flags & PF_X):
                    content = self._bytes(index)
                    yield from self._split(Span(segment.vaddr, content, 0, len(content)))
                continue
            for start, end in self.relro:
                low, high = max(start - segment.vaddr, 0), min(end - segment.vaddr, segment.filesz)
                if low < high:
                    content = self._bytes(index)
                    yield Span(segment.vaddr, content, low, min(high, len(content)))

    def _split(self, part: Span) -> Iterator[Span]:
        """Code and constants of one segment apart: in all linkers' order of sections code begins with ``_init``, where
        there is one, and ends with ``_fini``."""
        first, last = (((self.object.tag(tag) or 0) - part.address) for tag in (elf.DT_INIT, elf.DT_FINI))
        ret = _RETURNS.get(self.object.ident.machine)
        if ret is not None and part.start < last < part.end:
            end = part.content.find(ret, last, last + _FINI)
            if end >= 0:
                end += len(ret)
                yield part._replace(end=first if part.start < first < last else end)
                part = part._replace(start=end)
        yield part

    def initialised(self) -> Iterator[Range]:
        """Writable memory with content from the file, without RELRO."""
        yield from (Range(part.address + part.start, part.content[part.start : part.end]) for part in self._variables())

    def _variables(self) -> Iterator[Span]:
        for index, segment in enumerate(self._loads):
            if segment.flags & PF_W:
                content, start = self._bytes(index), 0
                for low, high in self.relro:
                    if low <= segment.vaddr + start < high:
                        start = min(high - segment.vaddr, len(content))
                if start < len(content):
                    yield Span(segment.vaddr, content, start, len(content))

    def data(self) -> Iterator[Span]:
        """What is no code and has content from the file: constants and initialised memory."""
        yield from self.constants()
        yield from self._variables()

    def file(self, offset: int, size: int) -> bytes:
        """Bytes of the file itself: what is not mapped, such as ``.symtab``. Fewer at its end."""
        found = self._data.at(offset, size)
        self._data.close()
        return found

    def sections(self) -> tuple[Section, ...]:
        """The section headers; none where they are missing or do not lie in the file. The loader never reads them."""
        order = "<" if self.little else ">"
        head = self._data.at(0, 64)
        try:
            if self.word_size == 8:
                (place,), (entry, count) = struct.unpack_from(order + "Q", head, 40), _counts(order, head, 58)
            else:
                (place,), (entry, count) = struct.unpack_from(order + "I", head, 32), _counts(order, head, 46)
        except struct.error:
            return ()
        row = struct.Struct(order + ("IIQQQQIIQQ" if self.word_size == 8 else "IIIIIIIIII"))
        table = self.file(place, row.size * count) if place and entry == row.size else b""
        if len(table) != row.size * count:
            return ()
        rows = row.iter_unpack(table)
        return tuple(
            Section(name, kind, where, offset, size, link) for name, kind, _, where, offset, size, link, *_ in rows
        )


def _counts(order: str, head: bytes, at: int) -> tuple[int, int]:
    entry, count = struct.unpack_from(order + "HH", head, at)
    return entry, count
