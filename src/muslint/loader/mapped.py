"""A file as ``map_library`` sees it once it is mapped (musl ``ldso/dynlink.c``, mmap(2)).

musl looks at neither the magic number nor the class nor the byte order: it reads every header as its own. It does
not compare the file's length with its segments either: what is missing of the last page reads as zeros, and what
lies beyond that page kills the loader with SIGBUS.
"""

from __future__ import annotations

import errno

from muslint.elf.header import HEAD_SIZE, MAGIC, PAGE, read_header
from muslint.elf.object import ET_DYN, ET_EXEC, PT_DYNAMIC, PT_INTERP, PT_LOAD, ElfObject, Readable, Reader, Segment
from muslint.errors import MalformedElf
from muslint.loader.scope import SIGBUS
from muslint.loader.written import loads_of, place_of

KILLED_BY_SIGBUS = -SIGBUS
"""In place of an error number: reading the file kills the loader."""

_PF_W = 2
_LONGEST_NAME = 4096  # bytes


class _AsMapped:
    """The bytes with the header's first six as the loader takes them, and zeros up to the end of the last page."""

    def __init__(self, data: Readable, ident: bytes, padded: bool) -> None:
        self._data, self._ident = data, ident
        self.size = (data.size + PAGE - 1) // PAGE * PAGE if padded else data.size

    def at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``."""
        size = max(min(size, self.size - offset), 0)
        piece = self._data.at(offset, size)
        piece += bytes(size - len(piece))
        return self._ident[offset:][:size] + piece[len(self._ident) - offset :] if offset < len(self._ident) else piece

    def close(self) -> None:
        """Give back what reading holds open."""
        self._data.close()


def cut_short(segments: tuple[Segment, ...], size: int) -> bool:
    """Whether a PT_LOAD runs past the end of a file of ``size`` bytes."""
    return any(s.type == PT_LOAD and s.offset + s.filesz > size for s in segments)


def read_as_mapped(reader: Reader, data: Readable, path: str, bits: int, little: bool) -> ElfObject | int:
    """Read a file whose header or length an ordinary reader refuses; an error number where musl refuses it too.

    `KILLED_BY_SIGBUS` where something musl reads at this point lies beyond the file's last page.
    """
    ident = MAGIC + bytes((bits // 32, 1 if little else 2))
    view = _AsMapped(data, ident, padded=False)
    try:
        header = read_header(view, view.at(0, HEAD_SIZE))
    except MalformedElf:
        return errno.ENOEXEC
    segments = header.segments
    if header.ident.type not in (ET_EXEC, ET_DYN) or not any(s.type == PT_DYNAMIC for s in segments):
        return errno.ENOEXEC
    short = cut_short(segments, data.size)
    if short and _clears_beyond(segments, (data.size + PAGE - 1) // PAGE * PAGE):
        return KILLED_BY_SIGBUS
    try:
        return reader(_AsMapped(data, ident, padded=short), path)
    except MalformedElf:
        return KILLED_BY_SIGBUS if short else errno.ENOEXEC


def listed_name(obj: ElfObject, data: Readable | None) -> str | None:
    """The interpreter of a program that the loader is told to list; None where it keeps its own name.

    The last PT_INTERP counts, and its address, not its place in the file (musl ``__dls3``, ``ldso.name = laddr(&app,
    p_vaddr)``). The two differ in files of debug information, whose segments have lost what they held.
    """
    told = [segment for segment in obj.segments if segment.type == PT_INTERP]
    if obj.mapped_interpreter is None or not told or data is None:
        return obj.mapped_interpreter
    place = place_of(loads_of(obj.segments), told[-1].vaddr)
    if len(told) == 1 and place == told[0].offset and told[0].filesz > len(obj.mapped_interpreter):
        return obj.mapped_interpreter
    text = data.at(place, _LONGEST_NAME) if place is not None else b""
    data.close()
    return text.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _clears_beyond(segments: tuple[Segment, ...], end: int) -> bool:
    """Whether the rest of the last page of a segment's file part, which musl clears for .bss, is not in the file."""
    return any(
        s.type == PT_LOAD and s.flags & _PF_W and s.memsz > s.filesz
        and (s.vaddr + s.filesz) % PAGE and s.offset + s.filesz > end
        for s in segments
    )  # fmt: skip
