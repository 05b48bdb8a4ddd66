"""ELF read by LIEF, as a second opinion on muslint's own reader (``--reader lief``).

LIEF reads the dynamic view of a file right, but forgives damage: it returns what it could read and
prints the rest to stderr. So its log is captured, and what it returns is held against what the
dynamic tags promise; a table that came back short makes the file malformed. Its ``imported``
flag leaves out a tenth of all imports (untyped, TLS and canonical PLT symbols), so only
``dynamic_symbols`` and ``shndx`` are used, and its numbers carry the machine in their high bits.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from enum import Enum

import lief

from muslint.elf import object as elf
from muslint.elf.decoded import Decoded, DecodedSymbol, DecodedVersions, SysvHash, decoded_object
from muslint.elf.header import LAYOUTS, MAGIC, AddressMap, Header
from muslint.elf.machine import EM_MIPS
from muslint.elf.object import ElfObject, Ident, Note, Readable, Relocation, Segment, Version
from muslint.elf.rows import RelocationRows
from muslint.elf.versions import notes_in
from muslint.errors import MalformedElf

_REL, _RELA = lief.ELF.Relocation.ENCODING.REL, lief.ELF.Relocation.ENCODING.RELA
_TYPE_BITS = (1 << 27) - 1  # of a relocation type; LIEF puts the machine above them


def read(data: Readable, path: str) -> ElfObject:
    """Read one ELF object with LIEF; ``path`` is only carried along.

    Raises MalformedElf with the reason when LIEF cannot read the file, or read less than the
    file's own tags promise.
    """
    content = data.at(0, data.size)
    try:
        with warnings.catch_warnings():
            # LIEF warns about each number it has no name for.
            warnings.simplefilter("ignore", RuntimeWarning)
            return decoded_object(path, _Reading(content).decoded())
    except MalformedElf:
        raise
    except Exception as error:
        # Names that are not UTF-8 raise where LIEF has no bytes form of them.
        raise MalformedElf(f"LIEF: {error or type(error).__name__}") from None


_COUNT = lief.ELF.ParserConfig.DYNSYM_COUNT


def _parsed(content: bytes) -> tuple[lief.ELF.Binary, list[str]]:
    """LIEF's reading of a file, and what it logged meanwhile."""
    binary, log = _parsed_by(content, _COUNT.AUTO)
    if binary is None:
        raise _malformed("LIEF reads nothing", log)
    table = binary.sysv_hash
    if table is not None and binary.gnu_hash is None and table.nchain != len(binary.dynamic_symbols):
        # AUTO takes the largest symbol in a relocation, which it cannot tell in a mips64 file.
        again, log = _parsed_by(content, _COUNT.HASH)
        return again or binary, log
    return binary, log


def _parsed_by(content: bytes, count: lief.ELF.ParserConfig.DYNSYM_COUNT) -> tuple[lief.ELF.Binary | None, list[str]]:
    config = lief.ELF.ParserConfig()
    config.count_mtd = count
    config.parse_symtab_symbols = config.parse_notes = config.parse_overlay = False
    with tempfile.NamedTemporaryFile() as log:
        lief.logging.set_path(log.name)
        try:
            binary = lief.ELF.parse(content, config)
        finally:
            lief.logging.reset()
        return binary, log.read().decode("utf-8", "replace").splitlines()


def _malformed(what: str, log: list[str]) -> MalformedElf:
    return MalformedElf("; ".join([what, *(line.strip() for line in log[-1:])]))


def _number(value: Enum | int) -> int:
    """A number without LIEF's machine bits: an enum member where LIEF knows it, else the number."""
    return (int(value.value) if isinstance(value, Enum) else int(value)) & 0xFFFFFFFF


