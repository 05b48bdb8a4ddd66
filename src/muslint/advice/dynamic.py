"""The dynamic section of a rewritten file: entries dropped, replaced and added in the place it has."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from muslint.advice.rewrite import Changes
from muslint.elf import object as elf
from muslint.elf.object import ElfObject
from muslint.errors import CannotFix

DT_MIPS_RLD_MAP_REL = 0x70000035
"""Its value counts from the address of the entry itself."""
_VERSIONS = (elf.DT_VERNEED, elf.DT_VERNEEDNUM)

Entries = list[tuple[int, int]]


def entries(
    before: ElfObject, changes: Changes, table: bytes, address: int | None, offsets: Mapping[str, int]
) -> Entries:
    """The entries that ``changes`` make of those of ``before``, without DT_NULL.

    ``table`` is the string table as it was; ``address`` that of its longer copy, None where none is needed, and
    ``offsets`` the places of the new names in it.
    """
    found: Entries = []
    replaced = dict(changes.replace_needed)
    drop = {*_VERSIONS, *(() if before.versions_defined else (elf.DT_VERSYM,))} if changes.drop_versions else set()
    if changes.rpath is not None:
        drop |= {elf.DT_RPATH, elf.DT_RUNPATH}
    last = 0
    for tag, value in before.dynamic:
        name = _text(table, value) if tag == elf.DT_NEEDED else ""
        if tag in drop or (tag == elf.DT_NEEDED and name in changes.drop_needed):
            continue
        if tag == elf.DT_NEEDED and name in replaced:
            value = offsets[replaced[name]]
        elif tag == elf.DT_STRTAB and address is not None:
            value = address
        elif tag == elf.DT_STRSZ and address is not None:
            value = len(table) + sum(len(name.encode("utf-8", "surrogateescape")) + 1 for name in offsets)
        found.append((tag, value))
        if tag == elf.DT_NEEDED:
            last = len(found)
    found[last:last] = [(elf.DT_NEEDED, offsets[name]) for name in changes.add_needed]
    if changes.rpath:
        found.append((elf.DT_RUNPATH, offsets[changes.rpath]))
    return found


def _text(table: bytes, offset: int) -> str:
    end = table.find(b"\0", offset)
    return table[offset:end].decode("utf-8", "surrogateescape")


def room(obj: ElfObject) -> int:
    """How many entries the dynamic section has place for, DT_NULL counted."""
    place = next(segment for segment in obj.segments if segment.type == elf.PT_DYNAMIC)
    return place.filesz // (16 if obj.ident.bits == 64 else 8)


def rld_map(obj: ElfObject) -> int | None:
    """The address that DT_MIPS_RLD_MAP_REL leads to; None without one."""
    place = next(segment for segment in obj.segments if segment.type == elf.PT_DYNAMIC)
    size = 16 if obj.ident.bits == 64 else 8
    for index, (tag, value) in enumerate(obj.dynamic):
        if tag == DT_MIPS_RLD_MAP_REL:
            return (place.vaddr + index * size + value) % (1 << obj.ident.bits)
    return None


def write(out: str, before: ElfObject, after: ElfObject, wanted: Entries) -> None:
    """Write the entries into the dynamic section of ``out``. Raises CannotFix when they do not fit."""
    place = next(segment for segment in after.segments if segment.type == elf.PT_DYNAMIC)
    wide = before.ident.bits == 64
    row = struct.Struct(("<" if before.ident.little else ">") + ("QQ" if wide else "II"))
    held = room(after)
    if len(wanted) + 1 > held:
        raise CannotFix(f"its dynamic section has room for {held - 1} entries, {len(wanted)} are wanted")
    target = rld_map(before)
    if target is not None:
        index = [tag for tag, _ in wanted].index(DT_MIPS_RLD_MAP_REL)
        there = target - (place.vaddr + index * row.size)
        wanted = [*wanted[:index], (DT_MIPS_RLD_MAP_REL, there % (1 << before.ident.bits)), *wanted[index + 1 :]]
    packed = b"".join(row.pack(tag, value) for tag, value in wanted)
    with open(out, "r+b") as stream:
        stream.seek(place.offset)
        stream.write(packed.ljust(held * row.size, b"\0"))
