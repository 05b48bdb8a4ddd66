"""A value as a multiple of one variable plus a number, and which call a value comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from muslint.elf.code import Expr, Flow, const
from muslint.elf.frame import Place

if TYPE_CHECKING:
    from muslint.elf.flow import Body

_DEEPEST = 24  # definitions of definitions: two for each step of ``i * 88`` by shifts and sums
_FULL = (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


class Line(NamedTuple):
    """``times`` a variable plus ``plus``. The variable is a place right before a step; without one, ``plus`` alone."""

    root: tuple[str | Place, int] | None
    sources: tuple[int | None, ...]  # the steps that define it: what tells it from others
    times: int
    plus: int
    copies: int  # how many parts were put together


_Known = dict[tuple[str | Place, int], Line]  # what was followed: a sum of sums meets the same places again and again


def linear(body: Body, expr: Expr | None, at: int, level: int = 0, known: _Known | None = None) -> Line | None:
    """An expression right before step ``at`` as such a line; None where it is none."""
    if expr is None or level > _DEEPEST:
        return None
    known = {} if known is None else known
    if expr.kind == "const":
        return Line(None, (), 0, expr.value, 0)
    if expr.kind in ("reg", "load"):
        location = _location(body, expr, at)
        return None if location is None else _followed(body, location, at, level, known)
    left = linear(body, expr.left, at, level + 1, known)
    if left is None or expr.kind == "sext":
        return left
    right = linear(body, expr.right, at, level + 1, known)
    if right is None:
        return None
    return (
        left if expr.kind == "and" and right.root is None and right.plus in _FULL else _joined(expr.kind, left, right)
    )


def _joined(kind: str, left: Line, right: Line) -> Line | None:
    if kind in ("add", "sub"):
        if left.root is not None and right.root is not None and _key(left) != _key(right):
            return None
        sign = 1 if kind == "add" else -1
        named = left if left.root is not None else right
        return Line(
            named.root, named.sources, left.times + sign * right.times, left.plus + sign * right.plus,
            left.copies + right.copies,
        )  # fmt: skip
    if kind in ("mul", "shl") and right.root is None and 0 <= right.plus < 1 << 12:
        by = right.plus if kind == "mul" else 1 << min(right.plus, 16)
        return left._replace(times=left.times * by, plus=left.plus * by)
    return None


def _key(line: Line) -> tuple[object, ...]:
    return line.root[0] if line.root else None, line.sources


def _location(body: Body, expr: Expr, at: int) -> str | Place | None:
    """The register, or the place of the frame, that an expression reads."""
    if expr.kind == "reg":
        fixed = expr.value == body.machine.frame and body.frame.pointer(at) is not None  # else a register as others
        return None if fixed or expr.value == body.machine.stack else str(expr.value)
    offset = body.frame.offset(expr.left, at)
    return None if offset is None else Place(offset, expr.size)


def _followed(body: Body, location: str | Place, at: int, level: int, known: _Known) -> Line:
    if (location, at) not in known:
        origins = body.origins(location, at)
        number, made = origins[0] if len(origins) == 1 else (None, None)
        found = linear(body, made, number, level + 1, known) if number is not None and number >= 0 else None
        known[location, at] = found or Line((location, at), tuple(number for number, _ in origins), 1, 0, 1)
    return known[location, at]


def caller_of(body: Body, expr: Expr | None, at: int, level: int = 0) -> str | None:
    """The import whose result an expression is, whatever way control takes; None where it is another value."""
    if expr is not None and expr.kind == "add" and expr.right == const(0):
        expr = expr.left
    location = None if expr is None or expr.kind not in ("reg", "load") else _location(body, expr, at)
    if location is None or level > _DEEPEST:
        return None
    names: set[str | None] = set()
    for number, made in body.origins(location, at):
        if number is None or number < 0:
            return None
        step = body.steps[number]
        called = step.flow in (Flow.CALL, Flow.CALL_INDIRECT) and location == body.machine.result
        names.add(body.target(number) if called else caller_of(body, made, number, level + 1))
    return names.pop() if len(names) == 1 else None
