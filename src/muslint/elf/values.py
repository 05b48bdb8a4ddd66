"""What a register or a word of memory may hold, and arithmetic on it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from itertools import product
from typing import NamedTuple

_MOST = 8  # values a place may have before it counts as unknown


class Symbol(NamedTuple):
    """A value known by what it is: ``param`` (argument ``key`` of the function), ``frame`` (an address above the
    stack pointer at the function's entry) or ``slot`` (the import whose address stands at ``key``), plus ``offset``;
    or ``low``, whose lowest ``offset`` bytes are ``key`` and whose others may be anything."""

    kind: str
    key: int
    offset: int


Item = int | Symbol


class Value(NamedTuple):
    """The values a place may have. ``whole`` is false where it may have others too. ``open`` are the definitions
    that were still being followed when one of them was met again: a loop."""

    known: frozenset[Item]
    whole: bool
    open: frozenset[Hashable] = frozenset()


UNKNOWN = Value(frozenset(), False)


def only(item: Item) -> Value:
    """A place that has one value."""
    return Value(frozenset((item,)), True)


def union(values: Iterable[Value]) -> Value:
    """A place that has one or another."""
    known: frozenset[Item] = frozenset()
    open_: frozenset[Hashable] = frozenset()
    whole = True
    for value in values:
        known, whole, open_ = known | value.known, whole and value.whole, open_ | value.open
    return Value(known, whole, open_) if len(known) <= _MOST else UNKNOWN


def signed(number: int, size: int) -> int:
    """The low ``size`` bytes of a number, read with a sign."""
    half = 1 << 8 * size - 1
    return (number & (half << 1) - 1 ^ half) - half


_OPERATIONS: dict[str, Callable[[int, int, int], int]] = {
    "add": lambda a, b, _: a + b,
    "sub": lambda a, b, _: a - b,
    "and": lambda a, b, _: a & b,
    "or": lambda a, b, _: a | b,
    "xor": lambda a, b, _: a ^ b,
    "mul": lambda a, b, _: a * b,
    "shl": lambda a, b, size: a << (b % (8 * size)),
    "shr": lambda a, b, size: (a & (1 << 8 * size) - 1) >> (b % (8 * size)),
    "sar": lambda a, b, size: signed(a, size) >> (b % (8 * size)),
}


def operate(kind: str, left: Value, right: Value, size: int) -> Value:
    """The results of an operation on ``size`` bytes. One on a value that is still being followed is unknown."""
    if left.open or right.open or len(left.known) * len(right.known) > _MOST**2:
        return UNKNOWN
    known, whole = set(), left.whole and right.whole
    for a, b in product(left.known, right.known):
        result = _operate(kind, a, b, size)
        if result is None:
            whole = False
        else:
            known.add(result)
    return Value(frozenset(known), whole) if len(known) <= _MOST else UNKNOWN


def _operate(kind: str, a: Item, b: Item, size: int) -> Item | None:
    if isinstance(a, int) and isinstance(b, int):
        return _OPERATIONS[kind](a, b, size) & (1 << 8 * size) - 1
    if isinstance(a, Symbol) and isinstance(b, int):
        if a.kind == "low":
            inside = kind == "and" and b & (1 << 8 * size) - 1 < 1 << 8 * a.offset
            return a.key & b if inside else None
        if kind in ("add", "sub"):
            moved = a.offset + (signed(b, size) if kind == "add" else -signed(b, size))
            return a._replace(offset=moved)
        if kind == "and" and (b & (1 << 8 * size) - 1) == 0xFFFFFFFF and a.kind == "param":
            return a  # an int argument: what stands above its 32 bits means nothing
        if kind == "and" and a.kind == "frame" and signed(b, size) < 0:
            return a  # the stack is aligned: offsets stay as they are told apart
        return None
    return _operate(kind, b, a, size) if kind == "add" and isinstance(b, Symbol) and isinstance(a, int) else None


def extended(value: Value, size: int, to: int) -> Value:
    """The low ``size`` bytes of a value as a signed number of ``to`` bytes."""
    known: set[Item] = set()
    for item in value.known:
        number = item.key if isinstance(item, Symbol) and item.kind == "low" and item.offset >= size else item
        known.add(number if isinstance(number, Symbol) else signed(number, size) & (1 << 8 * to) - 1)
    return value._replace(known=frozenset(known))


def inserted(old: Value, new: Value, size: int) -> Value:
    """A register of which the lowest ``size`` bytes are written: the others stay."""
    if old.open or new.open:
        return UNKNOWN
    mask = (1 << 8 * size) - 1
    above = [item & ~mask for item in old.known if isinstance(item, int)]
    plain = old.whole and len(above) == len(old.known) > 0
    known: set[Item] = set()
    whole = new.whole
    for item in new.known:
        if isinstance(item, Symbol):
            whole = False
        elif plain:
            known.update(number | item & mask for number in above)
        else:
            known.add(Symbol("low", item & mask, size))
    return Value(frozenset(known), whole) if len(known) <= _MOST else UNKNOWN
