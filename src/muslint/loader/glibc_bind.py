"""What an object gives and asks for, by name and version (glibc ``dl-lookup.c``: ``check_match``).

A reference with a version takes a definition of that version, or one that has none where the default is not
hidden. One without takes the first version of a name (index 2, hidden or not), else its only default version.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import NamedTuple

from muslint.elf.object import (
    DF_SYMBOLIC,
    DF_TEXTREL,
    DT_FLAGS,
    DT_STRTAB,
    DT_SYMBOLIC,
    DT_SYMTAB,
    DT_VERDEF,
    DT_VERNEED,
    STB_GLOBAL,
    STB_GNU_UNIQUE,
    STB_LOCAL,
    STB_WEAK,
    STT_COMMON,
    STT_FUNC,
    STT_GNU_IFUNC,
    STT_NOTYPE,
    STT_OBJECT,
    STT_TLS,
    ElfObject,
)
from muslint.loader.glibc_types import Types
from muslint.loader.mapped import cut_short
from muslint.loader.written import Pages

HIDDEN = 0x8000
"""Bit 15 of a version index: not the default version of its name."""
HIDDEN_REFERENCE = "\0"
"""At the end of a version: the reference is hidden (bit 15 of ``vna_other``), and takes that very version only."""
_INDEX = 0x7FFF
_SHN_ABS = 0xFFF1
_FIRST = 2  # index of the first version an object defines; 0 is local, 1 the base
_TLS = 2
_BINDS = (STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE)
_TYPES = (STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_COMMON, STT_TLS, STT_GNU_IFUNC)
_ACCEPTED = bytes(
    (info >> 4 in _BINDS and info & 15 in _TYPES) * (_TLS if info & 15 == STT_TLS else 1) for info in range(256)
)
"""By ``st_info``: 0 for a symbol that is passed over, `_TLS` for one that may have the value 0."""
_LOCAL_VISIBILITIES = bytes(other & 3 in (1, 2) for other in range(256))
"""By ``st_other``: internal and hidden bind within the object."""

Names = frozenset[str]
Needed = Mapping[str | None, Names]
"""Version (None for no version) → names."""


class Given(NamedTuple):
    """The names a look-up finds in one object."""

    versioned: Mapping[str, Names]  # by version
    plain: Names  # without a version: what a reference to any version takes too
    free: Names  # what a reference without a version takes

    def of(self, version: str | None) -> tuple[Names, ...]:
        """The sets of names one of which must hold a name looked up with this version."""
        if version is None:
            return (self.free,)
        if version.endswith(HIDDEN_REFERENCE):
            return (self.versioned.get(version[:-1], frozenset()),)
        exact = self.versioned.get(version)
        return (self.plain,) if exact is None else (exact, self.plain)


class Wanted(NamedTuple):
    """One distinct relocation that can fail, or that the loader says something about."""

    name: str
    version: str | None
    handled: str | None  # relocation class, see `Types`; None for a type the loader does not know
    type: int
    at: int  # index of the symbol
    weak: bool


class References(NamedTuple):
    """What an object asks of others."""

    calls: Needed  # by PLT and TLS relocations: only a definition will do
    data: Needed  # by any other: the address a program gives an undefined function will do
    order: tuple[Wanted, ...]  # in the order of the loader's work
    copies: tuple[Wanted, ...]
    odd: bool  # some relocation says more than a missing name would


class Missing(NamedTuple):
    """The names one object asks for and no object of the scope gives, by version."""

    calls: Needed
    data: Needed

    def __bool__(self) -> bool:
        return bool(self.calls or self.data)

    def has(self, want: Wanted) -> bool:
        """Whether a reference finds nothing."""
        return want.name in (self.calls if want.handled == "PLT" else self.data).get(want.version, ())


class GlibcFacts:
    """An object with what binding needs of it, computed once and shared by all links."""

    __slots__ = (
        "_hidden", "astray", "definitions", "files", "givers", "headless", "needs", "object", "own", "serial",
        "settled", "size", "symbolic", "tested", "undefined", "version_names", "versioned",
    )  # fmt: skip
    _serials = count(1)

    def __init__(self, obj: ElfObject, size: int | None = None) -> None:
        """``size`` is that of the file."""
        self.object = obj
        self.astray = _astray(obj, size)
        """What is mapped of it, where some relocation lies beside that (`muslint.loader.written`)."""
        without = {DT_STRTAB, DT_SYMTAB}.difference(tag for tag, _ in obj.dynamic)
        self.headless = bool(obj.segments) and (DT_STRTAB in without or bool(without and obj.relocations))
        """It lacks a table that is read whatever is relocated (``_dl_relocate_object``, ``elf_dynamic_do_Rela``)."""
        self.serial = next(self._serials)
        """Tells this reading of the object from any other; never used again."""
        names = {index & _INDEX: version.name for index, version in obj.version_needs}
        names |= {index: name for index, name in obj.version_definitions if index > 1}
        self.version_names: Mapping[int, str] = names
        self._hidden = frozenset(index & _INDEX for index, _ in obj.version_needs if index >= HIDDEN)
        tables = obj.tag(DT_VERNEED) is not None or obj.tag(DT_VERDEF) is not None
        self.versioned = tables and obj.symbols.versyms is not None
        """It has version tables, of whichever kind (``l_versyms``)."""
        self.files = frozenset(version.library for _, version in obj.version_needs)
        self.symbolic = obj.tag(DT_SYMBOLIC) is not None or bool((obj.tag(DT_FLAGS) or 0) & DF_SYMBOLIC)
        self.own = bytes(len(obj.symbols))
        self.definitions, self.undefined = self._given()
        self.needs: References | None = None
        self.tested: set[int] = set()
        self.givers: set[int] = set()
        self.settled: dict[frozenset[int], Missing] = {}
        """What stays missing, for each set of objects that give some of what it needs."""
        given = self.definitions
        self.size = 3000 + 110 * (len(given.plain) + len(given.free) + sum(map(len, given.versioned.values())))

    def version_of(self, versym: int) -> str | None:
        """The version behind an index of DT_VERSYM; None for none."""
        index = versym & _INDEX
        return self.version_names.get(index) if index > 1 else None

    def version_wanted(self, versym: int) -> str | None:
        """As `version_of`, for a reference: with `HIDDEN_REFERENCE` where that is hidden."""
        version = self.version_of(versym)
        return version + HIDDEN_REFERENCE if version is not None and versym & _INDEX in self._hidden else version

    def _given(self) -> tuple[Given, Given]:
        """What is defined, and the undefined functions a program at a fixed address gives its own address for."""
        obj, symbols = self.object, self.object.symbols
        total, start = len(symbols), symbols.first_hashed
        if not (obj.has_gnu_hash or obj.has_hash) or start >= total:
            return _NOTHING, _NOTHING
        codes = bytes(symbols.infos).translate(_ACCEPTED)
        local = bytes(symbols.others).translate(_LOCAL_VISIBILITIES)
        shndxs, values = symbols.shndxs, symbols.values
        taken = bytearray(total)
        defined: list[int] = []
        addressed: list[int] = []
        for i in range(start, total):
            code = codes[i]
            if not code or local[i]:
                continue
            shndx = shndxs[i]
            if values[i] or shndx == _SHN_ABS or code == _TLS:
                if shndx:
                    taken[i] = 1
                    defined.append(i)
                else:
                    addressed.append(i)
        self.own = bytes(taken)
        return self._grouped(defined), self._grouped(addressed) if addressed else _NOTHING

    def _grouped(self, rows: list[int]) -> Given:
        symbols = self.object.symbols
        names, versyms = symbols.names_of(rows), symbols.versyms
        if not self.versioned or versyms is None:
            every = frozenset(names)
            return Given({}, every, every)
        by_index: dict[int, list[str]] = {}
        for row, name in zip(rows, names):
            by_index.setdefault(versyms[row], []).append(name)
        versioned: dict[str, Names] = {}
        plain: set[str] = set()
        free: set[str] = set()
        later: set[str] = set()
        twice: set[str] = set()
        for versym, found in by_index.items():
            version, hidden, index = self.version_of(versym), versym >= HIDDEN, versym & _INDEX
            if version is not None:
                versioned[version] = versioned.get(version, frozenset()) | frozenset(found)
            elif not hidden:
                plain.update(found)
            if index <= _FIRST:
                free.update(found)
            elif not hidden:
                again = set(found)
                twice |= again & later
                later |= again
        return Given(versioned, frozenset(plain), frozenset(free | (later - twice)))

    def references(self, types: Types) -> References:
        """What it asks of others and does not plainly give itself; worked out once."""
        if self.needs is None:
            self.needs = _references(self, types)
            self.size += 200 * len(self.needs.order)
            self.object.forget()
        return self.needs


_NOTHING = Given({}, frozenset(), frozenset())


def _astray(obj: ElfObject, size: int | None) -> Pages | None:
    whole = obj.textrel or bool((obj.tag(DT_FLAGS) or 0) & DF_TEXTREL)
    mapping = Pages(obj, whole, True, size if size is not None and cut_short(obj.segments, size) else None)
    return mapping if mapping.written_astray() else None


def binds_here(info: int, other: int) -> bool:
    """Whether a reference to a symbol never leaves its object: local, hidden or internal (``resolve_map``)."""
    return info >> 4 == STB_LOCAL or other & 3 in (1, 2)


def _references(facts: GlibcFacts, types: Types) -> References:
    symbols, own, classes = facts.object.symbols, facts.own, types.classes
    infos, others, versyms, total = symbols.infos, symbols.others, symbols.versyms, len(symbols)
    pairs: list[tuple[int, int]] = []
    for table in types.tables(facts.object):
        for kind, index in table.references():
            handled = classes.get(kind)
            if handled == "NONE":
                continue
            at = index if index < total else 0
            # An own definition that others see settles a look-up of its name, unless it must be found elsewhere.
            if total and own[at] and handled in ("PLT", "DATA"):
                continue
            if binds_here(infos[at] if total else 0, others[at] if total else 0) and handled is not None:
                continue
            pairs.append((kind, at))
    names = symbols.names_of([index for _, index in pairs])
    calls: dict[str | None, set[str]] = {}
    data: dict[str | None, set[str]] = {}
    order: list[Wanted] = []
    for (kind, index), name in zip(pairs, names):
        handled, weak = classes.get(kind), infos[index] >> 4 == STB_WEAK if total else False
        version = facts.version_wanted(versyms[index]) if versyms is not None and total else None
        if total == 0 or binds_here(infos[index], others[index]):
            name = ""
        order.append(Wanted(name, version, handled, kind, index, weak))
        if name and not weak and handled != "COPY":
            (calls if handled == "PLT" else data).setdefault(version, set()).add(name)
    return References(
        {version: frozenset(found) for version, found in calls.items()},
        {version: frozenset(found) for version, found in data.items()},
        tuple(order),
        tuple(want for want in order if want.handled == "COPY"),
        any(want.handled not in ("PLT", "DATA", "COPY") for want in order),
    )
