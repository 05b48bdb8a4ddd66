"""The dynamic symbol table, by column, decoded when asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import compress, repeat
from operator import itemgetter
from struct import Struct
from typing import Any, TypeVar

from muslint.elf.columns import SIZES, Code, column, either
from muslint.elf.hashes import GnuHash, sysv_chain
from muslint.elf.header import Layout
from muslint.elf.object import Linkage, Symbol
from muslint.elf.pieces import Buffer, Piece
from muslint.elf.strings import strings

T = TypeVar("T")
_BINDS = bytes(info >> 4 for info in range(256))
_TYPES = bytes(info & 15 for info in range(256))
_NOT_ZERO = b"\0" + b"\1" * 255
_ZERO = b"\1" + b"\0" * 255
_HIDDEN = bytes(high >> 7 for high in range(256))
_VISIBILITIES = bytes(other & 3 for other in range(256))
_as_symbol: Callable[[type[Symbol], tuple[Any, ...]], Symbol] = tuple.__new__
"""A row as a `Symbol`, without the checks of its constructor: every symbol of every file goes through here."""

_NAME_LITTLE, _NAME_BIG = Struct("<I"), Struct(">I")
_APART = 8  # symbols for each name wanted: with more, their offsets are taken one by one

_MOST_DECODED = 4
_decoded: deque[RawSymbols] = deque()
"""The tables decoded last; what was decoded of others is let go, and decoded again when asked for again."""


def _looked_up(values: Sequence[T], numbers: bytes) -> tuple[T, ...]:
    """The value of each number, with two more at the end: `itemgetter` makes a tuple of two at least."""
    found: tuple[T, ...] = itemgetter(*numbers, 0, 0)(values)
    return found


class RawSymbols:
    """A `SymbolTable` over the bytes of DT_SYMTAB, DT_STRTAB and DT_VERSYM."""

    __slots__ = (
        "_columns",
        "_count",
        "_data",
        "_first",
        "_gnu",
        "_hash",
        "_layout",
        "_little",
        "_strings",
        "_version_names",
        "_versym",
        "_wide",
    )

    def __init__(
        self,
        layout: Layout,
        data: Piece,
        string_table: Piece,
        versym: Piece | None,
        first_hashed: int,
        sysv_hash: tuple[Sequence[int], Sequence[int]] | None,
        version_names: Callable[[], Mapping[int, str]],
        gnu_hash: GnuHash | None = None,
    ) -> None:
        self._layout, self._data, self._strings, self._versym = layout, data, string_table, versym
        self._count = data.size // layout.symbol_size
        self._little, self._wide = layout.order == "<", layout.word_size == 8
        self._columns: dict[str, Any] = {}
        self._gnu = gnu_hash
        self._first, self._hash, self._version_names = first_hashed, sysv_hash, version_names

    def __len__(self) -> int:
        return self._count

    def forget(self) -> None:
        """Drop what was read and decoded; a later question reads it again."""
        self._columns.clear()
        self._data.forget()
        self._strings.forget()
        if self._versym is not None:
            self._versym.forget()
        if self._gnu is not None:
            self._gnu.forget()

    def _kept(self, name: str, decode: Callable[[], T]) -> T:
        columns = self._columns
        known: T | None = columns.get(name)
        if known is None:
            if not columns:
                self._noted()
            known = columns[name] = decode()
        return known

    def _noted(self) -> None:
        """Remember that this table holds decoded columns, and let those of the one decoded longest ago go."""
        if self not in _decoded:
            if len(_decoded) >= _MOST_DECODED:
                _decoded.popleft()._columns.clear()
            _decoded.append(self)

    def _table(self) -> bytes:
        known: bytes | None = self._columns.get("table")
        return self._kept("table", lambda: bytes(self._data.content)) if known is None else known

    def _string_table(self) -> Buffer:
        known: Buffer | None = self._columns.get("strings")
        return self._kept("strings", lambda: self._strings.content) if known is None else known

    def _numbers(self, name: str, code: Code, offset: int) -> list[int]:
        known: list[int] | None = self._columns.get(name)
        if known is not None:
            return known
        size = SIZES[code]
        first, stride = offset // size, self._layout.symbol_size // size
        return self._kept(name, lambda: column(self._table(), code, first, stride, self._little))

    def _octets(self, name: str, wide: int, narrow: int) -> bytes:
        """One byte of every entry, at offset ``wide`` of a 64-bit one or ``narrow`` of a 32-bit one."""
        known: bytes | None = self._columns.get(name)
        if known is not None:
            return known
        return self._kept(name, lambda: self._table()[wide::24] if self._wide else self._table()[narrow::16])

    @property
    def names(self) -> list[str]:
        """Symbol names by index."""
        return self._kept("names", lambda: strings(self._string_table(), self._numbers("st_name", "I", 0)))

    def names_of(self, indexes: Iterable[int]) -> list[str]:
        """The names of some symbols, without decoding those of all."""
        size = self._layout.symbol_size
        if isinstance(indexes, range) and indexes.step == 1:
            end = max(indexes.start, indexes.stop)  # as in `strings`: no slice that ends before it starts
            known = self._table()[indexes.start * size : end * size]
            return strings(self._string_table(), column(known, "I", 0, size // 4, self._little))
        wanted = list(indexes)
        if "st_name" not in self._columns and len(wanted) * _APART < self._count:
            table, one = self._table(), _NAME_LITTLE if self._little else _NAME_BIG
            return strings(self._string_table(), [one.unpack_from(table, index * size)[0] for index in wanted])
        return strings(self._string_table(), list(map(self._numbers("st_name", "I", 0).__getitem__, wanted)))

    def names_marked(self, marks: bytes) -> list[str]:
        """The names of the symbols whose byte in ``marks`` is not 0."""
        return strings(self._string_table(), list(compress(self._numbers("st_name", "I", 0), marks)))

    @property
    def infos(self) -> bytes:
        """``st_info`` by index."""
        return self._octets("infos", 4, 12)

    @property
    def others(self) -> bytes:
        """``st_other`` by index."""
        return self._octets("others", 5, 13)

    @property
    def shndxs(self) -> list[int]:
        """``st_shndx`` by index."""
        return self._numbers("shndxs", "H", 6 if self._wide else 14)

    @property
    def values(self) -> list[int]:
        """``st_value`` by index."""
        return self._numbers("values", "Q", 8) if self._wide else self._numbers("values", "I", 4)

    @property
    def sizes(self) -> list[int]:
        """``st_size`` by index, bytes."""
        return self._numbers("sizes", "Q", 16) if self._wide else self._numbers("sizes", "I", 8)

    @property
    def versyms(self) -> list[int] | None:
        """Version indexes with the hidden bit (0x8000), None without DT_VERSYM."""
        versym = self._versym
        if versym is None:
            return None
        return self._kept("versyms", lambda: column(versym.content, "H", 0, 1, self._little))

    @property
    def first_hashed(self) -> int:
        """Index of the first symbol a look-up by hash can find."""
        return self._first

    def __iter__(self) -> Iterator[Symbol]:
        versions, hidden = self._versions()
        infos = self.infos
        rows = zip(
            self.names, infos.translate(_BINDS), infos.translate(_TYPES), self.others.translate(_VISIBILITIES),
            self.shndxs, self.values, self.sizes, versions, hidden,
        )  # fmt: skip
        return map(_as_symbol, repeat(Symbol), rows)

    def linkage(self) -> Iterator[Linkage]:
        """Each symbol without its address and size."""
        versions, hidden = self._versions()
        infos = self.infos
        return zip(
            self.names, infos.translate(_BINDS), infos.translate(_TYPES), self.others.translate(_VISIBILITIES),
            _looked_up((False, True), self._defined_marks()), versions, hidden,
        )  # fmt: skip

    def _defined_marks(self) -> bytes:
        """By index: 1 where ``st_shndx`` is not 0, from its two bytes taken together for all symbols at once."""
        table, first, stride = self._table(), 6 if self._wide else 14, self._layout.symbol_size
        return either(table[first::stride], table[first + 1 :: stride]).translate(_NOT_ZERO)

    def __getitem__(self, index: int) -> Symbol:
        info, other = self.infos[index], self.others[index]
        versym = self.versyms[index] if self.versyms else 0
        version = self._version_names().get(versym & 0x7FFF) if versym & 0x7FFF > 1 else None
        return Symbol(
            self.names[index], info >> 4, info & 15, other & 3, self.shndxs[index],
            self.values[index], self.sizes[index], version, versym >= 0x8000,
        )  # fmt: skip

    def _versions(self) -> tuple[Iterable[str | None], Iterable[bool]]:
        """Version name and hidden bit of every symbol."""
        if self._versym is None:
            return repeat(None), repeat(False)
        names = {index: name for index, name in self._version_names().items() if index > 1}
        content = bytes(self._versym.content)
        low, high = content[not self._little :: 2], content[self._little :: 2]
        if names and max(names) < 256 and not high.strip(b"\0"):  # as in nearly every file
            return _looked_up([names.get(index) for index in range(256)], low), repeat(False)
        versyms = self.versyms or []
        found = set(versyms)
        name_of = {versym: names.get(versym & 0x7FFF) for versym in found}
        hidden_of = {versym: versym >= 0x8000 for versym in found}
        return (
            map(name_of.__getitem__, versyms) if any(name_of.values()) else repeat(None),
            map(hidden_of.__getitem__, versyms) if any(hidden_of.values()) else repeat(False),
        )

    def undefined(self, start: int) -> Sequence[int]:
        """Indexes from ``start`` on whose ``st_shndx`` is SHN_UNDEF."""
        return self._zeros(start, 6 if self._wide else 14, 2)

    def without_value(self, start: int) -> Sequence[int]:
        """Indexes from ``start`` on whose ``st_value`` is 0."""
        return self._zeros(start, 8, 8) if self._wide else self._zeros(start, 4, 4)

    def _zeros(self, start: int, offset: int, size: int) -> Sequence[int]:
        """Indexes from ``start`` on whose number of ``size`` bytes at ``offset`` is 0."""
        table, stride, none = self._table(), self._layout.symbol_size, bytes(size)
        first, step = (offset, 1) if self._little else (offset + size - 1, -1)
        marks = table[start * stride + first :: stride]
        if marks.find(0) < 0:
            return []
        if size == 2:
            others = marks.lstrip(b"\0")
            run = len(marks) - len(others)
            if others.find(0) < 0 and not table[start * stride + first + step : (start + run) * stride : stride].strip(
                b"\0"
            ):
                return range(start, start + run)  # what others must give stands first where there is a GNU hash
        second = table[start * stride + first + step :: stride]  # many addresses end in a byte of 0, few in two
        marks = either(marks, second)
        if size == 2 and marks.count(0) > len(marks) >> 5:
            return list(compress(range(start, self._count), marks.translate(_ZERO)))
        found, at = [], marks.find(0)
        while at >= 0:
            place = (start + at) * stride + offset
            if size == 2 or table[place : place + size] == none:
                found.append(start + at)
            at = marks.find(0, at + 1)
        return found

    def is_undefined(self, index: int) -> bool:
        """Whether ``st_shndx`` is SHN_UNDEF."""
        place = index * 24 + 6 if self._wide else index * 16 + 14
        return self._table()[place : place + 2] == b"\0\0"

    def with_hidden_version(self, start: int) -> list[int]:
        """Indexes from ``start`` on whose version index has the hidden bit."""
        if self._versym is None:
            return []
        marks = bytes(self._versym.content)[2 * start + self._little :: 2].translate(_HIDDEN)
        found, at = [], marks.find(1)
        while at >= 0:
            found.append(start + at)
            at = marks.find(1, at + 1)
        return found

    def may_share_names(self, indexes: Sequence[int]) -> bool:
        """False when no other entry that a look-up can find is called as one of ``indexes``; True is a perhaps.

        Entries of one name have one hash: by any other hash a look-up does not find them (musl ``gnu_lookup``).
        """
        return self._gnu is None or self._gnu.may_share(indexes)

    def chain(self, name: str) -> list[int]:
        """Indexes of the entries called ``name`` in the order the hash look-up meets them.

        GNU hash chains run in index order; a SysV chain is walked (`sysv_chain`).
        """
        if self._hash is None:
            return self._kept("indexes", self._indexes).get(name, [])
        return sysv_chain(self.names, name, *self._hash)

    def possible(self, names: Iterable[str]) -> Iterable[str]:
        """Those of ``names`` that DT_GNU_HASH does not rule out; all where there is none."""
        return names if self._gnu is None else self._gnu.possible(names)

    def _indexes(self) -> dict[str, list[int]]:
        names, found = self.names, dict[str, list[int]]()
        for index in range(self._first, self._count):
            found.setdefault(names[index], []).append(index)
        return found
