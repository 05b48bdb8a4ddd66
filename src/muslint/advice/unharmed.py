"""Whether a rewritten binary is what was asked for and nothing else.

Every fact a loader reads is compared, and every byte that is mapped: code and data must stand at the addresses they
stood at. Only the tables that a change rewrites may differ in bytes, and those are compared by what they say.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import pairwise

from muslint.advice.dynamic import DT_MIPS_RLD_MAP_REL, rld_map
from muslint.advice.rewrite import Changes
from muslint.elf import object as elf
from muslint.elf.object import ElfObject, Readable, Segment

_MEANT = frozenset(
    {
        elf.DT_NEEDED, elf.DT_RPATH, elf.DT_RUNPATH, elf.DT_STRTAB, elf.DT_STRSZ, elf.DT_SONAME, elf.DT_VERNEED,
        elf.DT_VERNEEDNUM, elf.DT_VERSYM, elf.DT_VERDEF, elf.DT_VERDEFNUM, elf.DT_GNU_HASH,
        DT_MIPS_RLD_MAP_REL,
    }
)  # fmt: skip
"""Tags whose values may move; what they lead to is compared instead."""

_CHUNK = 1 << 20


def expected_needed(before: ElfObject, changes: Changes) -> tuple[str, ...]:
    """The NEEDED entries there should be, sorted: LIEF puts new ones where it finds room."""
    replaced = dict(changes.replace_needed)
    kept = [replaced.get(name, name) for name in before.needed if name not in changes.drop_needed]
    return tuple(sorted([*kept, *changes.add_needed]))


def harm(before: ElfObject, after: ElfObject, old: Readable, new: Readable, changes: Changes) -> str | None:
    """What the rewriting damaged, in a few words; None when the new file is just what was asked for."""
    facts = _facts(before, after, changes) or _symbols(before, after, changes) or _headers(after)
    if facts is not None:
        return facts
    for address in _moved(before, after, old, new):
        return f"the byte at address {address:#x} is another"
    return _hash(after, new, len(before.symbols))


def _facts(before: ElfObject, after: ElfObject, changes: Changes) -> str | None:
    order = [name for name in before.needed if name in after.needed]
    wanted = before.runpath if changes.rpath is None else changes.rpath or None
    rpath = before.rpath if changes.rpath is None else None
    pairs = (
        ("header", before.ident, after.ident),
        ("kind", before.kind, after.kind),
        ("interpreter", changes.interpreter or before.interpreter, after.interpreter),
        ("NEEDED", expected_needed(before, changes), tuple(sorted(after.needed))),
        ("order of NEEDED", order, [name for name in after.needed if name in order]),
        ("soname", before.soname, after.soname),
        ("rpath", rpath, after.rpath),
        ("runpath", wanted, after.runpath),
        ("TLS", before.tls, after.tls),
        ("RELR", before.relr_words, after.relr_words),
        ("versions defined", before.versions_defined, after.versions_defined),
        ("versions needed", () if changes.drop_versions else before.versions_needed, after.versions_needed),
        ("notes", before.notes, after.notes),
        ("dynamic section", _tags(before), _tags(after)),
        ("debug map", rld_map(before), rld_map(after)),
        ("relocations", [list(t) for t in before.relocations], [list(t) for t in after.relocations]),
    )
    wrong = next((name for name, mine, its in pairs if mine != its), None)
    if wrong is not None:
        return f"its {wrong} came out otherwise"
    if changes.stack_size is not None and (after.gnu_stack is None or after.gnu_stack.memsz != changes.stack_size):
        return "its stack size came out otherwise"
    return None


def _tags(obj: ElfObject) -> list[tuple[int, int]]:
    return sorted((tag, value) for tag, value in obj.dynamic if tag not in _MEANT)


def _symbols(before: ElfObject, after: ElfObject, changes: Changes) -> str | None:
    # An empty hash table counts no symbols: how many there are is then read off the next table, which may have moved.
    uncounted = not any(symbol.defined for symbol in before.symbols)
    if len(before.symbols) > len(after.symbols) or (len(before.symbols) < len(after.symbols) and not uncounted):
        return "its number of symbols came out otherwise"
    for mine, its in zip(before.symbols, after.symbols):
        dropped = changes.drop_versions and (not mine.defined or its.version is None)
        same = mine._replace(version=its.version, hidden=its.hidden) if dropped else mine
        if same != its:
            return f"its symbol {mine.name} came out otherwise"
    for symbol in before.symbols:
        if symbol.defined and symbol.bind != elf.STB_LOCAL:
            one = [i for i in before.symbols.chain(symbol.name) if before.symbols.shndxs[i]]
            other = [i for i in after.symbols.chain(symbol.name) if after.symbols.shndxs[i]]
            if one != other:
                return f"its symbol {symbol.name} is found otherwise"
    return None


def loads(obj: ElfObject) -> list[Segment]:
    """The PT_LOAD segments, in file order."""
    return [segment for segment in obj.segments if segment.type == elf.PT_LOAD]


def _headers(after: ElfObject) -> str | None:
    """Kernels before 5.18 find the program headers by their file offset: that must be where they are mapped."""
    segments = loads(after)
    table = next((segment for segment in after.segments if segment.type == 6), None)  # PT_PHDR
    if table is not None and segments and table.vaddr - table.offset != segments[0].vaddr - segments[0].offset:
        return "its program headers came to lie where older kernels do not find them"
    ends = sorted((s.vaddr, s.vaddr + s.memsz) for s in segments)
    ordered = [s.vaddr for s in segments] == [start for start, _ in ends]
    if not ordered or any(one[1] > other[0] for one, other in pairwise(ends)):
        return "its segments overlap"
    return None


def _moved(before: ElfObject, after: ElfObject, old: Readable, new: Readable) -> Iterator[int]:
    """Addresses whose content is another, apart from the tables that are compared by what they say."""
    free = sorted([*_tables(before, old), *_tables(after, new)])
    for segment in loads(before):
        at = segment.vaddr
        while at < segment.vaddr + segment.filesz:
            size = min(_CHUNK, segment.vaddr + segment.filesz - at)
            mine = old.at(segment.offset + at - segment.vaddr, size)
            its = mapped(after, new, at, size)
            if mine != its:
                differing = (at + i for i, (a, b) in enumerate(zip(mine, its)) if a != b)
                yield from (x for x in differing if not any(start <= x < end for start, end in free))
                if len(mine) != len(its):
                    yield at + min(len(mine), len(its))
            at += size
    for mine_, its_ in zip(loads(before), loads(after)):
        if (mine_.flags, mine_.vaddr, mine_.memsz - mine_.filesz) != (its_.flags, its_.vaddr, its_.memsz - its_.filesz):
            yield mine_.vaddr


def mapped(obj: ElfObject, data: Readable, address: int, size: int) -> bytes:
    """Up to ``size`` bytes of the file as they lie at ``address``; none where nothing is mapped from it."""
    for segment in loads(obj):
        if segment.vaddr <= address < segment.vaddr + segment.filesz:
            room = segment.vaddr + segment.filesz - address
            return data.at(segment.offset + address - segment.vaddr, min(size, room))
    return b""


def _tables(obj: ElfObject, data: Readable) -> Iterator[tuple[int, int]]:
    """The address ranges of header, interpreter, dynamic section, names, symbols, versions and hash."""
    wide = obj.ident.bits == 64
    segments = loads(obj)
    if segments and segments[0].offset == 0:
        yield segments[0].vaddr, segments[0].vaddr + (64 if wide else 52) + len(obj.segments) * (56 if wide else 32)
    for segment in obj.segments:
        if segment.type in (6, elf.PT_INTERP, elf.PT_DYNAMIC):
            yield segment.vaddr, segment.vaddr + segment.filesz
    files = {version.library for version in obj.versions_needed}
    sizes = {
        elf.DT_STRTAB: obj.tag(elf.DT_STRSZ) or 0,
        elf.DT_SYMTAB: len(obj.symbols) * (24 if wide else 16),
        elf.DT_VERSYM: len(obj.symbols) * 2,
        elf.DT_VERNEED: 16 * (len(files) + len(obj.versions_needed)),
        elf.DT_VERDEF: 36 * (len(obj.versions_defined)),
        elf.DT_GNU_HASH: hash_size(obj, data),
    }
    for tag, size in sizes.items():
        address = obj.tag(tag)
        if address is not None:
            yield address, address + size


def _hash_header(obj: ElfObject, data: Readable) -> tuple[int, int, int, int] | None:
    address = obj.tag(elf.DT_GNU_HASH)
    raw = mapped(obj, data, address, 16) if address is not None else b""
    if len(raw) < 16:
        return None
    buckets, first, words, shift = struct.unpack(("<" if obj.ident.little else ">") + "4I", raw)
    return buckets, first, words, shift


def hash_size(obj: ElfObject, data: Readable) -> int:
    """Bytes of the GNU hash table; 0 without one."""
    header = _hash_header(obj, data)
    if header is None:
        return 0
    buckets, first, words, _ = header
    return 16 + words * obj.ident.bits // 8 + buckets * 4 + max(0, len(obj.symbols) - first) * 4


def _hash(after: ElfObject, new: Readable, count: int) -> str | None:
    """Whether the filter of the GNU hash lets every defined name through (glibc and musl ask it first)."""
    header = _hash_header(after, new)
    address = after.tag(elf.DT_GNU_HASH)
    if header is None or address is None:
        return None
    _, first, words, shift = header
    size, order = after.ident.bits, "<" if after.ident.little else ">"
    raw = mapped(after, new, address + 16, words * size // 8)
    if not words or len(raw) < words * size // 8:
        return "its hash table is cut short"
    filters = struct.unpack(f"{order}{words}{'Q' if size == 64 else 'I'}", raw)
    for index in range(first, count):
        value = 5381
        for byte in after.symbols.names[index].encode("utf-8", "surrogateescape"):
            value = (value * 33 + byte) & 0xFFFFFFFF
        word = filters[value // size % words]
        if after.symbols.shndxs[index] and not (word >> value % size & word >> (value >> shift) % size & 1):
            return f"its symbol {after.symbols.names[index]} is hidden by the hash table's filter"
    return None
