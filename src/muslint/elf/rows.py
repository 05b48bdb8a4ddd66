"""Tables over rows that are decoded already: the library-based readers make these, and listed libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress

from muslint.elf.object import SHN_UNDEF, Linkage, Pair, Relocation, Symbol
from muslint.elf.relocations import Odd, picked


class SymbolRows:
    """A `SymbolTable` over rows that are already decoded (the library-based readers make these)."""

    __slots__ = ("_chain", "_first", "_rows", "_versyms", "others")

    def __init__(
        self,
        rows: Sequence[Symbol],
        others: Sequence[int],
        versyms: Sequence[int] | None,
        first_hashed: int,
        chain: Callable[[str], Sequence[int]] | None = None,
    ) -> None:
        """``chain`` walks a SysV hash; without it the order is that of the indexes, as in a GNU hash."""
        self._rows, self.others, self._versyms, self._first = rows, others, versyms, first_hashed
        self._chain = chain

    def names_of(self, indexes: Iterable[int]) -> Sequence[str]:
        """The names of some symbols."""
        return [self._rows[index].name for index in indexes]

    def names_marked(self, marks: bytes) -> Sequence[str]:
        """The names of the symbols whose byte in ``marks`` is not 0."""
        return [row.name for row in compress(self._rows, marks)]

    def possible(self, names: Iterable[str]) -> Iterable[str]:
        """All: rows have no hash table."""
        return names

    def forget(self) -> None:
        """Rows are all there is: nothing can be dropped."""

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Symbol]:
        return iter(self._rows)

    def __getitem__(self, index: int) -> Symbol:
        return self._rows[index]

    def linkage(self) -> Iterator[Linkage]:
        """Each symbol without its address and size."""
        return ((s.name, s.bind, s.type, s.visibility, s.defined, s.version, s.hidden) for s in self._rows)

    @property
    def names(self) -> Sequence[str]:
        """Symbol names by index."""
        return [row.name for row in self._rows]

    @property
    def infos(self) -> Sequence[int]:
        """``st_info`` by index."""
        return [row.bind << 4 | row.type for row in self._rows]

    @property
    def shndxs(self) -> Sequence[int]:
        """``st_shndx`` by index."""
        return [row.shndx for row in self._rows]

    @property
    def values(self) -> Sequence[int]:
        """``st_value`` by index."""
        return [row.value for row in self._rows]

    @property
    def sizes(self) -> Sequence[int]:
        """``st_size`` by index, bytes."""
        return [row.size for row in self._rows]

    @property
    def versyms(self) -> Sequence[int] | None:
        """Version indexes with the hidden bit."""
        return self._versyms

    @property
    def first_hashed(self) -> int:
        """Index of the first symbol a look-up by hash can find."""
        return self._first

    def undefined(self, start: int) -> Sequence[int]:
        """Indexes from ``start`` on whose ``st_shndx`` is SHN_UNDEF."""
        return [i for i in range(start, len(self._rows)) if self._rows[i].shndx == SHN_UNDEF]

    def without_value(self, start: int) -> Sequence[int]:
        """Indexes from ``start`` on whose ``st_value`` is 0."""
        return [i for i in range(start, len(self._rows)) if self._rows[i].value == 0]

    def with_hidden_version(self, start: int) -> Sequence[int]:
        """Indexes from ``start`` on whose version index has the hidden bit."""
        versyms = self._versyms
        return [] if versyms is None else [i for i in range(start, len(versyms)) if versyms[i] >= 0x8000]

    def is_undefined(self, index: int) -> bool:
        """Whether ``st_shndx`` is SHN_UNDEF."""
        return self._rows[index].shndx == SHN_UNDEF

    def may_share_names(self, indexes: Sequence[int]) -> bool:
        """Whether a look-up can find another entry called as one of ``indexes``."""
        names = [row.name for row in self._rows[self._first :]]
        return any(names.count(self._rows[index].name) > 1 for index in indexes)

    def chain(self, name: str) -> Sequence[int]:
        """Indexes of the entries called ``name`` in the order the loader's hash look-up meets them."""
        if self._chain is not None:
            return self._chain(name)
        return [i for i in range(self._first, len(self._rows)) if self._rows[i].name == name]


class RelocationRows:
    """A `RelocationTable` over rows that are already decoded."""

    __slots__ = ("_rows", "table")

    def __init__(self, table: str, rows: Sequence[Relocation]) -> None:
        self.table, self._rows = table, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Relocation]:
        return iter(self._rows)

    def references(self) -> Sequence[Pair]:
        """Distinct ``(type, symbol index)`` pairs in the order they first occur."""
        return list(dict.fromkeys(self.all_references()))

    def all_references(self) -> Sequence[Pair]:
        """Every ``(type, symbol index)`` pair in file order."""
        return [(row.type, row.symbol) for row in self._rows]

    def reach(self) -> tuple[int, int] | None:
        """See `RelocationTable.reach`."""
        offsets = [row.offset for row in self._rows if row.type]
        return (min(offsets), max(offsets)) if offsets else None

    def picked(self, marks: bytes, odd: Odd) -> tuple[set[int], list[Pair]]:
        """See `RelocationTable.picked`."""
        return picked(self.references(), marks, odd)

    def forget(self) -> None:
        """Rows are all there is: nothing can be dropped."""
