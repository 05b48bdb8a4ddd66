"""An `ElfObject` from tables that a library has already decoded.

Both library-based readers end here, so that what an object *is* (its kind, its architecture's
name, the order of its relocation tables) is said once and only the reading differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from muslint.elf import object as elf
from muslint.elf.hashes import sysv_chain
from muslint.elf.header import LAYOUTS, Header, headers_mapped, kind_of
from muslint.elf.machine import EM_MIPS, musl_arch
from muslint.elf.object import ElfObject, Note, RelocationTable, Version
from muslint.elf.relocations import MipsGot
from muslint.elf.rows import SymbolRows

SysvHash = tuple[Sequence[int], Sequence[int]]
"""Buckets and chains of DT_HASH."""


@dataclass(frozen=True, slots=True)
class DecodedVersions:
    """The `LateFacts` of an object whose version tables and notes are decoded: ``(index, version)`` pairs."""

    needs: tuple[tuple[int, Version], ...] = ()
    definitions: tuple[tuple[int, str], ...] = ()
    found_notes: tuple[Note, ...] = ()

    def names(self) -> dict[int, str]:
        """Version index → name; indexes 0 and 1 mean unversioned and are left out."""
        names = {**dict(self.definitions), **{index & 0x7FFF: version.name for index, version in self.needs}}
        return {index: name for index, name in names.items() if index > 1}

    def versions_needed(self) -> tuple[Version, ...]:
        """DT_VERNEED in file order."""
        return tuple(version for _, version in self.needs)

    def versions_defined(self) -> tuple[str, ...]:
        """Names of DT_VERDEF in file order."""
        return tuple(name for _, name in self.definitions)

    def needs_by_index(self) -> tuple[tuple[int, Version], ...]:
        """DT_VERNEED in file order, each with its index (``vna_other``)."""
        return self.needs

    def definitions_by_index(self) -> tuple[tuple[int, str], ...]:
        """DT_VERDEF in file order, each with its index (``vd_ndx``)."""
        return self.definitions

    def notes(self) -> tuple[Note, ...]:
        """Every note of the PT_NOTE segments, in file order."""
        return self.found_notes


@dataclass(frozen=True, slots=True)
class DecodedSymbol:
    """One row of DT_SYMTAB before its version has a name."""

    name: str
    info: int  # st_info
    other: int  # st_other, all eight bits
    shndx: int
    value: int
    size: int


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a library read of one file, in the file's own numbers."""

    header: Header
    interpreter: str | None
    dynamic: tuple[tuple[int, int], ...]  # (tag, value) before DT_NULL
    needed: tuple[str, ...]
    soname: str | None
    rpath: str | None
    runpath: str | None
    symbols: Sequence[DecodedSymbol]
    versyms: Sequence[int] | None
    first_hashed: int
    sysv_hash: SysvHash | None  # only where no DT_GNU_HASH is there
    relocations: tuple[RelocationTable, ...]  # JMPREL, REL, RELA
    versions: DecodedVersions
    filters: tuple[str, ...] = ()  # DT_AUXILIARY and DT_FILTER


def symbol_rows(decoded: Decoded) -> SymbolRows:
    """The symbol table with versions by name."""
    names = decoded.versions.names()
    versyms = decoded.versyms or [0] * len(decoded.symbols)
    rows = [
        elf.Symbol(
            s.name, s.info >> 4, s.info & 15, s.other & 3, s.shndx, s.value, s.size, names.get(v & 0x7FFF), v >= 0x8000
        )
        for s, v in zip(decoded.symbols, versyms)
    ]
    chain = None
    if decoded.sysv_hash is not None:
        buckets, chains = decoded.sysv_hash
        known = [row.name for row in rows]

        def chain(name: str) -> Sequence[int]:
            return sysv_chain(known, name, buckets, chains)

    return SymbolRows(rows, bytes(s.other for s in decoded.symbols), decoded.versyms, decoded.first_hashed, chain)


def decoded_object(path: str, decoded: Decoded) -> ElfObject:
    """The object these tables describe; raises MalformedElf for an ELF type that is none we know."""
    header, tags, first = decoded.header, dict(decoded.dynamic), dict(reversed(decoded.dynamic))
    ident, segments = header.ident, header.segments
    by_type = {s.type: s for s in reversed(segments)}
    word = LAYOUTS[ident.bits, ident.little].word_size
    return ElfObject(
        path=path,
        ident=ident,
        arch=musl_arch(ident.machine, ident.bits, ident.little, ident.flags),
        kind=kind_of(ident.type, decoded.interpreter, decoded.soname, tags, bool(decoded.needed)),
        segments=segments,
        interpreter=decoded.interpreter,
        mapped_interpreter=decoded.interpreter if headers_mapped(header) else None,
        has_dynamic=elf.PT_DYNAMIC in by_type,
        dynamic=decoded.dynamic,
        needed=decoded.needed,
        soname=decoded.soname,
        rpath=decoded.rpath,
        runpath=decoded.runpath,
        symbols=symbol_rows(decoded),
        relocations=(*_mips_got(ident.machine, tags, first, word, len(decoded.symbols)), *decoded.relocations),
        relr_words=tags.get(elf.DT_RELRSZ, 0) // word if elf.DT_RELR in tags else 0,
        has_hash=elf.DT_HASH in tags,
        has_gnu_hash=elf.DT_GNU_HASH in tags,
        gnu_stack=by_type.get(elf.PT_GNU_STACK),
        tls=by_type.get(elf.PT_TLS),
        _late=decoded.versions,
        filters=decoded.filters,
        headers_mapped=headers_mapped(header),
    )


def _mips_got(
    machine: int, last: dict[int, int], first: dict[int, int], word: int, symbols: int
) -> Iterable[RelocationTable]:
    if machine == EM_MIPS and elf.DT_MIPS_GOTSYM in first:
        count = min(first.get(elf.DT_MIPS_SYMTABNO, 0), symbols)
        base = last.get(elf.DT_PLTGOT, 0) + first.get(elf.DT_MIPS_LOCAL_GOTNO, 0) * word
        yield MipsGot(first[elf.DT_MIPS_GOTSYM], count, base, word)
