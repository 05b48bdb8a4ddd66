"""What an object gives and what it asks for, as musl's ``find_sym`` and ``do_relocs`` see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from operator import itemgetter
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
from muslint.libc.model import LibcModel, lfs64_target

_kind, _index = itemgetter(0), itemgetter(1)  # of a (relocation type, symbol index) pair
_OK_BINDS = (STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE)
_OK_TYPES = (STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_COMMON, STT_TLS)
_TLS = 2
_ACCEPTED = bytes(
    (info >> 4 in _OK_BINDS and info & 15 in _OK_TYPES) * (_TLS if info & 15 == STT_TLS else 1) for info in range(256)
)
"""By ``st_info``: 0 for a symbol that ``find_sym`` passes over, `_TLS` for one that may have the value 0."""
STATIC_TLS = ("TPOFF", "TPOFF_NEG")
"""Relocation classes of initial-exec TLS."""
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
    own: bytes
    """By symbol index: not 0 where the object's own definition answers a look-up of the symbol's name."""


def exports(obj: ElfObject) -> Exports:
    """The names `find_sym` accepts in ``obj``.

    An entry must not have a hidden version. The first such entry of a name counts; when it fails
    a test the look-up moves to the next object, not to another entry.
    """
    symbols = obj.symbols
    count, start = len(symbols), symbols.first_hashed
    if not (obj.has_gnu_hash or obj.has_hash):
        return Exports(frozenset(), frozenset(), False, bytes(count))
    columns = bytes(symbols.infos).translate(_ACCEPTED), symbols.shndxs, symbols.values
    versyms = symbols.versyms
    if versyms is None:
        own = [a if x and (v or a == _TLS) else 0 for a, x, v in zip(*columns)]
    else:
        own = [a if x and (v or a == _TLS) and y < HIDDEN else 0 for a, x, v, y in zip(*columns, versyms)]
    own[:start] = bytes(min(start, count))
    defined = frozenset(symbols.names_of(compress(range(count), own)))
    clash = _clash(obj, own, defined) if own.count(0) > start else None
    if clash:
        defined -= clash
        own = [0] * count
    return Exports(defined, _canonical(obj, defined), True, bytes(own))


def _clash(obj: ElfObject, own: Sequence[int], defined: frozenset[str]) -> set[str]:
    """Names whose first visible entry is not the acceptable one."""
    symbols, versyms = obj.symbols, obj.symbols.versyms
    rejected = [i for i in range(symbols.first_hashed, len(symbols)) if not own[i]]
    if versyms is not None:
        rejected = [i for i in rejected if versyms[i] < HIDDEN]
    found = set()
    for name in defined.intersection(symbols.names_of(rejected)):
        visible = (i for i in symbols.chain(name) if versyms is None or versyms[i] < HIDDEN)
        if not own[next(visible, 0)]:
            found.add(name)
    return found


def _canonical(obj: ElfObject, defined: frozenset[str]) -> frozenset[str]:
    """Undefined symbols with an address; on MIPS only those marked STO_MIPS_PLT (ARCH_SYM_REJECT_UND)."""
    symbols, mips = obj.symbols, obj.ident.machine == EM_MIPS
    versyms, infos, start = symbols.versyms, symbols.infos, symbols.first_hashed
    shndxs = symbols.shndxs[start:]
    if SHN_UNDEF not in shndxs:
        return frozenset()
    found = [i for i, (x, v) in enumerate(zip(shndxs, symbols.values[start:]), start) if x == SHN_UNDEF and v]
    if not found:
        return frozenset()
    found = [
        i
        for i in found
        if _ACCEPTED[infos[i]] == 1
        and not (versyms and versyms[i] >= HIDDEN)
        and (not mips or symbols.others[i] & STO_MIPS_PLT)
    ]
    return frozenset(symbols.names_of(found)) - defined


Reference = tuple[str, str | None, int, int]
"""One distinct relocation that can fail: the symbol looked up (empty where only the type can fail), the
relocation class (PLT, GOT, COPY …; None for a type the loader does not know), the type and the symbol's index."""


