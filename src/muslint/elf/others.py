"""What the other functions of an object return, and write through addresses, for who follows a value in one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from muslint.elf.flow import Body
from muslint.elf.frame import Place, overwritten
from muslint.elf.functions import Functions
from muslint.elf.memory import given_away
from muslint.elf.values import UNKNOWN, Item, Symbol, Value

_SHORT = 512  # bytes of a function whose result is looked at
_LONGEST = 1 << 12  # bytes of a function whose writes are looked at
_QUESTIONS = 48  # about writes, of one object
_STEPS = 2_000  # instructions of the functions of one object that are asked
_CODE = 1 << 18  # bytes of code beyond which no function is asked what it writes
_LEVELS = 2  # functions that hand an address on


class Elsewhere:
    """The functions of one object, as `Body` asks of them."""

    def __init__(
        self, functions: Functions, body: Callable[[int], Body], anew: Callable[[int], Body], size: int
    ) -> None:
        """``body`` gives the code around an address; ``anew`` makes it once more, for what is asked meanwhile; of code
        there are ``size`` bytes."""
        self._functions, self._body, self._anew = functions, body, anew
        self._steps_left = _STEPS if size <= _CODE else 0
        self._known_returned: dict[int, Value] = {}
        self._known_written: dict[tuple[int, ...], frozenset[Item] | None] = {}
        self._bodies: dict[int, Body] = {}
        self._asked: set[int] = set()

    def forget(self) -> None:
        """Drop everything; not to be used afterwards."""
        for body in self._bodies.values():
            vars(body).clear()
        vars(self).clear()

    def returned(self, start: int) -> Value:
        """What the function that begins at ``start`` returns, where it is a small one that returns constants."""
        if start not in self._known_returned:
            self._known_returned[start] = UNKNOWN  # while it is looked at: it may call itself
            bounds = self._functions.around(start)
            if bounds.known and bounds.start == start and bounds.end - start <= _SHORT:
                self._known_returned[start] = self._body(start).returned()
        return self._known_returned[start]

    def through(self, start: int, index: int, offset: int, size: int, level: int = 0) -> frozenset[Item] | None:
        """See `memory.Others`."""
        key = start, index, offset, size
        if key not in self._known_written:
            self._known_written[key] = frozenset()  # while it is looked for
            self._known_written[key] = self._written(start, ("param", index), offset, size, level)
        return self._known_written[key]

    def made(self, item: Symbol, size: int) -> frozenset[Item]:
        """See `memory.Others`."""
        key = item.key, item.offset, size
        if key not in self._known_written:
            self._known_written[key] = frozenset()
            found = self._written(item.key, ("made", item.key), item.offset, size, 0) or ()
            self._known_written[key] = frozenset(
                each for each in found if isinstance(each, int) or each.kind in ("row", "made")
            )
        return self._known_written[key] or frozenset()

    def _written(
        self, address: int, base: tuple[str, int], offset: int, size: int, level: int
    ) -> frozenset[Item] | None:
        """What the function at an address writes behind another address, by itself or by those that it calls."""
        with self._open(address) as body:
            if body is None:
                return frozenset()
            found: list[Item] = []
            writes = [write for write in body.written.get(base, ()) if write[2] < offset + size]
            writes = [(number, store, at) for number, store, at in writes if offset < at + store.size]
            for number, store, at in writes:
                made = overwritten(Place(offset, size), Place(at, store.size), store.value) if store.value else None
                found += body.value(made, number).known
            if level < _LEVELS:
                found += given_away(body, base, offset, size, level + 1)
            return frozenset(found) if writes or found else None

    @property
    def asked(self) -> bool:
        """Whether others are asked what they write: of much code, or where many questions were, they are not."""
        return len(self._known_written) <= _QUESTIONS and (self._steps_left > 0 or bool(self._bodies))

    @contextmanager
    def _open(self, address: int) -> Iterator[Body | None]:
        bounds = self._functions.around(address)
        start = bounds.start
        long = not bounds.known or bounds.end - start > _LONGEST
        if long or start in self._asked or not self.asked or (start not in self._bodies and self._steps_left <= 0):
            yield None
            return
        if start not in self._bodies:
            self._bodies[start] = self._anew(start)
            self._steps_left -= len(self._bodies[start].steps)
        self._asked.add(start)
        try:
            yield self._bodies[start]
        finally:
            self._asked.discard(start)
