"""A changed copy with everything new in one segment at the end of the file: where LIEF finds no room without harm.

No byte of the old image but the ELF header changes. The new segment holds the program headers, and as wanted the
longer string table, the interpreter and the dynamic section. Its address keeps the distance to its place in the file
that the first segment has: kernels before 5.18 find the program headers by that.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Mapping
from typing import NamedTuple

from muslint.advice.rewrite import Changes
from muslint.elf import object as elf
from muslint.elf.object import ElfObject, Segment
from muslint.errors import CannotFix

PT_PHDR = 6
_MOST_PADDING = 64 << 20  # bytes of a file that grows by its bss


class Plan(NamedTuple):
    """What the new segment is to hold."""

    strings: bytes  # the longer string table; empty to keep the old one
    entries: int  # of the dynamic section when it must move, DT_NULL counted; 0 when it stays


def append(path: str, out: str, before: ElfObject, changes: Changes, plan: Plan) -> int:
    """Write ``out``; returns the address of the string table in it. Raises CannotFix where that is not sound."""
    loads = [segment for segment in before.segments if segment.type == elf.PT_LOAD]
    wide = before.ident.bits == 64
    if not loads:
        raise CannotFix("it has no segment that is loaded")
    page = max(4096, *(segment.align for segment in loads))
    delta = loads[0].vaddr - loads[0].offset
    end = max(segment.vaddr + segment.memsz for segment in loads)
    with open(path, "rb") as stream:
        size = stream.seek(0, 2)
    offset = -(-max(end - delta, size) // page) * page
    if offset - size > _MOST_PADDING:
        raise CannotFix("its memory is so much larger than the file that the copy would be mostly empty")
    address = offset + delta
    row = 16 if wide else 8
    table_size = (len(before.segments) + 1) * (56 if wide else 32)
    # program headers, dynamic section, interpreter, strings: what needs alignment first
    moved = -(-table_size // 16) * 16
    texts = moved + plan.entries * row
    text = (changes.interpreter or "").encode("utf-8", "surrogateescape") + b"\0" if changes.interpreter else b""
    content = bytes(moved + plan.entries * row) + text + plan.strings
    flags = 6 if plan.entries else 4  # a dynamic section is written to by glibc's loader
    places = {
        PT_PHDR: (0, table_size),
        **({elf.PT_INTERP: (texts, len(text))} if text else {}),
        **({elf.PT_DYNAMIC: (moved, plan.entries * row)} if plan.entries else {}),
    }
    segments = [_changed(segment, changes, address, offset, places) for segment in before.segments]
    last = max(i for i, segment in enumerate(segments) if segment.type == elf.PT_LOAD)
    segments.insert(last + 1, Segment(elf.PT_LOAD, flags, offset, address, len(content), len(content), page))
    table = b"".join(_packed(segment, before) for segment in segments)
    shutil.copyfile(path, out)
    with open(out, "r+b") as stream:
        stream.truncate(offset)
        stream.seek(offset)
        stream.write(table + content[len(table) :])
        order = "<" if before.ident.little else ">"
        stream.seek(32 if wide else 28)
        stream.write(struct.pack(order + ("Q" if wide else "I"), offset))
        stream.seek(56 if wide else 44)
        stream.write(struct.pack(order + "H", len(segments)))
    return address + texts + len(text)


def _changed(
    segment: Segment, changes: Changes, address: int, offset: int, places: Mapping[int, tuple[int, int]]
) -> Segment:
    """One old program header as it is to be; ``places`` is what moves: kind → place in the new segment and size."""
    if segment.type in places:
        at, size = places[segment.type]
        return segment._replace(offset=offset + at, vaddr=address + at, filesz=size, memsz=size)
    if segment.type == elf.PT_GNU_STACK and changes.stack_size is not None:
        return segment._replace(memsz=changes.stack_size)
    return segment


def _packed(segment: Segment, obj: ElfObject) -> bytes:
    order = "<" if obj.ident.little else ">"
    kind, flags, offset, vaddr, filesz, memsz, align = segment
    if obj.ident.bits == 64:
        return struct.pack(order + "II6Q", kind, flags, offset, vaddr, vaddr, filesz, memsz, align)
    return struct.pack(order + "8I", kind, offset, vaddr, vaddr, filesz, memsz, flags, align)
