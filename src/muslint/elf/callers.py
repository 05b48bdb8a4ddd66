"""What the callers of a function make of values that are its parameters."""

from __future__ import annotations

from muslint.elf.flow import Body
from muslint.elf.values import UNKNOWN, Item, Symbol, Value, only, operate, union


def asks(values: dict[int, Value]) -> bool:
    """Whether the callers of a function tell what some of its values are."""
    return any(
        isinstance(item, Symbol) and item.kind in ("param", "field")
        for value in values.values()
        for item in value.known
    )


def straight(body: Body, number: int) -> bool:
    """Whether a function comes to a step whatever it is given: no branch, and no loop, lies before it."""
    return body.bounds.known and number <= body.straight


def tells_more(given: dict[int, Value], before: dict[int, Value]) -> bool:
    """Whether a caller gives a constant where there was none."""
    return any(
        sum(isinstance(item, int) for item in value.known) > sum(isinstance(item, int) for item in before[index].known)
        for index, value in given.items()
    )


def filled(value: Value, caller: Body, number: int) -> Value:
    """A value of a function, with its parameters as one caller gives them."""
    found = []
    plain: set[Item] = set()
    for item in value.known:
        if isinstance(item, Symbol) and item.kind == "param" and not item.stride:
            found.append(_changed(caller.argument(item.key, number), item.offset, item.bits, caller.machine.word))
        elif isinstance(item, Symbol) and item.kind == "field":
            given = caller.field(item.key, number, item.offset, item.size, item.stride)
            found.append(_changed(given, 0, item.bits, caller.machine.word))
        elif isinstance(item, int) or item.kind == "made":
            plain.add(item)
        else:
            found.append(UNKNOWN)
    return union([Value(frozenset(plain), value.whole), *found])


def _changed(given: Value, offset: int, bits: int, size: int) -> Value:
    """What a function makes of a value that it is given: so much more, with these bits set."""
    if offset:
        given = operate("add", given, only(offset & (1 << 8 * size) - 1), size)
    if not bits:
        return given
    found = operate("or", given, only(bits), size)
    return found if found.whole or found.known else Value(frozenset((bits,)), False)  # at least these
