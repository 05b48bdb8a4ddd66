"""What an object gives and what it asks for, as musl's ``find_sym`` and ``do_relocs`` see it."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import chain, compress, repeat
from operator import itemgetter
from sys import intern

from muslint.elf.machine import EM_MIPS
from muslint.elf.object import (
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
    Pair,
    SymbolTable,
)
from muslint.libc.model import LFS64_NAMES, Lfs64, LibcModel, lfs64_target

_index = itemgetter(1)  # of a (relocation type, symbol index) pair
_OK_BINDS = (STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE)
_OK_TYPES = (STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_COMMON, STT_TLS)
_TLS = 2
_ACCEPTED = bytes(
    (info >> 4 in _OK_BINDS and info & 15 in _OK_TYPES) * (_TLS if info & 15 == STT_TLS else 1) for info in range(256)
)
"""By ``st_info``: 0 for a symbol that ``find_sym`` passes over, `_TLS` for one that may have the value 0."""
STATIC_TLS = ("TPOFF", "TPOFF_NEG")
"""Relocation classes of initial-exec TLS."""
OF_DEFINER = (*STATIC_TLS, "DTPMOD", "TLSDESC")
"""Relocation classes that read of the object which defines the symbol (musl ``do_relocs``, ``def.dso->tls_id``)."""
_PECULIAR = ("COPY", *OF_DEFINER)
"""Relocation classes for which an entry of the object's own, or a weak one, does not settle the matter."""
_CALLS = {"PLT"}
_SINGLY = frozenset({None, *_PECULIAR})
"""The same, and None: a type the loader does not know."""
_APART = _SINGLY | _CALLS
"""Relocation classes that are no ordinary reference to data."""
_WHERE_ZERO = b"\xff" + bytes(255)
_WEAK = 2
_ASKING_FINAL = bytes(_WEAK if info >> 4 == STB_WEAK else info >> 4 != STB_LOCAL for info in range(256))
_ASKING = bytes(
    asks or (info >> 4 == STB_LOCAL and info & 15 != STT_SECTION) for info, asks in enumerate(_ASKING_FINAL)
)
"""By ``st_info``: 0 for a symbol that is never looked up, `_WEAK` for one that need not be found when undefined.
A STB_LOCAL one is never looked up since musl 1.1.24 (``_ASKING_FINAL``), before only if it stands for a section."""
_FEW = 24
HIDDEN = 0x8000
"""Bit 15 of a version index: not the default version, so never found by name."""


class Exports:
    """The names a look-up finds in one object; they are read when first asked for.

    ``own`` tells by symbol index where the object's own definition answers a look-up of the symbol's name
    (not 0). ``searchable`` is False without DT_HASH and DT_GNU_HASH: any look-up that reaches the object kills
    the loader.
    """

    def __init__(
        self,
        symbols: SymbolTable,
        own: bytes,
        searchable: bool = True,
        canonical: Sequence[int] = (),
        defined: frozenset[str] | None = None,
    ) -> None:
        """``canonical`` are the symbol indexes of `canonical`; ``defined`` is given where ``own`` does not tell it."""
        self.own, self.searchable = own, searchable
        self._symbols, self._canonical = symbols, canonical
        if defined is not None:
            self.__dict__["defined"] = defined

    @cached_property
    def defined(self) -> frozenset[str]:
        """Names that any reference finds here."""
        return frozenset(self._symbols.names_marked(self.own))

    @cached_property
    def canonical(self) -> frozenset[str]:
        """Names found also by references other than PLT: undefined here, but with an address.

        That is the canonical PLT entry of a program at a fixed address.
        """
        return frozenset(self._symbols.names_of(self._canonical)) if self._canonical else frozenset()

    def may_give(self, names: frozenset[str]) -> bool:
        """False when none of ``names`` is found here; True is a perhaps. Names are read only for a perhaps."""
        names = self._possible(names)
        return bool(names) and not (self.defined.isdisjoint(names) and self.canonical.isdisjoint(names))

    def gives_all(self, names: frozenset[str]) -> bool:
        """Whether any reference finds every one of ``names`` here."""
        return self._possible(names) == names and self.defined >= names

    def _possible(self, names: frozenset[str]) -> frozenset[str]:
        """Those that may be found here, without reading the names of all symbols."""
        if "defined" in self.__dict__ or len(self.own) - self.own.count(0) <= _FEW:
            return names
        return frozenset(self._symbols.possible(names))


