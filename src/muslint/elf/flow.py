"""Where a value in a function comes from: back from a use, along every path, to what defines it.

Exact where it answers: a definition counts only if no other can reach the use, whatever way control takes. What
cannot be followed (a call's result, writable memory, a path that is not understood) makes the value unknown.
Branches into a block, loops, stack slots whose address is passed on and jump tables are all respected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from muslint.elf.code import Effect, Expr, Flow, Machine, Step, Store, Table
from muslint.elf.frame import Frame, Place
from muslint.elf.functions import Bounds
from muslint.elf.image import Image
from muslint.elf.slots import Slots
from muslint.elf.values import UNKNOWN, Item, Symbol, Value, extended, inserted, only, operate, union

NO_RETURN = frozenset((
    "exit", "_exit", "_Exit", "quick_exit", "abort", "__stack_chk_fail", "__assert_fail", "__assert",
    "longjmp", "siglongjmp", "_longjmp", "__longjmp_chk", "err", "errx", "verr", "verrx", "pthread_exit",
    "__cxa_throw", "__cxa_rethrow", "_Unwind_Resume", "__fortify_fail", "__chk_fail", "_ZSt9terminatev",
    "__libc_start_main",
))  # fmt: skip
"""Imports that never return: no path leads on behind their call."""
_CALL, _JUMP_INDIRECT = Flow.CALL, Flow.JUMP_INDIRECT
_CALLS = (Flow.CALL, Flow.CALL_INDIRECT)
_INSIDE = (Flow.BRANCH, Flow.JUMP)
_ON = (Flow.NEXT, Flow.BRANCH, *_CALLS)
_BUDGET = 10_000  # steps looked at for one value
_DEEPEST = 40  # definitions of definitions
_TABLE = 1 << 10  # entries of a jump table

Location = str | Place
"""A register, or a place in the frame."""
Definition = tuple[int, Location]


class _Effects(dict[int, Effect]):
    """Step number → what it changes, found out when first asked for. Apart from the `Body`, which its frame would
    hold on to otherwise, and stay as long as nobody looks for cycles."""

    __slots__ = ("_machine", "_steps")

    def __init__(self, machine: Machine, steps: list[Step]) -> None:
        super().__init__()
        self._machine, self._steps = machine, steps

    def __missing__(self, at: int) -> Effect:
        found = self[at] = self._machine.effect(self._steps[at])
        return found


class Body:
    """The code of one function."""

    def __init__(
        self, machine: Machine, image: Image, slots: Slots, bounds: Bounds, steps: list[Step],
        stubs: Mapping[int, int], returned: Callable[[int], Value],
    ) -> None:  # fmt: skip
        """``stubs`` are the PLT stubs of the object, see `Machine.stubs`; ``returned`` tells what the function at an
        address may return."""
        self.machine, self.image, self.slots, self.bounds, self.steps = machine, image, slots, bounds, steps
        self._stubs, self._returned = stubs, returned
        self.index = {step.address: number for number, step in enumerate(steps)}
        self._effects = _Effects(machine, steps)
        self._budget = 0
        self._open: list[Definition] = []
        self._known: dict[tuple[Location, int], Value] = {}  # what a place holds before a step
        self._cut = False  # whether something was given up because it lies too deep

    def effect(self, at: int) -> Effect:
        """What step number ``at`` changes."""
        return self._effects[at]

    # --- paths ----------------------------------------------------------------------------------------------

    @cached_property
    def direct(self) -> dict[int, list[int]]:
        """Target → the steps that call it, or jump or branch to it."""
        found: dict[int, list[int]] = {}
        for number, step in enumerate(self.steps):
            if step.target is not None and step.flow is not Flow.NEXT:
                found.setdefault(step.target, []).append(number)
        return found

    @cached_property
    def indirect(self) -> list[int]:
        """The steps that call or jump by way of a register or memory."""
        ways = (Flow.CALL_INDIRECT, Flow.JUMP_INDIRECT)
        return [number for number, step in enumerate(self.steps) if step.flow in ways]

    @cached_property
    def sources(self) -> dict[int, list[int]]:
        """Step number → the steps that jump or branch to it."""
        found: dict[int, list[int]] = {}
        for target, numbers in self.direct.items():
            if (at := self.index.get(target)) is not None:
                inside = [number for number in numbers if self.steps[number].flow in _INSIDE]
                if inside:
                    found[at] = inside
        tables = [number for number in self.indirect if self.steps[number].flow is _JUMP_INDIRECT]
        if tables:
            for at in self._table_targets():
                found.setdefault(at, []).extend(tables)
            for number, falls in enumerate(self.falls[1:], 1):  # what nothing else leads to
                if number not in found and not falls:
                    found[number] = list(tables)
        return found

    @cached_property
    def falls(self) -> list[bool]:
        """Step number → whether control may come to it from the step before."""
        found, end = [], -1
        for step in self.steps:
            found.append(step.address == end)
            flow = step.flow
            end = step.end if flow in _ON and not (flow in _CALLS and self._never_returns(step)) else -1
        return found

    def _never_returns(self, step: Step) -> bool:
        return self.callee(step) in NO_RETURN

    def callee(self, step: Step) -> str | None:
        """The import that a call or jump goes to, as far as the instruction itself tells."""
        if step.target is not None:
            slot = self._stubs.get(step.target)
            return None if slot is None else self.slots.imports.get(slot)
        target = self.machine.callee(step)
        if target is not None and target.kind == "load" and target.left is not None and target.left.kind == "const":
            return self.slots.imports.get(target.left.value)
        return None

    def _table_targets(self) -> set[int]:
        """Steps that a jump table in constant memory may lead to."""
        return {target for table in self.machine.tables(self.steps) for target in self._entries(table)}

    def _entries(self, table: Table) -> Iterator[int]:
        if not self.image.constant(table.address, table.size):
            return
        content = next(
            (part for n in (_TABLE, 64, 8, 2) if (part := self.image.at(table.address, table.size * n))), b""
        )
        for at in range(0, len(content) - table.size + 1, table.size):
            entry = int.from_bytes(content[at : at + table.size], self.image.order, signed=table.signed)
            target = (table.origin + entry * table.scale) & (1 << 8 * self.machine.word) - 1
            if target not in self.index:
                return
            yield self.index[target]

    @cached_property
    def frame(self) -> Frame:
        """Its stack frame."""
        return Frame(self.machine, self.steps, self._effects.__getitem__, self.sources, self.falls)

    # --- values ---------------------------------------------------------------------------------------------

    def value(self, expr: Expr | None, at: int) -> Value:
        """What an expression may be right before step ``at``; unknown when that takes too long to find out."""
        self._budget, self._open = _BUDGET, []
        found = self._value(expr, at)
        return found._replace(whole=found.whole and bool(found.known) and self._budget > 0)

    def argument(self, index: int, at: int) -> Value:
        """What argument ``index`` of the call at step ``at`` may be."""
        if index >= len(self.machine.arguments):
            return UNKNOWN
        where = self.machine.arguments[index]
        if isinstance(where, str):
            return self.value(Expr("reg", where), at)
        pushed = self.machine.call_pushes if self.steps[at].flow not in _CALLS else 0  # a jump in place of a call
        address = Expr("add", None, Expr("reg", self.machine.stack), Expr("const", where + pushed), self.machine.word)
        return self.value(Expr("load", None, address, None, self.machine.word), at)

    def given(self, value: Value, at: int) -> Value:
        """A value of the function that step ``at`` calls, with that function's parameters as they are there."""
        found = []
        plain: set[Item] = set()
        for item in value.known:
            if isinstance(item, Symbol) and item.kind == "param":
                found.append(self.argument(item.key, at) if not item.offset else UNKNOWN)
            elif isinstance(item, int):
                plain.add(item)
            else:
                found.append(UNKNOWN)
        return union([Value(frozenset(plain), value.whole), *found])

    def _value(self, expr: Expr | None, at: int) -> Value:
        if expr is None or self._budget <= 0:
            return UNKNOWN
        if expr.kind == "const":
            return only(expr.value & (1 << 8 * self.machine.word) - 1)
        if expr.kind == "reg":
            return self._register(expr.value, at)
        if expr.kind == "load":
            return self._memory(expr, at)
        if expr.kind == "place":
            return self._located(expr.value, at)
        if expr.kind == "sext":
            return extended(self._value(expr.left, at), expr.value, min(expr.size, self.machine.word))
        left, right = self._value(expr.left, at), self._value(expr.right, at)
        if expr.kind == "either":
            return union((left, right))
        if expr.kind == "insert":
            return inserted(left, right, expr.size)
        return operate(expr.kind, left, right, min(expr.size, self.machine.word))

    def _register(self, name: str, at: int) -> Value:
        if name == self.machine.stack:
            depth = self.frame.depth(at)
            return UNKNOWN if depth is None else only(Symbol("frame", 0, depth))
        if name == self.machine.frame and (fixed := self.frame.pointer(at)) is not None:
            return only(Symbol("frame", 0, fixed))
        return self._located(name, at)

    def _memory(self, expr: Expr, at: int) -> Value:
        address = self._value(expr.left, at)
        if address.open:
            return UNKNOWN
        found = [self._loaded(item, expr.size, at) for item in address.known]
        return union([*found, *(() if address.whole else (UNKNOWN,))])

    def _loaded(self, item: Item, size: int, at: int) -> Value:
        if isinstance(item, Symbol):
            return self._located(Place(item.offset, size), at) if item.kind == "frame" else UNKNOWN
        if size == self.machine.word and item in self.slots.imports:
            return only(Symbol("slot", item, 0))
        if not self.image.constant(item, size):
            return UNKNOWN
        number = self.slots.pointer(item) if size == self.machine.word else self.image.number(item, size)
        return UNKNOWN if number is None else only(number)

    def _located(self, location: Location, at: int) -> Value:
        """The union of every definition of a place that reaches step ``at``."""
        known = self._known.get((location, at))
        if known is not None:
            return known
        if len(self._open) > _DEEPEST:
            self._cut = True
            return UNKNOWN
        cut, self._cut = self._cut, False
        values = []
        for number in self._reaching(location, at):
            if number is None:
                values.append(UNKNOWN)
            else:
                values.append(self._entry(location) if number < 0 else self._defined(location, number))
        found = union(values)
        if not found.open and not self._cut and self._budget > 0:  # the same whoever asks
            self._known[location, at] = found
        self._cut |= cut
        return found

    def returned(self) -> Value:
        """What it returns as far as its own code tells."""
        result = Expr("reg", self.machine.result)
        found = [self.value(result, at) for at, step in enumerate(self.steps) if self.machine.returns(step)]
        if not found or any(self._leaves(step) for step in self.steps):
            found.append(UNKNOWN)
        value = union(found)
        numbers = frozenset(item for item in value.known if isinstance(item, int))
        return Value(numbers, value.whole and len(numbers) == len(value.known))

    def _leaves(self, step: Step) -> bool:
        """Whether another function returns in its place."""
        return step.flow is Flow.JUMP_INDIRECT or (step.flow is Flow.JUMP and step.target not in self.index)

    def _defined(self, location: Location, number: int) -> Value:
        this = (number, location)
        step = self.steps[number]
        if (
            step.flow is _CALL
            and location == self.machine.result
            and step.target is not None
            and step.target not in self._stubs
        ):
            return self._returned(step.target)
        if this in self._open:
            return Value(frozenset(), True, frozenset((this,)))
        self._open.append(this)
        try:
            value = self._value(self._definition(location, number), number)
        finally:
            self._open.pop()
        return value._replace(open=value.open - {this})

    def _entry(self, location: Location) -> Value:
        if not self.bounds.known:
            return UNKNOWN
        if isinstance(location, str):
            if location in self.machine.arguments:
                return only(Symbol("param", self.machine.arguments.index(location), 0))
            return UNKNOWN
        above = location.offset - self.machine.call_pushes
        if location.size == self.machine.word and above in self.machine.arguments:
            return only(Symbol("param", self.machine.arguments.index(above), 0))
        return UNKNOWN

    # --- definitions ----------------------------------------------------------------------------------------

    def _reaching(self, location: Location, at: int) -> Iterator[int | None]:
        """The steps whose definition reaches ``at``; -1 is the function's entry, None a path from nowhere."""
        waiting, seen = [at], set[int]()
        sources, falls, changes = self.sources, self.falls, self._changes
        while waiting:
            number = waiting.pop()
            while True:
                others = sources.get(number, ())
                for source in others:
                    if source not in seen:
                        seen.add(source)
                        if changes(location, source):
                            yield source
                        else:
                            waiting.append(source)
                if number == 0:
                    yield -1
                elif not falls[number] and not others:
                    yield None
                number -= 1
                if number < 0 or not falls[number + 1] or number in seen:
                    break
                seen.add(number)
                if changes(location, number):
                    yield number
                    break
            if len(seen) > self._budget:
                self._budget = 0
                yield None
                return
        self._budget -= len(seen)

    def _changes(self, location: Location, number: int) -> bool:
        effect = self._effects[number]
        if isinstance(location, str):
            if location in effect.sets:
                return True
            return self.steps[number].flow in _CALLS and location not in self.machine.kept
        if self.steps[number].flow in _CALLS:
            return self.frame.escapes(location)
        return bool(effect.stores) and any(self._touches(store, location, number) for store in effect.stores)

    def _touches(self, store: Store, location: Place, number: int) -> bool:
        place = self.frame.place(store, number)
        if place is not None:
            return place.overlaps(location)
        if not self.frame.escapes(location) or store.address is None:
            return self.frame.escapes(location)
        value = self._value(store.address, number)
        return (
            not value.whole
            or bool(value.open)
            or any(
                isinstance(item, Symbol) and (item.kind != "frame" or Place(item.offset, store.size).overlaps(location))
                for item in value.known
            )
        )

    def _definition(self, location: Location, number: int) -> Expr | None:
        effect = self.effect(number)
        if isinstance(location, str):
            return effect.sets.get(location)
        if self.steps[number].flow in _CALLS:
            return None
        found = [store for store in effect.stores if self._touches(store, location, number)]
        place = self.frame.place(found[0], number) if len(found) == 1 else None
        if place is None or found[0].value is None or not self.image.little:
            return None
        return _overwritten(location, place, found[0].value)


def _overwritten(location: Place, place: Place, value: Expr) -> Expr | None:
    """What a place of the frame holds after a write to another that covers it, or to one that lies in it."""
    behind = 8 * (location.offset - place.offset)
    if behind >= 0 and location.offset + location.size <= place.offset + place.size:
        if place.size == location.size:
            return value
        moved = Expr("shr", None, value, Expr("const", behind)) if behind else value
        return Expr("and", None, moved, Expr("const", (1 << 8 * location.size) - 1))
    if behind > 0 or place.offset + place.size > location.offset + location.size or location.size > 8:
        return None
    mask = (1 << 8 * place.size) - 1
    others = Expr("const", (1 << 8 * location.size) - 1 ^ mask << -behind)
    new = Expr("shl", None, Expr("and", None, value, Expr("const", mask)), Expr("const", -behind))
    return Expr("or", None, Expr("and", None, Expr("place", location), others), new)
