"""What an ELF object says, as values. Facts only: nothing here judges.

A reader (`muslint.elf.dynamic`, `muslint.elf.pyelftools`, `muslint.elf.lief`) turns bytes into
one `ElfObject`. Numbers and names are those of the gABI and of ``elf.h``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

ET_REL, ET_EXEC, ET_DYN, ET_CORE = 1, 2, 3, 4
DT_INIT, DT_FINI = 12, 13
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_TLS = 1, 2, 3, 4, 7
PT_GNU_EH_FRAME, PT_GNU_STACK, PT_GNU_RELRO = 0x6474E550, 0x6474E551, 0x6474E552
SHN_UNDEF = 0
STB_LOCAL, STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE = 0, 1, 2, 10
STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_SECTION, STT_FILE, STT_COMMON, STT_TLS = range(7)
STT_GNU_IFUNC = 10
STO_MIPS_PLT = 8

DT_NULL, DT_NEEDED, DT_PLTRELSZ, DT_PLTGOT, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_RELA = range(8)
DT_RELASZ, DT_STRSZ, DT_SONAME, DT_RPATH, DT_SYMBOLIC, DT_REL, DT_RELSZ = 8, 10, 14, 15, 16, 17, 18
DT_PLTREL, DT_DEBUG, DT_TEXTREL, DT_JMPREL, DT_BIND_NOW, DT_RUNPATH, DT_FLAGS = 20, 21, 22, 23, 24, 29, 30
DT_RELRSZ, DT_RELR = 35, 36
DT_GNU_HASH, DT_VERSYM, DT_FLAGS_1 = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFB
DT_VERDEF, DT_VERDEFNUM, DT_VERNEED, DT_VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
DT_AUXILIARY, DT_FILTER = 0x7FFFFFFD, 0x7FFFFFFF
DT_MIPS_LOCAL_GOTNO, DT_MIPS_SYMTABNO, DT_MIPS_GOTSYM = 0x7000000A, 0x70000011, 0x70000013
DF_SYMBOLIC, DF_TEXTREL, DF_BIND_NOW, DF_STATIC_TLS = 0x2, 0x4, 0x8, 0x10
DF_1_NOW, DF_1_PIE = 0x1, 0x8000000


class Kind(StrEnum):
    """What an object is to the kernel and the loader (values as in the JSON report)."""

    EXECUTABLE = "executable"  # has PT_INTERP and a start: the kernel hands it to the loader
    SHARED_LIBRARY = "shared-library"
    STATIC_EXECUTABLE = "static-executable"  # ET_EXEC without PT_INTERP
    STATIC_PIE = "static-pie"  # ET_DYN without PT_INTERP that relocates itself
    RELOCATABLE = "relocatable"  # ET_REL: a .o file
    CORE = "core"


class Ident(NamedTuple):
    """The ELF header values that say which loader an object is for."""

    bits: int  # 32 or 64
    little: bool
    machine: int  # EM_*
    type: int  # ET_*
    flags: int  # e_flags
    osabi: int


class Segment(NamedTuple):
    """One program header; sizes and addresses in bytes."""

    type: int
    flags: int
    offset: int
    vaddr: int
    filesz: int
    memsz: int
    align: int


class Symbol(NamedTuple):
    """One row of the dynamic symbol table."""

    name: str
    bind: int  # STB_*
    type: int  # STT_*
    visibility: int  # STV_*: the low two bits of st_other
    shndx: int
    value: int
    size: int  # bytes
    version: str | None  # GLIBC_2.17 …; None when unversioned
    hidden: bool  # bit 15 of the version index: not the default version

    @property
    def defined(self) -> bool:
        """Whether this object defines the symbol (``st_shndx`` is not SHN_UNDEF)."""
        return self.shndx != SHN_UNDEF


Linkage = tuple[str, int, int, int, bool, str | None, bool]
"""A symbol as linking sees it: name, STB_*, STT_*, STV_*, whether it is defined, version, whether that is hidden."""


class Relocation(NamedTuple):
    """One entry of a relocation table."""

    offset: int  # address the entry applies to
    type: int  # as the loader reads it: for mips64 the three packed types as one number
    symbol: int  # index into the dynamic symbol table, 0 for none


Pair = tuple[int, int]
"""A relocation's type and the index of its symbol."""


