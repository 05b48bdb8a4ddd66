"""What a function does with the result of a call."""

from __future__ import annotations

from muslint.elf.code import Expr, Flow, reg
from muslint.elf.flow import Body
from muslint.elf.paths import NO_RETURN

_MOST = 12  # instructions looked at behind a call
_APART = 6  # from a comparison to the branch that goes by it: a compiler puts moves between


def tested(body: Body, at: int, *, failed: bool = False) -> bool:
    """Whether the result of the call at step ``at`` is held against 0 before control may part or another call comes;
    or where it may have ``failed``, against -1 or 1 too.

    The result is followed through copies to registers and to the frame.
    """
    copies: list[Expr] = [reg(body.machine.result)]
    number = at + 1
    for _ in range(_MOST):
        if number >= len(body.steps):
            return False
        step = body.steps[number]
        if body.machine.compared(step, failed) in copies:
            return _replaced(body, number, copies) or _parts_well(body, number, failed)
        if step.flow is Flow.JUMP:
            number = body.index.get(step.target or 0, len(body.steps))
            continue
        if step.flow is not Flow.NEXT:
            return False
        copies = _copied(body, number, copies)
        number += 1
    return False


def _copied(body: Body, number: int, copies: list[Expr]) -> list[Expr]:
    """Where a result is after a step, by where it was before."""
    effect = body.effect(number)
    copied = [reg(name) for name, value in effect.sets.items() if value in copies]
    stored = (store for store in effect.stores if store.value in copies and store.address is not None)
    kept = [copy for copy in copies if copy.kind != "reg" or copy.value not in effect.sets]
    return [*kept, *copied, *(Expr("load", None, store.address, None, store.size) for store in stored)]


def dropped(body: Body, at: int) -> bool:
    """Whether nothing is done with the result of the call at step ``at``: whatever way control takes, something else
    is put into its register first. What is not understood may read it."""
    result = reg(body.machine.result)
    ways, seen = [at + 1], set[int]()
    while ways:
        number = ways.pop()
        if number in seen:
            continue
        seen.add(number)
        if number >= len(body.steps) or len(seen) > _MOST:
            return False
        step = body.steps[number]
        if step.flow is Flow.BRANCH and body.machine.compared(step) != result:
            ways += [number + 1, body.index.get(step.target or 0, len(body.steps))]
        elif step.flow is Flow.CALL or (step.flow is Flow.JUMP and body.callee(step) is not None):
            if result.value in body.machine.arguments:
                return False
        elif step.flow is Flow.JUMP:
            ways.append(body.index.get(step.target or 0, len(body.steps)))
        elif step.flow is not Flow.NEXT or _may_read(body, number, result):
            return False
        elif result.value not in body.effect(number).sets:
            ways.append(number + 1)
    return True


def _may_read(body: Body, number: int, register: Expr) -> bool:
    effect = body.effect(number)
    made = [*effect.sets.values(), *(part for store in effect.stores for part in (store.address, store.value))]
    return not made or any(part is None or _holds(part, register) for part in made)


def _holds(expr: Expr | None, part: Expr) -> bool:
    return expr is not None and (expr == part or _holds(expr.left, part) or _holds(expr.right, part))


def _replaced(body: Body, number: int, copies: list[Expr]) -> bool:
    """Whether another value is taken in place of the result, by a conditional move."""
    for step in range(number + 1, min(number + _MOST, len(body.steps))):
        if body.steps[step].flow is not Flow.NEXT or body.machine.compared(body.steps[step]) is not None:
            return False
        chosen = [value for value in body.effect(step).sets.values() if value is not None and value.kind == "either"]
        if any(value.left in copies or value.right in copies for value in chosen):
            return True
        copies = _copied(body, step, copies)  # a compiler puts the move between the comparison and the choice
    return False


def _parts_well(body: Body, number: int, strict: bool = False) -> bool:
    """Whether control parts at a comparison and no way throws or ends the program (``std::string`` throws at NULL).

    ``strict``: nor leads to code that is kept apart, as compilers keep what they take for rare.
    """
    count = len(body.steps)
    branch = next((at for at in range(number, min(number + _APART, count)) if body.steps[at].flow is Flow.BRANCH), None)
    if branch is None:
        return False
    ways = (branch + 1, body.index.get(body.steps[branch].target or 0, count))
    return not any(_ends_badly(body, way) or (strict and way >= count) for way in ways)


def _ends_badly(body: Body, way: int) -> bool:
    """Whether the first call on a way is one that does not return."""
    for _ in range(_MOST):
        if way >= len(body.steps):
            return False
        step = body.steps[way]
        if step.flow in (Flow.CALL, Flow.CALL_INDIRECT):
            name = body.callee(step) or ""
            return name in NO_RETURN or "__throw_" in name
        if step.flow is Flow.JUMP and body.callee(step) is None:
            way = body.index.get(step.target or 0, len(body.steps))
        elif step.flow is Flow.NEXT:
            way += 1
        else:
            return False
    return False