def _text(value: str | bytes) -> str:
    """A name; LIEF gives bytes for what is not UTF-8."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")


class _Reading:
    """One pass over one file; only lives inside `read`."""

    def __init__(self, content: bytes) -> None:
        if content[:4] != MAGIC:
            raise MalformedElf("not an ELF file")
        self.binary, self.log = _parsed(content)
        head = self.binary.header
        bits, order = _number(head.identity_class) * 32, _number(head.identity_data)
        if bits not in (32, 64) or order not in (1, 2):
            raise self.malformed("unknown ELF class or byte order")
        self.ident = Ident(
            bits, order == 1, _number(head.machine_type), _number(head.file_type), head.processor_flag,
            _number(head.identity_os_abi),
        )  # fmt: skip
        self.layout, self.size = LAYOUTS[bits, order == 1], len(content)
        if self.size < self.layout.header.size:
            raise self.malformed("the file ends inside its ELF header")
        self.segments = tuple(
            Segment(
                _number(s.type), s.raw_flags, s.file_offset, s.virtual_address, s.physical_size,
                s.virtual_size, s.alignment,
            )
            for s in self.binary.segments
        )  # fmt: skip
        if len(self.segments) != head.numberof_segments:
            raise self.malformed(f"{len(self.segments)} of {head.numberof_segments} program headers can be read")
        if any("truncated" in line for line in self.log):
            # LIEF shortens the segment itself, so later checks would not see what is missing.
            raise self.malformed("the file ends inside a segment")
        self.dynamic = tuple(self.tags())
        self.last = dict(self.dynamic)
        self.first = dict(reversed(self.dynamic))
        self.check_dynamic()

    def malformed(self, what: str) -> MalformedElf:
        return _malformed(what, self.log)

    def offset(self, address: int) -> int | None:
        """File offset of ``address``, None where no loaded segment has it."""
        found = AddressMap(self.segments, self.size)
        return found.offset(address) if found.span(address) else None

    def check(self, address: int | None, size: int, what: str) -> None:
        """Raise MalformedElf when a table that LIEF was to read does not lie in the file."""
        if address is None or not size:
            return
        offset = self.offset(address)
        if offset is None:
            raise self.malformed(f"address {address:#x} lies in no loaded segment")
        if offset + size > self.size:
            raise self.malformed(f"the file ends inside its {what}")

    def check_dynamic(self) -> None:
        found = [s for s in self.segments if s.type == elf.PT_DYNAMIC]
        # A separate debug file has the segment's address, but no bytes there.
        if found and found[-1].filesz and self.offset(found[-1].vaddr) is not None:
            self.check(found[-1].vaddr, found[-1].filesz, "dynamic section")
            if not self.dynamic:
                raise self.malformed("the dynamic section cannot be read")
        self.check(self.last.get(elf.DT_STRTAB), self.last.get(elf.DT_STRSZ, 0), "string table")

    def decoded(self) -> Decoded:
        head = self.binary.header
        size = head.program_header_size * head.numberof_segments
        symbols = list(self.symbols())
        gnu = self.gnu_hash(len(symbols))
        self.check(self.last.get(elf.DT_SYMTAB), len(symbols) * self.layout.symbol_size, "symbol table")
        versyms = self.versyms(len(symbols))
        return Decoded(
            header=Header(self.ident, head.entrypoint, head.program_header_offset, size, self.segments),
            interpreter=self.interpreter(),
            dynamic=self.dynamic,
            needed=tuple(
                _text(e.name) for e in self.binary.dynamic_entries if isinstance(e, lief.ELF.DynamicEntryLibrary)
            ),
            soname=self.named(lief.ELF.DynamicEntry.TAG.SONAME),
            rpath=self.named(lief.ELF.DynamicEntry.TAG.RPATH),
            runpath=self.named(lief.ELF.DynamicEntry.TAG.RUNPATH),
            symbols=symbols,
            versyms=versyms,
            first_hashed=gnu.symbol_index if gnu is not None else 1,
            sysv_hash=self.sysv_hash(len(symbols)),
            relocations=tuple(self.relocations()),
            versions=DecodedVersions(tuple(self.needs()), tuple(self.definitions()), tuple(self.notes())),
            filters=tuple(
                _text(e.name)
                for e in self.binary.dynamic_entries
                if isinstance(e, lief.ELF.DynamicEntryAuxiliary | lief.ELF.DynamicEntryFilter)
            ),
        )

    def interpreter(self) -> str | None:
        segment = next((s for s in self.segments if s.type == elf.PT_INTERP), None)
        if segment is None:
            return None
        if segment.offset + segment.filesz > self.size:
            raise self.malformed("the file ends inside its interpreter name")
        return _text(self.binary.interpreter)

    def tags(self) -> Iterator[tuple[int, int]]:
        for entry in self.binary.dynamic_entries:
            tag = _number(entry.tag)
            if tag == elf.DT_NULL:
                return
            yield tag, entry.value

    def named(self, tag: lief.ELF.DynamicEntry.TAG) -> str | None:
        entry = self.binary.get(tag)
        if isinstance(entry, lief.ELF.DynamicSharedObject):
            return _text(entry.name)
        if isinstance(entry, lief.ELF.DynamicEntryRpath):
            return _text(entry.rpath)
        return _text(entry.runpath) if isinstance(entry, lief.ELF.DynamicEntryRunPath) else None

    def symbols(self) -> Iterator[DecodedSymbol]:
        for s in self.binary.dynamic_symbols:
            yield DecodedSymbol(_text(s.name), s.information, s.other, s.shndx, s.value, s.size)

    def versyms(self, count: int) -> Sequence[int] | None:
        if not self.first.get(elf.DT_VERSYM) or not count:
            return None
        self.check(self.first[elf.DT_VERSYM], 2 * count, "version table")
        found = [version.value for version in self.binary.symbols_version]
        if len(found) != count:
            raise self.malformed(f"{len(found)} of {count} version indexes can be read")
        return found

    def gnu_hash(self, count: int) -> lief.ELF.GnuHash | None:
        if elf.DT_GNU_HASH not in self.first:
            return None
        self.check(self.first[elf.DT_GNU_HASH], 16, "GNU hash table")
        table = self.binary.gnu_hash
        # LIEF gives the buckets of big-endian files unswapped, so only little-endian ones tell.
        if table is None or (self.ident.little and max(table.buckets, default=0) >= max(count, 1)):
            raise self.malformed("the GNU hash table cannot be read")
        return table

    def sysv_hash(self, count: int) -> SysvHash | None:
        if elf.DT_SYMTAB not in self.last or elf.DT_GNU_HASH in self.first:
            return None
        table = self.binary.sysv_hash
        if elf.DT_HASH not in self.last or table is None:
            return [], []
        if table.nchain != count:
            raise self.malformed(f"{count} of {table.nchain} symbols can be read")
        return list(table.buckets), list(table.chains)

    def relocations(self) -> Iterator[RelocationRows]:
        dynamic = list(self.binary.dynamic_relocations)
        plt = list(self.binary.pltgot_relocations)
        get, word = self.last.get, self.layout.word_size
        for name, tag, size_tag, words, found in (
            ("JMPREL", elf.DT_JMPREL, elf.DT_PLTRELSZ, 3 if get(elf.DT_PLTREL) == elf.DT_RELA else 2, plt),
            ("REL", elf.DT_REL, elf.DT_RELSZ, 2, [r for r in dynamic if r.encoding == _REL]),
            ("RELA", elf.DT_RELA, elf.DT_RELASZ, 3, [r for r in dynamic if r.encoding == _RELA]),
        ):
            size = get(size_tag, 0)
            if not size or tag not in self.last:
                continue
            self.check(self.last[tag], size, f"DT_{name} relocations")
            promised = size // (words * word)
            if len(found) != promised:
                raise self.malformed(f"{len(found)} of {promised} entries of DT_{name} can be read")
            yield RelocationRows(name, [self.relocation(entry) for entry in found])

    def relocation(self, entry: lief.ELF.Relocation) -> Relocation:
        kind, symbol = _number(entry.type) & _TYPE_BITS, entry.info
        if self.ident.machine == EM_MIPS and self.ident.bits == 64 and self.ident.little:
            # LIEF takes r_info for one number; here it is the symbol, then four bytes of types.
            kind, symbol = int.from_bytes(symbol.to_bytes(4, "little"), "big") & 0x7FFFFFFF, kind
        return Relocation(entry.address, kind, symbol)

    def needs(self) -> Iterator[tuple[int, Version]]:
        for library in self.binary.symbols_version_requirement:
            for version in library.get_auxiliary_symbols():
                yield version.other, Version(_text(library.name), _text(version.name), bool(version.flags & 2))

    def definitions(self) -> Iterator[tuple[int, str]]:
        for definition in self.binary.symbols_version_definition:
            yield definition.ndx & 0x7FFF, _text(next(iter(definition.auxiliary_symbols)).name)

    def notes(self) -> Iterator[Note]:
        # LIEF's own notes mix in those of sections, pad what they say and raise for odd owners.
        for segment in self.binary.segments:
            if _number(segment.type) == elf.PT_NOTE:
                yield from notes_in(bytes(segment.content), segment.alignment, self.layout.order)