class Version(NamedTuple):
    """A symbol version that an object requires of one of its needed libraries (DT_VERNEED)."""

    library: str  # file name the version is expected in: libc.so.6
    name: str  # GLIBC_2.34
    weak: bool  # VER_FLG_WEAK


class Note(NamedTuple):
    """One entry of a PT_NOTE segment."""

    owner: str  # GNU, Go, FDO …
    type: int
    description: bytes


class SymbolTable(Protocol):
    """The dynamic symbols by column, so that a reader decodes only what is asked for.

    All columns have one entry a symbol, entry 0 being the reserved null symbol.
    """

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Symbol]: ...
    def __getitem__(self, index: int) -> Symbol: ...
    def linkage(self) -> Iterator[Linkage]:
        """Each symbol without its address and size."""
        ...

    @property
    def names(self) -> Sequence[str]: ...
    @property
    def infos(self) -> Sequence[int]:
        """``st_info``: bind in the high four bits, type in the low four."""
        ...

    @property
    def others(self) -> Sequence[int]:
        """``st_other``, all eight bits."""
        ...

    @property
    def shndxs(self) -> Sequence[int]: ...
    @property
    def values(self) -> Sequence[int]: ...
    @property
    def sizes(self) -> Sequence[int]: ...
    @property
    def versyms(self) -> Sequence[int] | None:
        """Version indexes with the hidden bit (0x8000), None without DT_VERSYM."""
        ...

    @property
    def first_hashed(self) -> int:
        """Index of the first symbol a look-up by hash can find.

        With DT_GNU_HASH the undefined symbols before it are out of reach; with DT_HASH alone
        every symbol is in the table and this is 1.
        """
        ...

    def undefined(self, start: int) -> Sequence[int]:
        """Indexes from ``start`` on whose ``st_shndx`` is SHN_UNDEF."""
        ...

    def without_value(self, start: int) -> Sequence[int]:
        """Indexes from ``start`` on whose ``st_value`` is 0."""
        ...

    def with_hidden_version(self, start: int) -> Sequence[int]:
        """Indexes from ``start`` on whose version index has the hidden bit."""
        ...

    def is_undefined(self, index: int) -> bool:
        """Whether ``st_shndx`` is SHN_UNDEF."""
        ...

    def may_share_names(self, indexes: Sequence[int]) -> bool:
        """False when no other entry that a look-up can find is called as one of ``indexes``; True is a perhaps."""
        ...

    def chain(self, name: str) -> Sequence[int]:
        """Indexes of the entries called ``name`` in the order the loader's hash look-up meets them."""
        ...

    def possible(self, names: Iterable[str]) -> Iterable[str]:
        """Those of ``names`` that DT_GNU_HASH does not rule out; all where there is none. Reads no names."""
        ...

    def names_of(self, indexes: Iterable[int]) -> Sequence[str]:
        """The names of some symbols, without decoding those of all."""
        ...

    def names_marked(self, marks: bytes) -> Sequence[str]:
        """The names of the symbols whose byte in ``marks``, by index, is not 0."""
        ...

    def forget(self) -> None:
        """Drop what can be read again: what is kept of thousands of objects must be small."""
        ...