def exports(obj: ElfObject) -> Exports:
    """What `find_sym` accepts in ``obj``.

    An entry must not have a hidden version. The first such entry of a name counts; when it fails
    a test the look-up moves to the next object, not to another entry.
    """
    symbols = obj.symbols
    count, start = len(symbols), symbols.first_hashed
    if not (obj.has_gnu_hash or obj.has_hash) or start >= count:
        searchable = obj.has_gnu_hash or obj.has_hash
        return Exports(symbols, bytes(count), searchable)
    own = bytearray(start) + bytes(symbols.infos)[start:].translate(_ACCEPTED)
    undefined, without_value = symbols.undefined(start), symbols.without_value(start)
    hidden = symbols.with_hidden_version(start)
    for index in without_value:
        if own[index] != _TLS:
            own[index] = 0
    for index in chain(undefined, hidden):
        own[index] = 0
    rejected = _zeros(own, start)
    if hidden:
        unseen = set(hidden)
        rejected = [index for index in rejected if index not in unseen]
    canonical = _canonical(obj, set(undefined).difference(without_value, hidden)) if undefined else ()
    if rejected and symbols.may_share_names(rejected):
        defined = frozenset(symbols.names_marked(bytes(own)))
        clash = _clash(symbols, own, rejected, defined)
        if clash:
            return Exports(symbols, bytes(count), True, canonical, defined - clash)
    return Exports(symbols, bytes(own), True, canonical)


def _zeros(own: bytes | bytearray, start: int) -> list[int]:
    """Indexes from ``start`` on where ``own`` is 0."""
    found, at = [], own.find(0, start)
    while at >= 0:
        found.append(at)
        at = own.find(0, at + 1)
    return found


def _clash(symbols: SymbolTable, own: bytearray, rejected: Sequence[int], defined: frozenset[str]) -> set[str]:
    """Names whose first visible entry is not the acceptable one; ``rejected`` are visible."""
    versyms = symbols.versyms
    found = set()
    for name in defined.intersection(symbols.names_of(rejected)):
        visible = (i for i in symbols.chain(name) if versyms is None or versyms[i] < HIDDEN)
        if not own[next(visible, 0)]:
            found.add(name)
    return found


def _canonical(obj: ElfObject, with_value: Iterable[int]) -> list[int]:
    """Those of the undefined symbols with an address that count; on MIPS only STO_MIPS_PLT (ARCH_SYM_REJECT_UND)."""
    symbols, mips = obj.symbols, obj.ident.machine == EM_MIPS
    infos = symbols.infos
    return [
        i for i in sorted(with_value) if _ACCEPTED[infos[i]] == 1 and (not mips or symbols.others[i] & STO_MIPS_PLT)
    ]


Reference = tuple[str, str | None, int, int]
"""One distinct relocation that can fail: the symbol looked up (empty where only the type can fail), the
relocation class (PLT, GOT, COPY …; None for a type the loader does not know), the type and the symbol's index."""


