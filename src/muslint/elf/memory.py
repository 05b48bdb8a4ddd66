"""What memory holds for a function: tables, what it writes itself, and what the functions do that it calls.

Where a call is given the address of an object, on the stack or fresh from ``malloc``, the function that is called is
asked what it writes through that address. What is found so may be there; it is never all there may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from muslint.elf.code import Expr, Flow, Store
from muslint.elf.frame import Place, overwritten
from muslint.elf.values import UNKNOWN, Item, Symbol, Value, only, operate, some, union

if TYPE_CHECKING:
    from muslint.elf.flow import Body

ALLOCATORS = frozenset(("malloc", "calloc", "_Znwm", "_Znam", "_Znwj", "_Znaj"))
"""Imports that return the address of memory nobody else has."""
COPIES = frozenset(("memcpy", "memmove", "__memcpy_chk", "__memmove_chk"))
"""Imports that copy memory."""
_WRITER = 400  # instructions of a function whose writes through its parameters are looked at
_LOOKED_AT = 1_000  # instructions of a function whose tables are looked at for an end
_WRITES = 4  # writes through parameters that lead to others
_ELEMENTS = 16  # of an array on the stack
_GIVEN = 4  # arguments among which an address is looked for
_GIFTS = ("param", "made", "slot")
_OBJECT = 1 << 12  # bytes of one object


class Others(Protocol):
    """What is known of other functions than one."""

    def returned(self, start: int) -> Value:
        """What the function at an address may return."""
        ...

    def through(self, start: int, index: int, offset: int, size: int, level: int = 0) -> frozenset[Item] | None:
        """What it may write ``offset`` bytes behind the address in argument ``index``; None where it does not write."""
        ...

    @property
    def asked(self) -> bool:
        """Whether functions are asked what they write."""
        ...

    def made(self, item: Symbol, size: int) -> frozenset[Item]:
        """What is written into memory by the function that has made it."""
        ...


def loaded(body: Body, item: Item, size: int, at: int) -> Value:
    """What ``size`` bytes at an address may be right before step ``at``."""
    if not isinstance(item, Symbol):
        return body.tables.stored(item, size)
    if item.kind == "frame":
        return _elements(body, item, size, at) if item.stride else body.located(Place(item.offset, size), at)
    if item.kind == "row":
        return some(found for row in _rows(body, item, size) for found in row.known)
    return _behind(body, item, size) if item.kind in ("param", "made") and not item.bits else UNKNOWN


def _elements(body: Body, item: Symbol, size: int, at: int) -> Value:
    """What the elements of an array on the stack are, up to the first that is not known."""
    found: list[Item] = []
    for offset in range(item.offset, min(item.offset + _ELEMENTS * item.stride, 1 - size), item.stride):
        element = body.located(Place(offset, size), at)
        if not element.known or element.open:
            break
        found += element.known
    return some(found)


def _behind(body: Body, item: Symbol, size: int) -> Value:
    """What lies behind an address that is a parameter, or fresh memory: what the function writes there, else what
    others left."""
    if len(body.steps) > _WRITER or (item.kind == "made" and not body.others.asked):
        return UNKNOWN
    writes = [
        (number, store, offset) for number, store, offset in body.written.get((item.kind, item.key), ())
        if offset < item.offset + size and item.offset < offset + store.size
    ]  # fmt: skip
    if not writes and item.kind == "param":
        return only(Symbol("field", item.key, item.offset, size, 0, item.stride))  # whole where that is constant
    found: list[Item] = []
    if item.kind == "made" and not item.stride and item not in body.followed:
        found += body.others.made(item, size)
        if not body.bounds.start <= item.key < body.bounds.end:
            body.followed.append(item)
            found += given_away(body, ("made", item.key), item.offset, size)
            body.followed.pop()
    for number, store, offset in writes if item not in body.followed and len(body.followed) < _WRITES else ():
        made = overwritten(Place(item.offset, size), Place(offset, store.size), store.value) if store.value else None
        body.followed.append(item)
        with body.aside():
            found += body.evaluated(made, number).known
        body.followed.pop()
    return some(found)


def _rows(body: Body, item: Symbol, size: int) -> Iterator[Value]:
    """What the rows of a table hold; pointers up to the NULL that ends them."""
    behind = next((end for end in body.ends if end >= item.offset + item.key), None)
    for row in body.tables.rows(item.offset, item.key, size):
        if behind is not None and row >= behind:
            return
        if size == body.machine.word and body.slots.pointer(row) == 0:
            return
        yield body.tables.stored(row, size, written=False)


def ends(body: Body) -> list[int]:
    """The addresses that a function makes by adding to others: a loop over a table may end at one."""
    found = set[int]()
    for number, step in enumerate(body.steps if len(body.steps) <= _LOOKED_AT else ()):
        for expr in body.effect(number).sets.values() if step.flow is Flow.NEXT else ():
            if expr is not None and expr.kind == "add" and expr.right is not None and expr.right.kind == "const":
                value = body.value(expr, number)
                found.update(item for item in value.known if value.whole and isinstance(item, int))
    return sorted(found)


def written(body: Body) -> Iterator[tuple[tuple[str, int], tuple[int, Store, int]]]:
    """Every write through a parameter, or to fresh memory: what it is, the step, and how far behind the address."""
    for number, store in body.stores():
        if store.address is None or body.frame.place(store, number) is not None:
            continue
        for item in body.value(store.address, number).known:
            if isinstance(item, Symbol) and item.kind in ("param", "made"):
                yield (item.kind, item.key), (number, store, item.offset)


# --- calls --------------------------------------------------------------------------------------------------


def left(body: Body, place: Place, number: int) -> Value:
    """What a place of the frame, whose address others know, may hold behind the call at a step."""
    step = body.steps[number]
    if step.flow is Flow.CALL and step.target is not None and not body.is_stub(step.target):
        if not body.others.asked:
            return UNKNOWN
        return _left_by(body, place, number, step.target)
    return _copied(body, place, number) if body.callee(step) in COPIES else UNKNOWN


def _left_by(body: Body, place: Place, number: int, target: int) -> Value:
    for index in range(_GIVEN):
        item = _one(body.given(index, number))
        if isinstance(item, Symbol) and item.kind == "frame" and 0 <= place.offset - item.offset < _OBJECT:
            found = body.others.through(target, index, place.offset - item.offset, place.size)
            if found is None:
                return union((body.located(place, number), UNKNOWN))
            if found:
                return some(_filled(body, found, number))
    return UNKNOWN


def _copied(body: Body, place: Place, number: int) -> Value:
    """What a call of ``memcpy`` puts into a place."""
    to, source, size = (_one(body.given(index, number)) for index in range(3))
    if not isinstance(to, Symbol) or to.kind != "frame" or not isinstance(size, int):
        return UNKNOWN
    behind = place.offset - to.offset
    if not 0 <= behind <= size - place.size:
        return UNKNOWN
    if isinstance(source, int):
        return body.tables.stored(source + behind, place.size)
    if isinstance(source, Symbol) and source.kind == "frame":
        return body.located(Place(source.offset + behind, place.size), number)
    return UNKNOWN


def given(body: Body) -> Iterator[tuple[tuple[str, int], tuple[int, int, int]]]:
    """Every address behind a parameter, of fresh memory, or of an import, that a function gives to one of its object:
    what it is, the step of the call, the argument, and how far behind it the address is."""
    for number, step in enumerate(body.steps if len(body.steps) <= _WRITER else ()):
        if step.flow is Flow.CALL and step.target is not None and not body.is_stub(step.target):
            for index in range(_GIVEN):
                item = _one(body.given(index, number))
                if isinstance(item, Symbol) and item.kind in _GIFTS and not item.stride | item.bits:
                    yield (item.kind, item.key), (number, index, item.offset)


def given_away(body: Body, base: tuple[str, int], offset: int, size: int, level: int = 0) -> Iterator[Item]:
    """What the functions that a function calls may write ``offset`` bytes behind an address that it gives to them."""
    for number, index, given_at in body.gifts.get(base, ()):
        target = body.steps[number].target
        if target is not None and 0 <= offset - given_at < _OBJECT:
            yield from _filled(body, body.others.through(target, index, offset - given_at, size, level) or (), number)


def _filled(body: Body, items: frozenset[Item] | tuple[Item, ...], number: int) -> Iterator[Item]:
    """What a called function writes, with its parameters as the call at a step gives them."""
    for item in items:
        if isinstance(item, Symbol) and item.kind == "param" and not item.stride and item.key < _GIVEN:
            given, word = body.given(item.key, number), body.machine.word
            if item.offset:
                given = operate("add", given, only(item.offset & (1 << 8 * word) - 1), word)
            yield from given.known if not item.bits else operate("or", given, only(item.bits), word).known
        if isinstance(item, Symbol) and item.bits:
            yield item.bits  # at least these
        elif isinstance(item, int) or item.kind in ("made", "row"):
            yield item


def _one(value: Value) -> Item | None:
    return next(iter(value.known)) if value.whole and len(value.known) == 1 and not value.open else None


def register(body: Body, index: int) -> Expr | None:
    """The register that holds an argument of a call."""
    where = body.machine.arguments[index] if index < len(body.machine.arguments) else 0
    return Expr("reg", where) if isinstance(where, str) else None


def fresh(address: int) -> Value:
    """The memory that the allocation at an address returns."""
    return only(Symbol("made", address, 0))
