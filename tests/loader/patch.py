"""Small changes to a finished x86-64 ELF file: one field, one entry. Pure functions on its bytes.

Everything is found by way of PT_DYNAMIC, as a loader does; section headers are not read. Each function raises
ValueError where what it should change is not there.
"""

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

PT_LOAD, PT_DYNAMIC, PT_GNU_STACK = 1, 2, 0x6474E551
DT_NULL, DT_NEEDED, DT_PLTRELSZ, DT_STRTAB, DT_SYMTAB = 0, 1, 2, 5, 6
DT_RELA, DT_RELASZ, DT_JMPREL, DT_VERSYM = 7, 8, 23, 0x6FFFFFF0
DT_TEXTREL = 22

_HEADER = {"class": (4, "B"), "data": (5, "B"), "type": (16, "<H"), "machine": (18, "<H"), "version": (20, "<I")}
_HEADER |= {"magic": (0, ">I"), "ident_version": (6, "B"), "osabi": (7, "B"), "flags": (48, "<I")}
_SEGMENT = {"type": (0, "<I"), "flags": (4, "<I"), "offset": (8, "<Q"), "vaddr": (16, "<Q")}
_SEGMENT |= {"filesz": (32, "<Q"), "memsz": (40, "<Q"), "align": (48, "<Q")}
_SYMBOL = {"name": (0, "<I"), "info": (4, "B"), "other": (5, "B"), "shndx": (6, "<H"), "value": (8, "<Q")}


class _Segment(NamedTuple):
    at: int
    type: int
    offset: int
    vaddr: int
    filesz: int


def _segments(data: bytes) -> Iterator[_Segment]:
    start, size, count = struct.unpack_from("<Q14xHH", data, 32)[0], *struct.unpack_from("<HH", data, 54)
    for at in range(start, start + size * count, size):
        kind, _flags, offset, vaddr, _paddr, filesz = struct.unpack_from("<IIQQQQ", data, at)
        yield _Segment(at, kind, offset, vaddr, filesz)


def _place(data: bytes, vaddr: int) -> int:
    """The file offset of an address."""
    for segment in _segments(data):
        if segment.type == PT_LOAD and segment.vaddr <= vaddr < segment.vaddr + segment.filesz:
            return segment.offset + vaddr - segment.vaddr
    raise ValueError(f"no segment holds {vaddr:#x}")


def _entries(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(file offset, tag, value) of the dynamic section."""
    for segment in _segments(data):
        if segment.type == PT_DYNAMIC:
            for at in range(segment.offset, segment.offset + segment.filesz, 16):
                tag, value = struct.unpack_from("<qQ", data, at)
                if tag == DT_NULL:
                    return
                yield at, tag, value


def _dynamic(data: bytes) -> dict[int, int]:
    return {tag: value for _at, tag, value in _entries(data)}


def _write(data: bytes, at: int, form: str, value: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(form, changed, at, value)
    return bytes(changed)


def _string(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode()


def _symbol(data: bytes, name: str) -> tuple[int, int]:
    """(index, file offset) of the first symbol of that name."""
    tags = _dynamic(data)
    table, strings = _place(data, tags[DT_SYMTAB]), _place(data, tags[DT_STRTAB])
    # The two tables lie one before the other, and nothing else says how long the first is.
    for index in range(1, (len(data) - table) // 24):
        at = table + 24 * index
        place = strings + struct.unpack_from("<I", data, at)[0]
        if place < len(data) and _string(data, place) == name:
            return index, at
    raise ValueError(f"no dynamic symbol {name}")


def _relocations(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(file offset, type, symbol index) of every entry, in the loader's order."""
    tags = _dynamic(data)
    for table, size in ((DT_JMPREL, DT_PLTRELSZ), (DT_RELA, DT_RELASZ)):
        if table in tags:
            start = _place(data, tags[table])
            for at in range(start, start + tags[size], 24):
                info = struct.unpack_from("<Q", data, at + 8)[0]
                yield at, info & 0xFFFFFFFF, info >> 32


def header(data: bytes, field: str, value: int) -> bytes:
    """Set a field of the ELF header (a key of `_HEADER`)."""
    at, form = _HEADER[field]
    return _write(data, at, form, value)


def truncate(data: bytes, length: int) -> bytes:
    """Keep the first ``length`` bytes."""
    return data[:length]


def segment(data: bytes, kind: int, number: int, field: str, value: int) -> bytes:
    """Set a field of the ``number``-th (from 0) program header of type ``kind``."""
    found = [row for row in _segments(data) if row.type == kind]
    at, form = _SEGMENT[field]
    if number >= len(found):
        raise ValueError(f"no program header {number} of type {kind:#x}")
    return _write(data, found[number].at + at, form, value)


def empty_load(data: bytes, vaddr: int) -> bytes:
    """Make PT_GNU_STACK a PT_LOAD of no length at ``vaddr``."""
    data = segment(data, PT_GNU_STACK, 0, "vaddr", vaddr)
    data = segment(data, PT_GNU_STACK, 0, "memsz", 0)
    return segment(data, PT_GNU_STACK, 0, "type", PT_LOAD)


def relocation_type(data: bytes, name: str, number: int, kind: int) -> bytes:
    """Set the type of the ``number``-th (from 0) relocation against symbol ``name``; "" for those with no symbol."""
    index = _symbol(data, name)[0] if name else 0
    found = [row for row in _relocations(data) if row[2] == index]
    if number >= len(found):
        raise ValueError(f"no relocation {number} against {name!r}")
    return _write(data, found[number][0] + 8, "<I", kind)


def relocation_place(data: bytes, name: str, number: int, address: int) -> bytes:
    """Set the address the ``number``-th (from 0) relocation against symbol ``name`` is written to."""
    index = _symbol(data, name)[0] if name else 0
    found = [row for row in _relocations(data) if row[2] == index]
    if number >= len(found):
        raise ValueError(f"no relocation {number} against {name!r}")
    return _write(data, found[number][0], "<Q", address)


def symbol(data: bytes, name: str, field: str, value: int) -> bytes:
    """Set a field (a key of `_SYMBOL`) of the dynamic symbol ``name``."""
    at, form = _SYMBOL[field]
    return _write(data, _symbol(data, name)[1] + at, form, value)


def hidden_version(data: bytes, name: str) -> bytes:
    """Set bit 15 of the symbol's version index: no longer the default version."""
    tags = _dynamic(data)
    at = _place(data, tags[DT_VERSYM]) + 2 * _symbol(data, name)[0]
    return _write(data, at, "<H", struct.unpack_from("<H", data, at)[0] | 0x8000)


def dynamic_tag(data: bytes, tag: int, other: int) -> bytes:
    """Turn every dynamic entry of one tag into another tag, its value unchanged."""
    places = [at for at, found, _value in _entries(data) if found == tag]
    if not places:
        raise ValueError(f"no dynamic entry {tag:#x}")
    for at in places:
        data = _write(data, at, "<q", other)
    return data


def needed_empty(data: bytes, number: int) -> bytes:
    """Let the ``number``-th (from 0) DT_NEEDED point at the empty string."""
    places = [at for at, tag, _value in _entries(data) if tag == DT_NEEDED]
    return _write(data, places[number] + 8, "<Q", 0)


PATCHES: dict[str, Callable[..., bytes]] = {
    call.__name__: call
    for call in (
        header, truncate, segment, empty_load, relocation_type, relocation_place, symbol, hidden_version, dynamic_tag,
        needed_empty,
    )
}  # fmt: skip
"""What a ``case.toml`` may call, by name."""