class References:
    """The names an object needs of others, without which it fails to load.

    ``plt``: by a PLT relocation, only a real definition will do. ``other``: by any other, an address will do.
    ``copy``: by a COPY relocation, the program itself does not count. ``fatal``: weak and undefined, by a
    TLS relocation of `OF_DEFINER`, the loader dies without them. ``unsupported``: some relocation type is unknown to
    the loader. ``static_tls``: some relocation is initial-exec TLS.

    A name that the object gives by another entry than the one referred to may be among them: the object is in its
    own scope.
    """

    __slots__ = (
        "_classes", "_indexes", "_kinds", "_names", "copy", "fatal", "other", "plt", "static_tls", "unsupported"
    )  # fmt: skip

    def __init__(self, classes: Mapping[int, str]) -> None:
        self._classes = classes
        # Of those that can fail, as they are processed; packed, for thousands of objects are held.
        self._names: tuple[str, ...] = ()
        self._kinds, self._indexes = array("I"), array("I")
        self.plt = self.other = self.copy = self.fatal = frozenset[str]()
        self.unsupported = self.static_tls = False

    def keep(self, rows: Iterable[tuple[Pair, str]]) -> None:
        """Take what can fail: each (type, symbol index) with the name that is looked up."""
        held = list(rows)
        self._names = tuple([intern(name) for _, name in held])
        self._kinds, self._indexes = (array("I", [pair[at] for pair, _ in held]) for at in (0, 1))

    def __len__(self) -> int:
        return len(self._names)

    @property
    def order(self) -> tuple[Reference, ...]:
        """As they are processed, each distinct one once."""
        return tuple(self._told())

    def among(self, names: Collection[str]) -> Iterator[Reference]:
        """Those of `order` by one of ``names``, and those of an unknown type."""
        if self.unsupported:
            return (found for found in self._told() if found[0] in names or found[1] is None)
        return self._told(map(names.__contains__, self._names))

    def _told(self, chosen: Iterable[bool] = repeat(True)) -> Iterator[Reference]:
        classes = self._classes
        for name, kind, index in compress(zip(self._names, self._kinds, self._indexes), chosen):
            yield name, classes.get(kind), kind, index


def references(obj: ElfObject, given: Exports, model: LibcModel, local_is_final: bool, with_libc: bool) -> References:
    """What ``obj``, which gives ``given``, asks for and gets neither from the entry referred to nor from libc.

    ``local_is_final``: a reference to a STB_LOCAL symbol is never looked up (musl 1.1.24 and later;
    before, only one to a section symbol). Weak undefined symbols may stay unresolved; only with a
    TLS relocation of `OF_DEFINER` the loader reads through a null pointer then. ``with_libc`` says whether
    libc is in scope; the LFS64 fallback looks there in any case (musl ``get_lfs64``).
    """
    classes = model.relocations
    asking = _asking(obj.symbols, given.own, local_is_final)
    tables = _can_fail(obj, asking, classes)
    pairs = list(chain.from_iterable([rows for _, rows in tables]))
    total = len(obj.symbols)
    if max(map(_index, pairs), default=0) >= total:  # beyond the table: what lies there is no name, as with index 0
        tables = [(way, [(kind, at if at < total else 0) for kind, at in rows if total]) for way, rows in tables]
        pairs = list(chain.from_iterable([rows for _, rows in tables]))
    names = obj.symbols.names_of(map(_index, pairs))
    left = set(names).difference(_in_libc(model.exports, model.lfs64, with_libc))
    found = References(classes)
    calls: list[str] = []
    others: list[str] = []
    peculiar: list[tuple[Pair, str]] = []
    start = 0
    for handled, rows in tables:
        here = names[start : start + len(rows)]
        start += len(rows)
        if handled == _CALLS:
            calls += here
        elif handled.isdisjoint(_APART):
            others += here
        else:
            for pair, name in zip(rows, here):
                way = classes.get(pair[0])
                if way == "PLT":
                    calls.append(name)
                elif way in _SINGLY:
                    peculiar.append((pair, name))
                else:
                    others.append(name)
    # What hosts give is asked for by hundreds of plugins alike: one text for all.
    found.plt, found.other = (frozenset(map(intern, left.intersection(which))) for which in (calls, others))
    single = _one_by_one(found, obj, given, asking, left, peculiar) if peculiar else {}
    found.keep(_that_can_fail(pairs, names, left, classes if peculiar else {}, single))
    found.static_tls = any(not handled.isdisjoint(STATIC_TLS) for handled, _ in tables)
    return found


