"""What a register or a word of memory may hold, and arithmetic on it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from itertools import islice, product
from typing import NamedTuple

_MOST = 32  # values a place may have before it counts as unknown
_PAIRS = 64  # combinations of two such
_FLAGS, _HIGHEST = 4, 1 << 20  # bytes of flags, and what is above all that are looked for
_STRIDE = 1 << 12  # bytes of one row of a table


class Symbol(NamedTuple):
    """A value known by what it is: ``param`` (argument ``key`` of the function), ``frame`` (an address above the
    stack pointer at the function's entry) or ``slot`` (the import whose address stands at ``key``), plus ``offset``;
    ``low``, whose lowest ``offset`` bytes are ``key`` and whose others may be anything; ``row``, any multiple of
    ``key`` from 0 on, plus ``offset``: how tables are indexed; or ``field``, the ``size`` bytes that lie ``offset``
    behind the address in argument ``key`` when the function is entered; or ``made``, the memory that the allocation at
    ``key`` returned, plus ``offset``. Of a ``param`` or a ``field`` some ``bits`` are set besides (flags). With a
    ``stride`` it is that much more any number of times: an element of an array there, or what that holds."""

    kind: str
    key: int
    offset: int
    size: int = 0
    bits: int = 0
    stride: int = 0


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


def some(items: Iterable[Item]) -> Value:
    """A place that may have the first of these, and others."""
    return Value(frozenset(islice(dict.fromkeys(items), _MOST // 2)), False)


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
    """The results of an operation on ``size`` bytes. One on a value that is still being followed is unknown, but for
    a step of a loop; what is unknown and multiplied has a stride."""
    if left.open or right.open:
        followed = _FOLLOWED.get(kind)
        return followed(left, right, size) if followed else UNKNOWN
    if len(left.known) * len(right.known) > _PAIRS:
        return UNKNOWN
    known, whole = set(), left.whole and right.whole
    kinds = {item.kind for item in left.known if isinstance(item, Symbol)}
    unknown = "row" not in kinds and (not left.whole or kinds & {"param", "field"})
    if unknown and kind in ("mul", "shl") and right.whole and len(right.known) == 1:
        known |= _strides(kind, right)
    if kind == "and" and (bit := _bit(right)) and not _told(left):
        return Value(frozenset((0, bit)), True)
    if kind == "or" and size <= _FLAGS:
        known |= _set_at_least(left, right)
    for a, b in product(left.known, right.known):
        result = _operate(kind, a, b, size)
        if result is None:
            whole = False
        else:
            known.add(result)
    return Value(frozenset(known), whole) if len(known) <= _MOST else UNKNOWN


def _bit(value: Value) -> int:
    """The one bit that is its only value; 0 for any other."""
    item = next(iter(value.known)) if value.whole and len(value.known) == 1 else 0
    return item if isinstance(item, int) and item.bit_count() == 1 else 0


def _told(value: Value) -> bool:
    """Whether nothing but numbers is in a value, or their lower bytes are known."""
    kinds = {item.kind for item in value.known if isinstance(item, Symbol)}
    return (value.whole and not kinds) or "low" in kinds


def _set_at_least(left: Value, right: Value) -> set[Item]:
    """Flags that are set together with unknown ones: at least each alone."""
    sure = left if not right.whole else right if not left.whole else UNKNOWN
    return {item for item in sure.known if isinstance(item, int) and 0 < item < _HIGHEST}


def _stepped(left: Value, right: Value, size: int) -> Value:
    """A variable that is counted up in a loop, after the step: what it was before, and any number of steps more."""
    step = next(iter(right.known), None)
    if right.open or not right.whole or len(right.known) != 1 or not isinstance(step, int):
        return UNKNOWN
    if not 0 < signed(step, size) <= _STRIDE:
        return UNKNOWN
    known: set[Item] = set()
    for item in left.known:
        if isinstance(item, int):
            known.add(Symbol("row", step, item + step & (1 << 8 * size) - 1))
        elif item.kind == "row" and item.key == step:
            known.add(item)
    return Value(frozenset(known), False)


def _cut(left: Value, right: Value, size: int) -> Value:
    """A counter of 32 bits in a wider register."""
    del size
    return left if right == only(0xFFFFFFFF) else UNKNOWN


def _gathered(left: Value, right: Value, size: int) -> Value:
    """Flags that a loop sets one after another: at least each alone, besides those from before it."""
    known = {_operate("or", a, b, size) for a, b in islice(product(left.known, right.known), _PAIRS)}
    if size <= _FLAGS:
        known |= {flag for flag in right.known if isinstance(flag, int) and right.whole and 0 < flag < _HIGHEST}
    return Value(frozenset(item for item in known if item is not None), False)


_FOLLOWED = {"add": _stepped, "and": _cut, "or": _gathered}
"""What is done with a value that is still being followed."""


def _strides(kind: str, right: Value) -> set[Item]:
    """The multiples of a constant."""
    factor = next(iter(right.known))
    if not isinstance(factor, int) or (kind == "shl" and factor > 12):
        return set()
    stride = 1 << factor if kind == "shl" else factor
    return {Symbol("row", stride, 0)} if 1 < stride <= _STRIDE else set()


def _moved_row(kind: str, row: Symbol, by: int, size: int) -> Item | None:
    """Every row of a table further on, or each multiplied."""
    if kind in ("add", "sub"):
        by = signed(by, size)
        return row._replace(offset=row.offset + (by if kind == "add" else -by) & (1 << 8 * size) - 1)
    if kind in ("mul", "shl") and (kind == "mul" or by <= 12):
        times = by if kind == "mul" else 1 << by
        if 0 < row.key * times <= _STRIDE:
            return row._replace(key=row.key * times, offset=row.offset * times & (1 << 8 * size) - 1)
    if kind == "and" and by & 0xFFFFFFFF == 0xFFFFFFFF and row.offset <= 0xFFFFFFFF:
        return row  # an index of 32 bits
    return None


def _element(array: Symbol, index: Symbol) -> Item | None:
    """An element of an array that a parameter points to, or that lies on the stack."""
    if array.kind not in ("param", "frame", "made") or index.kind != "row" or array.bits or array.stride:
        return None
    return array._replace(offset=array.offset + index.offset, stride=index.key)


def _operate(kind: str, a: Item, b: Item, size: int) -> Item | None:
    if isinstance(a, int) and isinstance(b, int):
        return _OPERATIONS[kind](a, b, size) & (1 << 8 * size) - 1
    if isinstance(a, Symbol) and isinstance(b, int):
        if kind == "or":
            return a._replace(bits=a.bits | b) if a.kind in ("param", "field") else None
        if a.bits:
            return a if kind == "and" and b & 0xFFFFFFFF == 0xFFFFFFFF else None
        if a.kind == "low":
            inside = kind == "and" and b & (1 << 8 * size) - 1 < 1 << 8 * a.offset
            return a.key & b if inside else None
        if a.kind == "row":
            return _moved_row(kind, a, b, size)
        if a.kind == "field":
            return a if kind == "and" and b & (1 << 8 * a.size) - 1 == (1 << 8 * a.size) - 1 else None
        if kind in ("add", "sub"):
            moved = a.offset + (signed(b, size) if kind == "add" else -signed(b, size))
            return a._replace(offset=moved)
        if kind == "and" and (b & (1 << 8 * size) - 1) == 0xFFFFFFFF and a.kind == "param":
            return a  # an int argument: what stands above its 32 bits means nothing
        if kind == "and" and a.kind == "frame" and signed(b, size) < 0:
            return a  # the stack is aligned: offsets stay as they are told apart
        return None
    if isinstance(a, Symbol) and isinstance(b, Symbol):
        return (_element(a, b) or _element(b, a)) if kind == "add" else None
    swapped = kind in ("add", "or") and isinstance(b, Symbol) and isinstance(a, int)
    return _operate(kind, b, a, size) if swapped else None


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
