"""Tables in an object's memory: where one ends, and what its rows hold.

Nothing in a stripped file tells how long an array is. It ends at the latest where something begins that code, or a
pointer in memory, points to, and where a row would have a number in place of an address, or an address in place of a
number.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import takewhile

from muslint.elf.code import Machine
from muslint.elf.image import Image
from muslint.elf.object import PT_DYNAMIC
from muslint.elf.slots import Slots
from muslint.elf.values import UNKNOWN, Symbol, Value, only

_ADDRESS, _NUMBER = 1, 2
_HEADERS = 512  # bytes of the file's headers, which address 0 is the start of, and a field behind NULL
_INT = 4
_WIDEST = 256  # bytes of a row that is looked at whole
_ROWS = 64  # rows of one table
_LISTED_IN = 1 << 22  # bytes of code beyond which nobody asks what it points to
_POINTERS = 1 << 16  # relocations beyond which nobody asks what they point to


class Tables:
    """The tables and variables of one object."""

    def __init__(
        self, image: Image, slots: Slots, machine: Machine | None, written: Callable[[int, int], frozenset[int]]
    ) -> None:
        """``written`` tells what code writes into the variable of so many bytes at an address."""
        self._image, self._slots, self._machine, self._written = image, slots, machine, written
        self._known: dict[tuple[int, int], int] = {}
        self._known_rows: dict[tuple[int, int, int], list[int]] = {}

    def rows(self, address: int, stride: int, size: int) -> list[int]:
        """The addresses of ``size`` bytes in each row of the table at ``address``; none where no table is."""
        if (address, stride, size) not in self._known_rows:
            rows = range(address, self._end(address, stride) - size + 1, stride)
            found = takewhile(lambda row: self._as_second(address + stride, row, stride), rows)
            self._known_rows[address, stride, size] = list(found)
        return self._known_rows[address, stride, size]

    def stored(self, address: int, size: int, written: bool = True) -> Value:
        """What memory holds: for ever, or where it is a variable what means something of what it has at first, and of
        what is ``written`` to it."""
        if address < _HEADERS:
            return UNKNOWN
        if size == self._image.word_size and address in self._slots.imports:
            return only(Symbol("slot", address, 0))
        if self._image.constant(address, size):
            number = self._number(address, size)
            return UNKNOWN if number is None else only(number)
        asked = written and size in (_INT, self._image.word_size)
        known = set(self._written(address, size)) if asked else set()
        if self._image.initial(address, size) and (number := self._number(address, size)) is not None:
            known.add(number)
        return Value(frozenset(known - {0, (1 << 8 * size) - 1}), False)

    def _number(self, address: int, size: int) -> int | None:
        wide = size == self._image.word_size
        return self._slots.pointer(address) if wide else self._image.number(address, size)

    def _as_second(self, second: int, row: int, stride: int) -> bool:
        """Whether what lies between a row and the one before is made as what lies before the second one."""
        word = self._image.word_size
        if row <= second or stride % word or stride > _WIDEST:
            return True
        between = range(row - stride + word & -word, row, word)
        return all(self._kind(at) | self._kind(at - row + second) != _ADDRESS | _NUMBER for at in between)

    def _kind(self, place: int) -> int:
        """What a word of memory is; 0 for what may be either: NULL, a number that is an address where those begin
        at 0."""
        value = self._slots.pointer(place)
        if value == 0:
            return 0
        if value is None or value != self._image.number(place, self._image.word_size):
            return _ADDRESS
        if self._image.at(value, 1) is None:
            return _NUMBER
        return 0 if self._image.at(0, 1) else _ADDRESS

    @cached_property
    def _memory(self) -> list[tuple[int, int]]:
        """Where there may be tables."""
        parts = [(part.address + part.start, part.address + part.end) for part in self._image.data()]
        dynamic = [s.vaddr for s in self._image.object.segments if s.type == PT_DYNAMIC]
        return [(start, min([end, *(at for at in dynamic if at > start)])) for start, end in parts]

    def _end(self, address: int, stride: int) -> int:
        if (address, stride) not in self._known:
            behind_it = next((end for start, end in self._memory if start <= address < end), address)
            end = min(address + _ROWS * stride, behind_it)
            pointed = self._pointed(address + 1, end) if end > address else ()
            self._known[address, stride] = min([self._next(address, end), *pointed])
        return self._known[address, stride]

    def _pointed(self, first: int, last: int) -> Iterator[int]:
        """What code points to from one address to another; of much code, that everything is pointed to."""
        if self._machine is None or sum(len(part.content) for part in self._image.code()) > _LISTED_IN:
            yield first
            return
        for part in self._image.code():
            for pairs in self._machine.all_pointers(part, [(first, last)]):
                yield from (at for _, at in pairs if first <= at <= last)

    def _next(self, address: int, end: int) -> int:
        """The first address behind ``address`` that a word of memory holds once the loader has been."""
        at = bisect_right(self._pointers, address)
        return min(end, self._pointers[at]) if at < len(self._pointers) else end

    @cached_property
    def _pointers(self) -> list[int]:
        return sorted(self._slots.relative(_POINTERS))