@lru_cache(maxsize=16)
def _in_libc(exports: frozenset[str], lfs64: Lfs64, with_libc: bool) -> frozenset[str]:
    """The names libc answers for: those it exports where it is in scope, and in any case what LFS64 names map to."""
    mapped = (n for n in (*(f"{base}64" for base in LFS64_NAMES), "readdir64_r") if lfs64_target(n, lfs64) in exports)
    return frozenset(mapped) | (exports if with_libc else frozenset[str]())


def _that_can_fail(
    pairs: Iterable[Pair], names: Iterable[str], left: Container[str], classes: Mapping[int, str],
    single: Mapping[Pair, str],
) -> Iterator[tuple[Pair, str]]:  # fmt: skip
    """The distinct references that do where nothing gives the name: it is ``left``, or it is a ``single`` one.

    ``classes`` is empty where no type is one of those for which the latter is asked.
    """
    rows = zip(pairs, names)
    if not classes:
        return iter(dict.fromkeys(row for row in rows if row[1] in left))
    found = dict.fromkeys(row for row in rows if row[1] in left or row[0] in single)
    return (
        (pair, single.get(pair, name)) for pair, name in found if pair in single or classes.get(pair[0]) not in _SINGLY
    )


def _one_by_one(
    found: References, obj: ElfObject, given: Exports, asking: bytes, left: set[str], rows: Iterable[tuple[Pair, str]]
) -> dict[Pair, str]:
    """Add to ``found`` the references of the types for which an own entry, or a weak one, does not settle it.

    Gives those that can fail, with the name; an empty one where only the type can.
    """
    symbols, classes, single = obj.symbols, found._classes, dict[Pair, str]()
    infos = symbols.infos
    copy, other, fatal = set[str](), set[str](), set[str]()
    for pair, name in dict.fromkeys(rows):
        kind, index = pair
        handled = classes.get(kind)
        local = not index or infos[index] >> 4 == STB_LOCAL
        free = not asking[index] and (local or symbols.is_undefined(index))
        if free and not local and handled in OF_DEFINER and name in left:
            if name in given.defined or name in given.canonical:
                continue
            fatal.add(name)
        elif free or name not in left or (handled is None and name in given.defined | given.canonical):
            if handled is not None:
                continue
            name = ""
        else:
            (copy if handled == "COPY" else other).add(name)
        found.unsupported = found.unsupported or handled is None
        single[pair] = name
    found.copy, found.fatal = frozenset(copy), frozenset(fatal)
    found.other |= other
    return single


def _asking(symbols: SymbolTable, own: bytes, local_is_final: bool) -> bytes:
    """By symbol index: 1 where a reference is looked up and must find something in another entry than this.

    Not so where the object's own definition answers, for local symbols, and for weak undefined ones.
    """
    if not own:
        return b"\0"
    infos = bytes(symbols.infos).translate(_ASKING_FINAL if local_is_final else _ASKING)
    open_ones = int.from_bytes(infos, "little") & int.from_bytes(own.translate(_WHERE_ZERO), "little")
    asking = bytearray(open_ones.to_bytes(len(own), "little"))
    asking[0] = 0
    at = asking.find(_WEAK)
    while at >= 0:
        asking[at] = 0 if symbols.is_undefined(at) else 1
        at = asking.find(_WEAK, at + 1)
    return bytes(asking)


def _can_fail(
    obj: ElfObject, asking: bytes, classes: Mapping[int, str]
) -> list[tuple[set[str | None], Sequence[Pair]]]:
    """For each table the classes of its types, and the pairs that are not plainly settled, in order."""
    count = len(asking)
    mips = "SYM_OR_REL" in classes.values()
    found: list[tuple[set[str | None], Sequence[Pair]]] = []

    def peculiar(kind: int) -> bool:
        return kind != 0 and classes.get(kind) in _SINGLY

    for table in obj.relocations:
        if table.table == "MIPS_GOT" and not mips:
            continue
        kinds, pairs = table.picked(asking, peculiar)
        kinds.discard(0)
        handled = {classes.get(kind) for kind in kinds}
        if not handled.isdisjoint(_SINGLY):
            pairs = [pair if pair[1] < count else (pair[0], 0) for pair in pairs]
        found.append((handled, pairs))
    return found