class References(NamedTuple):
    """The names an object needs of others, without which it fails to load."""

    plt: frozenset[str]  # by a PLT relocation: only a real definition will do
    other: frozenset[str]  # by any other: an address will do
    copy: frozenset[str]  # by a COPY relocation: the program itself does not count
    fatal: frozenset[str]  # weak and undefined, by an initial-exec TLS relocation: the loader dies without them
    order: tuple[Reference, ...]  # as they are processed, each distinct one once
    unsupported: bool  # some relocation type is unknown to the loader
    static_tls: bool  # some relocation is initial-exec TLS


def references(obj: ElfObject, given: Exports, model: LibcModel, local_is_final: bool, with_libc: bool) -> References:
    """What ``obj``, which gives ``given``, asks for and gets neither from itself nor from libc.

    ``local_is_final``: a reference to a STB_LOCAL symbol is never looked up (musl 1.1.24 and later;
    before, only one to a section symbol). Weak undefined symbols may stay unresolved; only with an
    initial-exec TLS relocation the loader reads through a null pointer then (``do_relocs``,
    ``def.dso->tls_id``). ``with_libc`` says whether libc is in scope; the LFS64 fallback looks there in
    any case (musl ``get_lfs64``).
    """
    classes, symbols = model.relocations, obj.symbols
    infos, shndxs = symbols.infos, symbols.shndxs
    libc = model.exports if with_libc else frozenset[str]()
    sets: dict[str, set[str]] = {"PLT": set(), "COPY": set()}
    other: set[str] = set()
    fatal: set[str] = set()
    order: list[Reference] = []
    unsupported = False
    failing, kinds = _can_fail(obj, given, classes)
    names = symbols.names_of(map(_index, failing))
    # libc gives most of what is left, so that is asked first.
    rest = [(pair, name) for pair, name in zip(failing, names) if name not in libc or pair[0] not in classes]
    asked = {name for _, name in rest}
    found = {n for n in asked if "64" in n and lfs64_target(n, model.lfs64) in model.exports} | (asked & libc)
    for (kind, index), name in rest:
        handled = classes.get(kind)
        bind = infos[index] >> 4
        if bind == STB_LOCAL:
            free = local_is_final or index == 0 or infos[index] & 15 == STT_SECTION
        else:
            free = bind == STB_WEAK and shndxs[index] == SHN_UNDEF
        if free and bind != STB_LOCAL and handled in STATIC_TLS and not _given(name, handled, given):
            fatal.add(name)
        elif free or name in found or _given(name, handled, given):
            if handled is not None:
                continue
            name = ""
        else:
            sets.get(handled or "", other).add(name)
        unsupported = unsupported or handled is None
        order.append((name, handled, kind, index))
    static_tls = any(classes.get(kind) in STATIC_TLS for kind in kinds)
    return References(
        frozenset(sets["PLT"]), frozenset(other), frozenset(sets["COPY"]), frozenset(fatal),
        tuple(order), unsupported, static_tls,
    )  # fmt: skip


def _given(name: str, handled: str | None, own: Exports) -> bool:
    return handled != "COPY" and (name in own.defined or (handled != "PLT" and name in own.canonical))


def _can_fail(obj: ElfObject, given: Exports, classes: Mapping[int, str]) -> tuple[list[tuple[int, int]], set[int]]:
    """The (type, symbol index) pairs that the object itself does not plainly settle, in order; and all types."""
    own = b"\1" + given.own[1:]  # index 0 is no symbol
    count = len(own)
    mips = "SYM_OR_REL" in classes.values()
    found: list[tuple[int, int]] = []
    every: set[int] = set()
    for table in obj.relocations:
        if table.table == "MIPS_GOT" and not mips:
            continue
        pairs = table.references()
        if max(map(_index, pairs), default=0) >= count:
            pairs = [(kind, index if index < count else 0) for kind, index in pairs]
        kinds = set(map(_kind, pairs))
        odd = {kind for kind in kinds if kind and classes.get(kind, "COPY") == "COPY"}
        every |= kinds
        if odd:
            found += [pair for pair in pairs if pair[0] in odd or (pair[0] and not own[pair[1]])]
        else:
            found += [pair for pair in pairs if not own[pair[1]] and pair[0]]
    return found, every
