"""What an object gives and what it asks for, as musl's ``find_sym`` and ``do_relocs`` see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import NamedTuple

from muslint.elf.machine import EM_MIPS
from muslint.elf.object import (
    SHN_UNDEF,
    STB_GLOBAL,
    STB_GNU_UNIQUE,
    STB_LOCAL,
    STB_WEAK,
    STO_MIPS_PLT,
    STT_COMMON,
    STT_FUNC,
    STT_NOTYPE,
    STT_OBJECT,
    STT_SECTION,
    STT_TLS,
    ElfObject,
)

_OK_BINDS = (STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE)
_OK_TYPES = (STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_COMMON, STT_TLS)
_ACCEPTED = tuple(info >> 4 in _OK_BINDS and info & 15 in _OK_TYPES for info in range(256))
HIDDEN = 0x8000
"""Bit 15 of a version index: not the default version, so never found by name."""


class Exports(NamedTuple):
    """The names a look-up finds in one object."""

    defined: frozenset[str]
    canonical: frozenset[str]
    """Names found only by references other than PLT: undefined here, but with an address
    (the canonical PLT entry of a program at a fixed address)."""
    searchable: bool
    """False without DT_HASH and DT_GNU_HASH: any look-up that reaches the object kills the loader."""


def exports(obj: ElfObject) -> Exports:
    """The names `find_sym` accepts in ``obj``.

    An entry must not have a hidden version. The first such entry of a name counts; when it fails
    a test the look-up moves to the next object, not to another entry.
    """
    if not (obj.has_gnu_hash or obj.has_hash):
        return Exports(frozenset(), frozenset(), False)
    symbols, start = obj.symbols, obj.symbols.first_hashed
    names: Sequence[str] = symbols.names[start:]
    infos: Sequence[int] = symbols.infos[start:]
    shndxs: Sequence[int] = symbols.shndxs[start:]
    values: Sequence[int] = symbols.values[start:]
    versyms = symbols.versyms
    if versyms is not None:
        visible = [v < HIDDEN for v in versyms[start:]]
        names, infos = list(compress(names, visible)), bytes(compress(infos, visible))
        shndxs, values = list(compress(shndxs, visible)), list(compress(values, visible))
    accepted = _ACCEPTED
    defined = {n for n, i, x, v in zip(names, infos, shndxs, values) if x and accepted[i] and (v or i & 15 == STT_TLS)}
    canonical: set[str] = set()
    if SHN_UNDEF in shndxs:
        canonical = _canonical(obj, defined)
    if len(defined) + shndxs.count(SHN_UNDEF) < len(names):
        defined = _settle(obj, defined, names, infos, shndxs, values)
    return Exports(frozenset(defined), frozenset(canonical), True)


def _canonical(obj: ElfObject, defined: set[str]) -> set[str]:
    """Undefined symbols with an address; on MIPS only those marked STO_MIPS_PLT (ARCH_SYM_REJECT_UND)."""
    symbols, mips = obj.symbols, obj.ident.machine == EM_MIPS
    versyms = symbols.versyms
    found = set()
    for index, value in enumerate(symbols.values):
        if not value or index < symbols.first_hashed or symbols.shndxs[index] != SHN_UNDEF:
            continue
        info = symbols.infos[index]
        if not _ACCEPTED[info] or info & 15 == STT_TLS or (versyms and versyms[index] >= HIDDEN):
            continue
        if not mips or symbols.others[index] & STO_MIPS_PLT:
            found.add(symbols.names[index])
    return found - defined


def _settle(
    obj: ElfObject,
    defined: set[str],
    names: Sequence[str],
    infos: Sequence[int],
    shndxs: Sequence[int],
    values: Sequence[int],
) -> set[str]:
    """Take out names whose first visible entry is not the acceptable one."""
    rejected = {
        n for n, i, x, v in zip(names, infos, shndxs, values) if not (x and _ACCEPTED[i] and (v or i & 15 == STT_TLS))
    }
    clash = defined & rejected
    symbols = obj.symbols
    versyms = symbols.versyms
    for name in clash:
        for index in symbols.chain(name):
            if versyms and versyms[index] >= HIDDEN:
                continue
            info = symbols.infos[index]
            good = symbols.shndxs[index] and _ACCEPTED[info] and (symbols.values[index] or info & 15 == STT_TLS)
            if not good:
                defined = defined - {name}
            break
    return defined


Reference = tuple[str, str | None, int, int]
"""One distinct relocation that can fail: the symbol looked up (empty where only the type can fail), the
relocation class (PLT, GOT, COPY …; None for a type the loader does not know), the type and the symbol's index.
Hundreds of thousands are made for a root, so they are plain tuples."""


class References(NamedTuple):
    """The names an object's relocations look up, without which it fails to load."""

    plt: frozenset[str]  # by a PLT relocation: only a real definition will do
    other: frozenset[str]  # by any other: an address will do
    copy: frozenset[str]  # by a COPY relocation: the program itself does not count
    order: tuple[Reference, ...]  # as they are processed, each distinct one once
    unsupported: bool  # some relocation type is unknown to the loader
    thread_local: bool  # some relocation is initial-exec TLS


def references(obj: ElfObject, classes: Mapping[int, str], local_is_final: bool) -> References:
    """What ``obj`` asks for on a loader that handles relocation types as ``classes`` says.

    ``local_is_final``: a reference to a STB_LOCAL symbol is never looked up (musl 1.1.24 and later;
    before, only one to a section symbol). Weak undefined symbols may stay unresolved.
    """
    sets: dict[str, set[str]] = {"PLT": set(), "COPY": set()}
    other: set[str] = set()
    order: list[Reference] = []
    unsupported = thread_local = False
    symbols = obj.symbols
    names, infos, shndxs, count = symbols.names, symbols.infos, symbols.shndxs, len(symbols)
    mips = "SYM_OR_REL" in classes.values()
    for table in obj.relocations:
        if table.table == "MIPS_GOT" and not mips:
            continue
        for kind, index in table.references():
            handled = classes.get(kind)
            name = ""
            if 0 < index < count:
                bind = infos[index] >> 4
                if bind == STB_LOCAL:
                    free = local_is_final or infos[index] & 15 == STT_SECTION
                else:
                    free = bind == STB_WEAK and shndxs[index] == SHN_UNDEF
                if not free and kind:
                    name = names[index]
                    sets.get(handled or "", other).add(name)
            if handled is None:
                if kind == 0:
                    continue
                unsupported = True
            elif handled[0] == "T" and handled != "TLSDESC":
                thread_local = True
            elif not name:
                continue
            order.append((name, handled, kind, index))
    return References(
        frozenset(sets["PLT"]), frozenset(other), frozenset(sets["COPY"]), tuple(order), unsupported, thread_local
    )
