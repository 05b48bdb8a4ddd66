"""ELF read by pyelftools, as a second opinion on muslint's own reader (``--reader pyelftools``).

pyelftools decodes every structure; what is repaired here is where its own walks go wrong:

- its symbol count is the first hashed index when the GNU hash is empty, so every import is lost;
- its DynamicSegment trusts section headers, and reads a debug file's segment that has no bytes;
- its SysV hash has 32-bit entries everywhere, but those of s390x have 64;
- it drops bits of ``st_other`` (STO_MIPS_PLT among them), and raises for a name that is not UTF-8.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import islice
from typing import Any

from elftools.common.utils import parse_cstring_from_stream, struct_parse
from elftools.elf import enums
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.hash import GNUHashTable
from elftools.elf.relocation import RelocationTable as LibraryRelocations
from elftools.elf.segments import NoteSegment

from muslint.elf import object as elf
from muslint.elf.decoded import Decoded, DecodedSymbol, DecodedVersions, SysvHash, decoded_object
from muslint.elf.header import LAYOUTS, AddressMap, Header
from muslint.elf.machine import EM_MIPS, EM_S390
from muslint.elf.object import ElfObject, Ident, Note, Readable, Relocation, Segment, Version
from muslint.elf.rows import RelocationRows
from muslint.errors import MalformedElf

_LARGEST_DYNAMIC = 4096  # entries
_LARGEST_NOTES = 4096  # entries

_NUMBERS: Mapping[str, int] = {
    name: number
    for mapping in (
        enums.ENUM_E_TYPE, enums.ENUM_E_MACHINE, enums.ENUM_EI_OSABI, enums.ENUM_P_TYPE_BASE, enums.ENUM_P_TYPE_ARM,
        enums.ENUM_P_TYPE_AARCH64, enums.ENUM_P_TYPE_MIPS, enums.ENUM_P_TYPE_RISCV, enums.ENUM_ST_INFO_BIND,
        enums.ENUM_ST_INFO_TYPE, enums.ENUM_ST_SHNDX, enums.ENUM_D_TAG, enums.ENUM_D_TAG_SOLARIS, enums.ENUM_VERSYM,
        enums.ENUM_NOTE_N_TYPE, enums.ENUM_CORE_NOTE_N_TYPE,
    )
    for name, number in mapping.items()
    if name != "_default_"
}  # fmt: skip


def read(data: Readable, path: str) -> ElfObject:
    """Read one ELF object with pyelftools; ``path`` is only carried along.

    Raises MalformedElf with the reason for anything pyelftools cannot read.
    """
    try:
        return decoded_object(path, _Reading(data).decoded())
    except MalformedElf:
        raise
    except Exception as error:
        # On damaged files pyelftools raises ten different types, some of them without a text.
        raise MalformedElf(f"pyelftools: {error or type(error).__name__}") from None


def _number(value: str | int) -> int:
    """The number behind what pyelftools shows as a name when it knows one."""
    return _NUMBERS[value] if isinstance(value, str) else value


class _Reading:
    """One pass over one file; only lives inside `read`."""

    def __init__(self, data: Readable) -> None:
        self.stream = BytesIO(data.at(0, data.size))
        self.file = ELFFile(self.stream)
        # Section headers may lie; without them pyelftools goes by the dynamic tags.
        self.file.header["e_shoff"] = self.file.header["e_shnum"] = 0
        self.structs = self.file.structs
        ident = self.file.header["e_ident"]
        self.ident = Ident(
            self.file.elfclass, self.file.little_endian, _number(self.file["e_machine"]),
            _number(self.file["e_type"]), self.file["e_flags"], _number(ident["EI_OSABI"]),
        )  # fmt: skip
        self.layout = LAYOUTS[self.ident.bits, self.ident.little]
        self.library_segments = list(self.file.iter_segments())
        self.segments = tuple(
            Segment(
                _number(s["p_type"]), s["p_flags"], s["p_offset"], s["p_vaddr"], s["p_filesz"], s["p_memsz"],
                s["p_align"],
            )
            for s in self.library_segments
        )  # fmt: skip
        self.map = AddressMap(self.segments, data.size)
        self.dynamic = tuple(self.tags())
        self.last = dict(self.dynamic)
        self.first = dict(reversed(self.dynamic))
        self.string_start = self.offset(self.last[elf.DT_STRTAB]) if elf.DT_STRTAB in self.last else None
        self.string_size = self.last.get(elf.DT_STRSZ) or self.stream.getbuffer().nbytes

    def decoded(self) -> Decoded:
        header = Header(
            self.ident, self.file["e_entry"], self.file["e_phoff"],
            self.file["e_phentsize"] * self.file["e_phnum"], self.segments,
        )  # fmt: skip
        relocations = tuple(self.relocations())
        count, first_hashed, sysv = self.symbol_count(relocations)
        symbols = self.symbols(count)
        return Decoded(
            header=header,
            interpreter=self.interpreter(),
            dynamic=self.dynamic,
            needed=tuple(self.string(value) for tag, value in self.dynamic if tag == elf.DT_NEEDED),
            filters=tuple(
                self.string(value) for tag, value in self.dynamic if tag in (elf.DT_AUXILIARY, elf.DT_FILTER)
            ),
            soname=self.named(elf.DT_SONAME),
            rpath=self.named(elf.DT_RPATH),
            runpath=self.named(elf.DT_RUNPATH),
            symbols=symbols,
            versyms=self.versyms(len(symbols)),
            first_hashed=first_hashed,
            sysv_hash=sysv,
            relocations=relocations,
            versions=DecodedVersions(tuple(self.needs()), tuple(self.definitions()), tuple(self.notes())),
        )

    def offset(self, address: int) -> int:
        found: int | None = next(self.file.address_offsets(address), None)
        return self.map.offset(address) if found is None else found

    def room(self, address: int) -> int:
        """Bytes of the file from ``address`` to the end of its segment."""
        ends = [s.vaddr + s.filesz for s in self.segments if s.type == elf.PT_LOAD and s.vaddr <= address]
        start = self.offset(address)
        return min(
            max(*ends, address + self.map.span(address)) - address,
            self.stream.getbuffer().nbytes - start,
        )

    def bytes_at(self, address: int, size: int, what: str) -> bytes:
        if size > self.room(address):
            raise MalformedElf(f"the file ends inside its {what}")
        self.stream.seek(self.offset(address))
        return self.stream.read(size)

    def interpreter(self) -> str | None:
        segment = next((s for s in self.segments if s.type == elf.PT_INTERP), None)
        if segment is None:
            return None
        self.stream.seek(segment.offset)
        raw = self.stream.read(min(segment.filesz, 4096))
        return raw.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")

    def library_dynamic(self) -> DynamicSegment:
        return [s for s in self.library_segments if isinstance(s, DynamicSegment)][-1]

    def tags(self) -> Iterator[tuple[int, int]]:
        if not any(isinstance(s, DynamicSegment) for s in self.library_segments):
            return
        segment = self.library_dynamic()
        if segment["p_filesz"] == 0:
            return
        address: int = segment["p_vaddr"]
        if not self.map.span(address) or self.offset(address) != segment["p_offset"]:
            return  # a separate debug file
        count = min(segment["p_filesz"] // self.structs.Elf_Dyn.sizeof(), _LARGEST_DYNAMIC)
        for index in range(count):
            entry = segment._get_tag(index)
            tag = _number(entry["d_tag"])
            if tag == elf.DT_NULL:
                return
            yield tag % 2**self.ident.bits, entry["d_val"]

    def string(self, offset: int) -> str:
        if self.string_start is None or offset >= self.string_size:
            return ""
        raw: bytes = parse_cstring_from_stream(self.stream, self.string_start + offset) or b""
        return raw.decode("utf-8", "surrogateescape")

    def named(self, tag: int) -> str | None:
        return self.string(self.last[tag]) if tag in self.last else None

    def symbols(self, count: int) -> list[DecodedSymbol]:
        if not count:
            return []
        address, size = self.last[elf.DT_SYMTAB], self.structs.Elf_Sym.sizeof()
        table = BytesIO(self.bytes_at(address, count * size, "symbol table"))
        other_at = 5 if self.ident.bits == 64 else 13
        return [self.symbol(struct_parse(self.structs.Elf_Sym, table, i * size), table, i * size + other_at)
                for i in range(count)]  # fmt: skip

    def symbol(self, entry: Any, table: BytesIO, other_at: int) -> DecodedSymbol:
        info = _number(entry["st_info"]["bind"]) << 4 | _number(entry["st_info"]["type"])
        table.seek(other_at)
        return DecodedSymbol(
            self.string(entry["st_name"]), info, table.read(1)[0], _number(entry["st_shndx"]),
            entry["st_value"], entry["st_size"],
        )  # fmt: skip

    def symbol_count(self, relocations: Sequence[RelocationRows]) -> tuple[int, int, SysvHash | None]:
        gnu, sysv = self.first.get(elf.DT_GNU_HASH), self.last.get(elf.DT_HASH)
        if elf.DT_SYMTAB not in self.last:
            return 0, 1, None
        if gnu is not None:
            count, first = self.gnu_hash(gnu)
            return count or self.count_by_references(relocations), first, None
        if sysv is None:
            return self.count_by_references(relocations), 1, ([], [])
        buckets, chains = self.sysv_hash(sysv)
        return len(chains), 1, (buckets, chains)

    def gnu_hash(self, address: int) -> tuple[int, int]:
        buckets, first, bloom, _ = struct.unpack(
            self.layout.order + "4I", self.bytes_at(address, 16, "GNU hash table")
        )  # fmt: skip
        if 16 + bloom * self.layout.word_size + 4 * buckets > self.room(address):
            raise MalformedElf("DT_GNU_HASH is larger than its segment")
        if not buckets:
            return 0, first
        table = GNUHashTable(self.file, self.offset(address), self.library_dynamic())
        # pyelftools gives the first hashed index as the count of an empty table.
        if max(table.params["buckets"]) < first:
            return 0, first
        count: int = table.get_number_of_symbols()
        return count, first

    def sysv_hash(self, address: int) -> SysvHash:
        wide = self.ident.machine == EM_S390 and self.ident.bits == 64
        entry, size = (self.structs.Elf_xword("entry"), 8) if wide else (self.structs.Elf_word("entry"), 4)
        start, limit = self.offset(address), self.room(address) // size
        if limit < 2:
            raise MalformedElf("DT_HASH is larger than its segment")
        buckets, chains = (struct_parse(entry, self.stream, start + i * size) for i in range(2))
        if 2 + buckets + chains > limit:
            raise MalformedElf("DT_HASH is larger than its segment")
        words = [struct_parse(entry, self.stream, start + i * size) for i in range(2, 2 + buckets + chains)]
        return words[:buckets], words[buckets:]

    def count_by_references(self, relocations: Sequence[RelocationRows]) -> int:
        """Symbols where no hash table counts them: up to the next table, less trailing null symbols."""
        start, size = self.last[elf.DT_SYMTAB], self.structs.Elf_Sym.sizeof()
        tags = (
            elf.DT_STRTAB, elf.DT_HASH, elf.DT_GNU_HASH, elf.DT_VERSYM, elf.DT_VERNEED, elf.DT_VERDEF,
            elf.DT_RELA, elf.DT_REL, elf.DT_RELR, elf.DT_JMPREL,
        )  # fmt: skip
        later = [self.last[tag] for tag in tags if self.last.get(tag, 0) > start]
        room = min([self.room(start), *(address - start for address in later)]) // size
        used = max((symbol for table in relocations for _, symbol in table.references()), default=-1) + 1
        filled = len(self.bytes_at(start, room * size, "symbol table").rstrip(b"\0"))
        return max(min(room, max(-(-filled // size), 1)), used)

    def versyms(self, count: int) -> list[int] | None:
        address = self.first.get(elf.DT_VERSYM)
        if not address or not count:
            return None
        table = BytesIO(self.bytes_at(address, 2 * count, "version table"))
        return [_number(struct_parse(self.structs.Elf_Versym, table, 2 * i)["ndx"]) for i in range(count)]

    def relocations(self) -> Iterator[RelocationRows]:
        get = self.last.get
        for name, tag, size_tag, addend in (
            ("JMPREL", elf.DT_JMPREL, elf.DT_PLTRELSZ, get(elf.DT_PLTREL) == elf.DT_RELA),
            ("REL", elf.DT_REL, elf.DT_RELSZ, False),
            ("RELA", elf.DT_RELA, elf.DT_RELASZ, True),
        ):
            size = get(size_tag, 0)
            if not size or tag not in self.last:
                continue
            if size > self.room(self.last[tag]):
                raise MalformedElf(f"the file ends inside its DT_{name} relocations")
            table = LibraryRelocations(self.file, self.offset(self.last[tag]), size, addend)
            yield RelocationRows(name, [self.relocation(entry) for entry in table.iter_relocations()])

    def relocation(self, entry: Any) -> Relocation:
        kind: int = entry["r_info_type"]
        if self.ident.bits == 64:
            if self.ident.machine == EM_MIPS:
                # musl compares the three types and the special symbol as one number.
                kind |= entry["r_info_type2"] << 8 | entry["r_info_type3"] << 16 | entry["r_info_ssym"] << 24
            kind &= 0x7FFFFFFF
        return Relocation(entry["r_offset"], kind, entry["r_info_sym"])

    def walk(self, address_tag: int, count_tag: int, outer: Any, each: Callable[[Any, int], Iterator[Any]],
             following: str) -> Iterator[Any]:  # fmt: skip
        """The entries of DT_VERNEED or DT_VERDEF; bounded, because pyelftools goes by the count alone."""
        if address_tag not in self.last:
            return
        at, size = self.offset(self.last[address_tag]), outer.sizeof()
        for _ in range(min(self.last.get(count_tag, 0), self.room(self.last[address_tag]) // size)):
            entry = struct_parse(outer, self.stream, at)
            yield from each(entry, at)
            if entry[following] == 0:
                return
            at += entry[following]

    def needs(self) -> Iterator[tuple[int, Version]]:
        def each(entry: Any, at: int) -> Iterator[tuple[int, Version]]:
            where = at + entry["vn_aux"]
            for _ in range(entry["vn_cnt"]):
                aux = struct_parse(self.structs.Elf_Vernaux, self.stream, where)
                weak = bool(aux["vna_flags"] & 2)
                yield (
                    aux["vna_other"],
                    Version(self.string(entry["vn_file"]), self.string(aux["vna_name"]), weak),
                )
                if aux["vna_next"] == 0:
                    return
                where += aux["vna_next"]

        return self.walk(elf.DT_VERNEED, elf.DT_VERNEEDNUM, self.structs.Elf_Verneed, each, "vn_next")

    def definitions(self) -> Iterator[tuple[int, str]]:
        def each(entry: Any, at: int) -> Iterator[tuple[int, str]]:
            aux = struct_parse(self.structs.Elf_Verdaux, self.stream, at + entry["vd_aux"])
            yield entry["vd_ndx"] & 0x7FFF, self.string(aux["vda_name"])

        return self.walk(elf.DT_VERDEF, elf.DT_VERDEFNUM, self.structs.Elf_Verdef, each, "vd_next")

    def notes(self) -> Iterator[Note]:
        for segment in self.library_segments:
            if isinstance(segment, NoteSegment):
                for note in islice(segment.iter_notes(), _LARGEST_NOTES):
                    yield Note(note["n_name"] or "", _number(note["n_type"]), note["n_descdata"])
