"""muslint's own reader: what the loader reads, by PT_DYNAMIC alone.

Section headers may be stripped or lie, so they are never looked at. Every number from the file is
checked against the file's size before it is used; what does not fit raises `MalformedElf`.
Nothing is decoded before it is asked for: the tables are kept as bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from operator import itemgetter
from struct import Struct

from muslint.elf import object as elf
from muslint.elf.columns import Code, column, largest
from muslint.elf.hashes import GnuHash
from muslint.elf.header import HEAD_SIZE, LAYOUTS, AddressMap, Header, Layout, headers_mapped, kind_of, read_header
from muslint.elf.machine import EM_MIPS, EM_S390, musl_arch
from muslint.elf.object import DT_NEEDED, ElfObject, Readable, RelocationTable, Segment
from muslint.elf.pieces import Buffer, Piece
from muslint.elf.relocations import MipsGot, RawRelocations
from muslint.elf.strings import string_at
from muslint.elf.symbols import RawSymbols
from muslint.elf.versions import VersionTables
from muslint.errors import MalformedElf

_LARGEST_DYNAMIC = 1 << 16
_WINDOW_SLACK = 1 << 16
_WORDS_LITTLE, _WORDS_BIG = Struct("<4I"), Struct(">4I")
_tag = itemgetter(0)  # of a dynamic entry
_SIZED = (
    (elf.DT_STRTAB, elf.DT_STRSZ), (elf.DT_RELA, elf.DT_RELASZ), (elf.DT_REL, elf.DT_RELSZ),
    (elf.DT_JMPREL, elf.DT_PLTRELSZ),
)  # fmt: skip
_NOT_SIZED = elf.DT_SYMTAB, elf.DT_HASH, elf.DT_GNU_HASH, elf.DT_VERSYM
"""The tags of the tables a loader reads: those with a tag for the size, and those without."""


def read(data: Readable, path: str) -> ElfObject:
    """Read one ELF object; ``path`` is only carried along.

    Raises MalformedElf with the reason when the bytes are not an ELF file or a table that the
    loader would read does not lie in the file.
    """
    head = data.at(0, HEAD_SIZE)
    header = read_header(data, head)
    return _Reading(data, path, head, header).object()


class _Reading:
    """One pass over one file; only lives inside `read`."""

    def __init__(self, data: Readable, path: str, head: bytes, header: Header) -> None:
        self.data, self.path, self.head, self.header = data, path, head, header
        self.layout: Layout = LAYOUTS[header.ident.bits, header.ident.little]
        self.map = AddressMap(header.segments, data.size)
        self.window, self.window_start, self.window_end = memoryview(head), 0, len(head)
        self.gnu: GnuHash | None = None
        self.first: dict[int, int] = {}  # tag → first value, as musl's search_vec finds it
        self.last: dict[int, int] = {}  # tag → last value, as its decode_vec keeps it

    def bytes_at(self, offset: int, size: int, what: str) -> Buffer:
        end = offset + size
        if self.window_start <= offset and end <= self.window_end:
            return self.window[offset - self.window_start : end - self.window_start]
        if end <= HEAD_SIZE and end <= len(self.head):
            return self.head[offset : offset + size]
        found = self.data.at(offset, size) if end <= self.data.size else b""
        if len(found) != size:
            raise MalformedElf(f"the file ends inside its {what}")
        return found

    def at_address(self, address: int, size: int, what: str) -> Buffer:
        return self.bytes_at(self.map.offset(address), size, what) if size else b""

    def piece(self, address: int | None, size: int, what: str) -> Piece:
        """A table that can be let go and read again."""
        if address is None or not size:
            return Piece(b"")
        offset = self.map.offset(address)
        start = offset - self.window_start
        if start >= 0 and offset + size <= self.window_end:  # as `bytes_at`, without the call: most are asked here
            return Piece(self.window[start : start + size], self.data, offset)
        return Piece(self.bytes_at(offset, size, what), self.data, offset)

    def object(self) -> ElfObject:
        ident, segments = self.header.ident, self.header.segments
        by_type = {segment[0]: segment for segment in reversed(segments)}
        dynamic = self.dynamic(segments)
        named = [value for tag, value in dynamic if tag == DT_NEEDED]
        self.last = last = dict(dynamic)
        alike = len(last) + len(named) - bool(named) == len(dynamic)  # no tag but DT_NEEDED stands twice
        self.first = last if alike else dict(reversed(dynamic))
        self.prefetch()
        string_piece = self.string_table()
        string_table = string_piece.content
        late = VersionTables(
            self.data, self.layout, self.map, string_piece,
            self.pair(elf.DT_VERNEED, elf.DT_VERNEEDNUM), self.pair(elf.DT_VERDEF, elf.DT_VERDEFNUM),
            segments,
        )  # fmt: skip
        symbols = self.symbols(string_piece, late)
        needed = [string_at(string_table, offset) for offset in named]
        filters: tuple[str, ...] = ()
        if elf.DT_AUXILIARY in last or elf.DT_FILTER in last:
            offsets = [value for tag, value in dynamic if tag in (elf.DT_AUXILIARY, elf.DT_FILTER)]
            filters = tuple([string_at(string_table, offset) for offset in offsets])
        interpreter = self.interpreter(by_type.get(elf.PT_INTERP))
        soname = self.named(string_table, elf.DT_SONAME)
        mapped = headers_mapped(self.header)
        return ElfObject(
            path=self.path,
            ident=ident,
            arch=musl_arch(ident.machine, ident.bits, ident.little, ident.flags),
            kind=kind_of(ident.type, interpreter, soname, self.last, bool(needed)),
            segments=segments,
            interpreter=interpreter,
            mapped_interpreter=interpreter if mapped else None,
            has_dynamic=elf.PT_DYNAMIC in by_type,
            dynamic=dynamic,
            needed=tuple(needed),
            soname=soname,
            rpath=self.named(string_table, elf.DT_RPATH),
            runpath=self.named(string_table, elf.DT_RUNPATH),
            symbols=symbols,
            relocations=self.relocations(len(symbols)),
            relr_words=self.last.get(elf.DT_RELRSZ, 0) // self.layout.word_size if elf.DT_RELR in self.last else 0,
            has_hash=elf.DT_HASH in self.last,
            has_gnu_hash=elf.DT_GNU_HASH in self.first,
            gnu_stack=by_type.get(elf.PT_GNU_STACK),
            tls=by_type.get(elf.PT_TLS),
            _late=late,
            filters=filters,
            headers_mapped=mapped,
        )

    def dynamic(self, segments: tuple[Segment, ...]) -> tuple[tuple[int, int], ...]:
        # The last PT_DYNAMIC counts, found by its address (musl map_library).
        for segment in reversed(segments):
            if segment[0] == elf.PT_DYNAMIC:
                break
        else:
            return ()
        address, available = segment.vaddr, segment.filesz
        if available > self.map.within(address):
            available = min(available, self.map.span(address))
            if not available:
                return ()  # a separate debug file: the segment has an address but no bytes here
        entries = self.entries(address, available)
        if (len(entries) + 1) * self.layout.dynamic.size <= available:
            return entries
        # Without DT_NULL, the only end that loaders know, it goes on behind its segment.
        return self.entries(address, self.map.span(address))

    def entries(self, address: int, available: int) -> tuple[tuple[int, int], ...]:
        size = self.layout.dynamic.size
        table = self.at_address(address, min(available, _LARGEST_DYNAMIC) // size * size, "dynamic section")
        return tuple(takewhile(_tag, self.layout.dynamic.iter_unpack(table)))  # DT_NULL, the end, is 0

    def prefetch(self) -> None:
        """Read all loader tables at once where they lie together, as linkers lay them."""
        get = self.last.get
        tables = [(address, get(size_tag, 0)) for tag, size_tag in _SIZED if (address := get(tag))]
        tables += [(address, 0) for tag in _NOT_SIZED if (address := get(tag))]
        if not tables:
            return
        try:
            spans = self.map.offsets(tables)
        except MalformedElf:
            return  # the table itself will say so, with its name, when it is read
        low, high = min(spans)[0], max([offset + size for offset, size in spans])
        known = sum([size for _, size in spans])
        if high <= self.data.size and high - low <= 2 * known + _WINDOW_SLACK and high > len(self.head):
            self.window, self.window_start = memoryview(self.data.at(low, high - low)), low
            self.window_end = low + len(self.window)

    def string_table(self) -> Piece:
        address = self.last.get(elf.DT_STRTAB)
        size = 0 if address is None else self.last.get(elf.DT_STRSZ) or self.map.span(address)
        return self.piece(address, size, "string table")

    def named(self, string_table: Buffer, tag: int) -> str | None:
        offset = self.last.get(tag)
        return None if offset is None else string_at(string_table, offset)

    def pair(self, address_tag: int, count_tag: int) -> tuple[int, int] | None:
        address = self.last.get(address_tag)
        return None if address is None else (address, self.last.get(count_tag, 0))

    def interpreter(self, segment: Segment | None) -> str | None:
        if segment is None:
            return None
        raw = self.bytes_at(segment.offset, min(segment.filesz, 4096), "interpreter name")
        return bytes(raw).split(b"\0", 1)[0].decode("utf-8", "surrogateescape")

    def symbols(self, string_table: Piece, late: VersionTables) -> RawSymbols:
        address = self.last.get(elf.DT_SYMTAB)
        count, first, sysv = self.symbol_count() if address is not None else (0, 1, None)
        table = self.piece(address, count * self.layout.symbol_size, "symbol table")
        versym_address = self.first.get(elf.DT_VERSYM)
        versym = self.piece(versym_address, 2 * count, "version table") if versym_address and count else None
        return RawSymbols(self.layout, table, string_table, versym, first, sysv, late.names, self.gnu)

    def symbol_count(self) -> tuple[int, int, tuple[Sequence[int], Sequence[int]] | None]:
        """Number of symbols, index of the first hashed one, and the SysV hash if only it is there."""
        gnu, sysv = self.first.get(elf.DT_GNU_HASH), self.last.get(elf.DT_HASH)
        if gnu is None:
            if sysv is None:
                return self.count_by_references(), 1, ([], [])
            buckets, chains = self.sysv_hash(sysv)
            return len(chains), 1, (buckets, chains)
        # The GNU hash counts where both are there: lld's DT_HASH for s390x has entries of the wrong size.
        count, first = self.gnu_hash(gnu)
        return count or self.count_by_references(), first, None

    def sysv_hash(self, address: int) -> tuple[Sequence[int], Sequence[int]]:
        # s390x alone has 64-bit entries here (musl arch/s390x, Elf_Symndx).
        wide = self.header.ident.machine == EM_S390 and self.header.ident.bits == 64
        code: Code = "Q" if wide else "I"
        size = 8 if wide else 4
        little = self.layout.order == "<"
        buckets, chains = column(self.at_address(address, 2 * size, "hash table"), code, 0, 1, little)
        total = 2 + buckets + chains
        if total * size > self.map.span(address):
            raise MalformedElf("DT_HASH is larger than its segment")
        words = column(self.at_address(address, total * size, "hash table"), code, 0, 1, little)
        return words[2 : 2 + buckets], words[2 + buckets :]

    def gnu_hash(self, address: int) -> tuple[int, int]:
        """(number of symbols, or 0 when the table is empty; index of the first hashed symbol)."""
        offset, span = self.map.offset(address), self.map.span(address)
        little = self.layout.order == "<"
        head = self.bytes_at(offset, 16, "GNU hash table")
        buckets, first, bloom, shift = (_WORDS_LITTLE if little else _WORDS_BIG).unpack(head)
        bucket_start = 16 + bloom * self.layout.word_size
        chain_start = bucket_start + 4 * buckets
        if chain_start > span:
            raise MalformedElf("DT_GNU_HASH is larger than its segment")
        if not buckets:
            return 0, first
        body = self.bytes_at(offset + 16, chain_start - 16, "GNU hash table")
        last = largest(bytes(body[bucket_start - 16 :]), little)
        if last < first:
            return 0, first
        at, size = chain_start + 4 * (last - first), 256
        while at < span:
            piece = self.bytes_at(offset + at, min(size, (span - at) // 4 * 4), "GNU hash table")
            if not piece:
                break
            for value in column(piece, "I", 0, 1, little):
                last += 1
                if value & 1:
                    hashes = self.piece(address + chain_start, 4 * (last - first), "GNU hash table")
                    self.gnu = GnuHash(self.layout, first, bytes(body[: bucket_start - 16]), shift, hashes)
                    return last, first
            at += len(piece)
            size = min(2 * size, 1 << 16)
        raise MalformedElf("a chain of DT_GNU_HASH has no end")

    def count_by_references(self) -> int:
        """Number of symbols where no hash table tells: what relocations use, or what fits before the next table.

        Such objects export nothing (an empty GNU hash) or cannot be searched at all (no hash).
        """
        start = self.last[elf.DT_SYMTAB]
        tags = (
            elf.DT_STRTAB, elf.DT_HASH, elf.DT_GNU_HASH, elf.DT_VERSYM, elf.DT_VERNEED, elf.DT_VERDEF,
            elf.DT_RELA, elf.DT_REL, elf.DT_RELR, elf.DT_JMPREL,
        )  # fmt: skip
        later = [address for tag in tags if (address := self.last.get(tag, 0)) > start]
        room = (min(later) - start if later else self.map.within(start)) // self.layout.symbol_size
        room = min(room, self.map.within(start) // self.layout.symbol_size)
        used = max((symbol for table in self.tables() for _, symbol in table.references()), default=-1) + 1
        # Padding before the next table reads as null symbols: drop those nobody refers to.
        size = self.layout.symbol_size
        filled = len(bytes(self.at_address(start, room * size, "symbol table")).rstrip(b"\0"))
        room = min(room, max(-(-filled // size), used, 1))
        return max(room, min(used, self.map.within(start) // size))

    def relocations(self, symbols: int) -> tuple[RelocationTable, ...]:
        return (*self.mips_got(symbols), *self.tables())

    def mips_got(self, symbols: int) -> tuple[RelocationTable, ...]:
        first = self.first.get(elf.DT_MIPS_GOTSYM)
        if self.header.ident.machine != EM_MIPS or first is None:
            return ()
        count = min(self.first.get(elf.DT_MIPS_SYMTABNO, 0), symbols)
        local, word = self.first.get(elf.DT_MIPS_LOCAL_GOTNO, 0), self.layout.word_size
        return (MipsGot(first, count, self.last.get(elf.DT_PLTGOT, 0) + local * word, word),)

    def tables(self) -> list[RawRelocations]:
        """DT_JMPREL, DT_REL and DT_RELA in the order of musl's reloc_all."""
        get = self.last.get
        jmprel_words = 3 if get(elf.DT_PLTREL) == elf.DT_RELA else 2
        packed = self.header.ident.machine == EM_MIPS and self.header.ident.bits == 64
        found = []
        for name, tag, size_tag, words in (
            ("JMPREL", elf.DT_JMPREL, elf.DT_PLTRELSZ, jmprel_words),
            ("REL", elf.DT_REL, elf.DT_RELSZ, 2),
            ("RELA", elf.DT_RELA, elf.DT_RELASZ, 3),
        ):
            size = get(size_tag, 0)
            if size and tag in self.last:
                data = self.piece(self.last[tag], size, f"DT_{name} relocations")
                found.append(RawRelocations(name, data, self.layout, words, packed))
        return found
