"""What an object file (``.o``, ET_REL) gives a linker and asks of it: its global names.

A linker goes by section headers (gABI, "Sections", "Symbol Table", "Relocation"); nothing of this is seen by a
loader. Every number is checked against the file before it is used.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from muslint.elf.columns import column
from muslint.elf.header import LAYOUTS, Layout, identify
from muslint.elf.machine import EM_MIPS
from muslint.elf.object import SHN_UNDEF, STB_GLOBAL, STB_GNU_UNIQUE, STB_LOCAL, Readable
from muslint.elf.strings import strings
from muslint.errors import MalformedElf, UnreadableSource

MAX_TABLE = 1 << 28
"""Largest table that is read, in bytes."""

_SHT_SYMTAB, _SHT_RELA, _SHT_REL, _SHT_NOBITS, _SHT_CREL = 2, 4, 9, 8, 0x40000014
_LTO = "__gnu_lto_slim"
"""A name that GCC defines in object files that hold no machine code yet."""


class LinkNames(NamedTuple):
    """The names of one object file that count when it is linked."""

    defined: frozenset[str]
    wanted: frozenset[str]  # undefined, not weak, and referred to
    module: bool  # a kernel module (``.modinfo``): nothing links it to a C library
    deferred: bool  # compiled for link-time optimisation: its references come into being when it is linked


class _Section(NamedTuple):
    name: int
    type: int
    offset: int
    size: int
    link: int
    info: int


def link_names(data: Readable) -> LinkNames:
    """Read the names of an ET_REL file; raises MalformedElf where a table does not lie in the file."""
    ident, _, raw = identify(data.at(0, 64))
    layout = LAYOUTS[ident.bits, ident.little]
    sections, names_at = _sections(data, layout, raw)
    module = _has_section(data, sections, names_at, b".modinfo")
    table = next((section for section in sections if section.type == _SHT_SYMTAB), None)
    if table is None or table.link >= len(sections):
        return LinkNames(frozenset(), frozenset(), module, False)
    symbols = _bytes(data, table, "symbol table")
    names, infos, places = _columns(symbols, layout)
    packed = ident.machine == EM_MIPS and ident.bits == 64 and ident.little
    used = _referred(data, sections, layout, packed)
    shared = range(min(table.info, len(names)), len(names))
    known = [at for at in shared if infos[at] >> 4 != STB_LOCAL]
    texts = strings(_bytes(data, sections[table.link], "string table"), [names[at] for at in known])
    defined, wanted = set(), set()
    for at, text in zip(known, texts):
        name = text.split("@", 1)[0]  # a version from ``.symver``: musl's linker has no versions to choose from
        if places[at] != SHN_UNDEF:
            defined.add(name)
        elif infos[at] >> 4 in (STB_GLOBAL, STB_GNU_UNIQUE) and (used is None or at in used):
            wanted.add(name)
    return LinkNames(frozenset(defined), frozenset(wanted - {""}), module, _LTO in defined)


def linkable(data: Readable, in_root: bool) -> tuple[LinkNames | None, str]:
    """The names of an object file that may be linked, or why it is passed over; "" for what is nobody's business.

    ``data`` is closed afterwards; ``in_root`` says that it lies in a whole file system.
    """
    try:
        names = link_names(data)
    except (MalformedElf, UnreadableSource) as error:
        return None, str(error)
    finally:
        data.close()
    if in_root:
        return None, ""  # nothing in a file system loads them, and it may hold thousands
    if names.module:
        return None, "a kernel module: no C library has a part in it"
    if names.deferred:
        return None, "an object file for link-time optimisation: it holds no machine code yet"
    return names, ""


def _sections(data: Readable, layout: Layout, raw: tuple[int, ...]) -> tuple[list[_Section], int]:
    """The section headers, and the index of the one that names them (beyond 65,279 they count in the first)."""
    start, size, count, names_at = raw[6], raw[11], raw[12], raw[13]
    form = struct.Struct(layout.order + ("IIQQQQIIQQ" if layout.word_size == 8 else "10I"))
    if not start:
        return [], 0
    if size != form.size:
        raise MalformedElf(f"section headers of {size} bytes, not {form.size}")
    first = data.at(start, form.size)
    if len(first) == form.size and not count:
        count = form.unpack(first)[5]
    if count * form.size > MAX_TABLE:
        raise MalformedElf(f"{count} sections")
    table = data.at(start, count * form.size)
    if len(table) < count * form.size:
        raise MalformedElf("the file ends inside its section headers")
    sections = [
        _Section(name, kind, offset, length, link, info)
        for name, kind, _, _, offset, length, link, info, _, _ in form.iter_unpack(table)
    ]
    if names_at == 0xFFFF and sections:
        names_at = sections[0].link
    return sections, names_at


def _bytes(data: Readable, section: _Section, what: str) -> bytes:
    if section.type == _SHT_NOBITS:
        return b""
    if section.size > MAX_TABLE:
        raise MalformedElf(f"a {what} of {section.size} bytes")
    found = data.at(section.offset, section.size)
    if len(found) < section.size:
        raise MalformedElf(f"the file ends inside its {what}")
    return found


def _has_section(data: Readable, sections: Sequence[_Section], names_at: int, wanted: bytes) -> bool:
    if names_at >= len(sections):
        return False
    names = b"\0" + _bytes(data, sections[names_at], "section names") + b"\0"
    if b"\0" + wanted + b"\0" not in names:
        return False
    return any(names[s.name + 1 : s.name + 2 + len(wanted)] == wanted + b"\0" for s in sections)


def _columns(symbols: bytes, layout: Layout) -> tuple[list[int], bytes, list[int]]:
    """Name offsets, ``st_info`` and section indexes of a symbol table."""
    little = layout.order == "<"
    symbols = symbols[: len(symbols) // layout.symbol_size * layout.symbol_size]
    if layout.word_size == 8:
        return column(symbols, "I", 0, 6, little), symbols[4::24], column(symbols, "H", 3, 12, little)
    return column(symbols, "I", 0, 4, little), symbols[12::16], column(symbols, "H", 7, 8, little)


def _referred(data: Readable, sections: Iterable[_Section], layout: Layout, packed: bool) -> set[int] | None:
    """Indexes of the symbols that a relocation refers to: a linker looks up no others. None: all may be."""
    used: set[int] = set()
    for section in sections:
        if section.type == _SHT_CREL:
            return None
        if section.type in (_SHT_REL, _SHT_RELA):
            words = 2 + (section.type == _SHT_RELA)
            infos = column(_bytes(data, section, "relocations"), layout.word, 1, words, layout.order == "<")
            if layout.word_size == 4:
                used.update(info >> 8 for info in infos)
            else:
                used.update((info & 0xFFFFFFFF if packed else info >> 32) for info in infos)
    return used