class RelocationTable(Protocol):
    """One relocation table, in file order: ``JMPREL``, ``REL``, ``RELA`` or ``MIPS_GOT``."""

    @property
    def table(self) -> str: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Relocation]: ...
    def references(self) -> Sequence[Pair]:
        """Distinct ``(type, symbol index)`` pairs in the order they first occur."""
        ...

    def all_references(self) -> Sequence[Pair]:
        """Every ``(type, symbol index)`` pair in file order, repeats included."""
        ...

    def reach(self) -> tuple[int, int] | None:
        """The lowest and the highest address that is written to; None where nothing is.

        Of entries alike at the head of a table only the first and the last count, and of DT_JMPREL: linkers sort them
        by address. Entries of type 0 at the head write nothing.
        """
        ...

    def picked(self, marks: bytes, odd: Callable[[int], bool]) -> tuple[set[int], Sequence[Pair]]:
        """All types that occur, and in file order the pairs of interest; repeats may be left out.

        Those whose symbol has a mark (not 0 at its index in ``marks``) and whose type is not 0, and those whose type
        is ``odd``. An index beyond ``marks`` has no mark.
        """
        ...

    def forget(self) -> None:
        """Drop what can be read again."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ElfObject:
    """Everything one ELF object says that matters to a loader."""

    path: str
    ident: Ident
    arch: str  # musl architecture name
    kind: Kind
    segments: tuple[Segment, ...]
    interpreter: str | None
    mapped_interpreter: str | None
    """PT_INTERP as a loader started by hand sees it: only when the program headers lie in a PT_LOAD."""
    has_dynamic: bool  # a PT_DYNAMIC exists
    dynamic: tuple[tuple[int, int], ...]  # (tag, value) before DT_NULL, in file order
    needed: tuple[str, ...]
    soname: str | None
    rpath: str | None
    runpath: str | None
    symbols: SymbolTable
    relocations: tuple[RelocationTable, ...]  # in the order musl's reloc_all works
    relr_words: int  # entries of DT_RELR, not the addresses they stand for
    has_hash: bool  # DT_HASH
    has_gnu_hash: bool  # DT_GNU_HASH
    gnu_stack: Segment | None
    tls: Segment | None
    _late: LateFacts
    filters: tuple[str, ...] = ()  # DT_AUXILIARY and DT_FILTER in file order
    headers_mapped: bool = True  # a PT_LOAD holds the program headers

    def forget(self) -> None:
        """Drop the bytes of the tables; a later question reads them again."""
        self.symbols.forget()
        for table in self.relocations:
            table.forget()

    def tag(self, tag: int) -> int | None:
        """The value of the last dynamic entry with this tag, as musl's ``decode_vec`` keeps it."""
        found = None
        for number, value in self.dynamic:
            if number == tag:
                found = value
        return found

    @property
    def textrel(self) -> bool:
        """DT_TEXTREL is there (the tag; musl does not read DF_TEXTREL)."""
        return self.tag(DT_TEXTREL) is not None

    @property
    def bind_now(self) -> bool:
        """Asks for eager binding: DT_BIND_NOW, DF_BIND_NOW or DF_1_NOW."""
        return bool(
            self.tag(DT_BIND_NOW) is not None
            or (self.tag(DT_FLAGS) or 0) & DF_BIND_NOW
            or (self.tag(DT_FLAGS_1) or 0) & DF_1_NOW
        )

    @property
    def versions_needed(self) -> tuple[Version, ...]:
        """DT_VERNEED in file order; read when first asked for."""
        return self._late.versions_needed()

    @property
    def versions_defined(self) -> tuple[str, ...]:
        """Names of DT_VERDEF (the first is the base version, the soname); read when first asked for."""
        return self._late.versions_defined()

    @property
    def version_needs(self) -> tuple[tuple[int, Version], ...]:
        """DT_VERNEED in file order, each with its index (``vna_other``, with the hidden bit)."""
        return self._late.needs_by_index()

    @property
    def version_definitions(self) -> tuple[tuple[int, str], ...]:
        """DT_VERDEF in file order, each with its index (``vd_ndx``); index 1 is the base version."""
        return self._late.definitions_by_index()

    @property
    def notes(self) -> tuple[Note, ...]:
        """Every note of the PT_NOTE segments; read when first asked for."""
        return self._late.notes()


class LateFacts(Protocol):
    """The parts of an object that most questions do not need, read when asked for."""

    def versions_needed(self) -> tuple[Version, ...]: ...
    def versions_defined(self) -> tuple[str, ...]: ...
    def needs_by_index(self) -> tuple[tuple[int, Version], ...]: ...
    def definitions_by_index(self) -> tuple[tuple[int, str], ...]: ...
    def notes(self) -> tuple[Note, ...]: ...


class Readable(Protocol):
    """Bytes that can be read in pieces: a file, or a member held in memory."""

    @property
    def size(self) -> int: ...
    def at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``; fewer at the end, none beyond it."""
        ...

    def close(self) -> None:
        """Give back what reading holds open; a later `at` opens it again."""
        ...


class Reader(Protocol):
    """A way of reading ELF: ``(data, path) -> ElfObject``, raising MalformedElf with the reason."""

    def __call__(self, data: Readable, path: str) -> ElfObject: ...
