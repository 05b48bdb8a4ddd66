"""Where a value in a function comes from: back from a use, along every path, to what defines it.

Exact where it answers: a definition counts only if no other can reach the use, whatever way control takes. What
cannot be followed (a call's result, writable memory, a path that is not understood) makes the value unknown.
Branches into a block, loops, stack slots whose address is passed on and jump tables are all respected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

from muslint.elf import memory
from muslint.elf.code import Expr, Flow, Machine, Step, Store
from muslint.elf.frame import Frame, Place, overwritten
from muslint.elf.functions import Bounds
from muslint.elf.image import Image
from muslint.elf.linear import caller_of, linear
from muslint.elf.paths import Paths, calls
from muslint.elf.slots import Slots
from muslint.elf.spared import spared
from muslint.elf.tables import Tables
from muslint.elf.values import UNKNOWN, Symbol, Value, extended, inserted, only, operate, union

_CALL, _CALL_INDIRECT = Flow.CALL, Flow.CALL_INDIRECT
_BUDGET = 4_000  # steps that are asked for one value
_SPENT, _LITTLE = 8, 1_000  # values of a function for which that was not enough, and what the others are given then
_DEEPEST = 40  # definitions of definitions
_EQUAL = -2  # see `Body._reaching`

Location = str | Place
"""A register, or a place in the frame."""
Definition = tuple[int, Location]
_Equals = Callable[[Location, int], int | None]


class Body(Paths):
    """The code of one function, and the values in it."""

    def __init__(
        self, machine: Machine, image: Image, slots: Slots, bounds: Bounds, steps: list[Step],
        stubs: Mapping[int, int], others: memory.Others, tables: Tables,
    ) -> None:  # fmt: skip
        """``stubs`` are the PLT stubs of the object, see `Machine.stubs`; ``others`` tells of other functions."""
        super().__init__(machine, image, slots, steps, stubs)
        self.bounds, self.others, self.tables = bounds, others, tables
        self._budget = self._spent = 0
        self._open: list[Definition] = []
        self._arguments: dict[tuple[int, int], Value] = {}
        self._known: dict[tuple[Location, int], Value] = {}  # what a place holds before a step
        self._cut = False  # whether something was given up because it lies too deep
        self._passing = 0  # above 0 where what is found holds only for who asks just now
        self._indexing = False
        self.followed: list[Symbol] = []

    @cached_property
    def frame(self) -> Frame:
        """Its stack frame."""
        return Frame(self.machine, self.steps, self._effects.__getitem__, self.sources, self.falls)

    # --- values ---------------------------------------------------------------------------------------------

    def value(self, expr: Expr | None, at: int) -> Value:
        """What an expression may be right before step ``at``; unknown when that takes too long to find out."""
        self._budget, self._open = _BUDGET if self._spent < _SPENT else _LITTLE, []
        found = self.evaluated(expr, at)
        self._spent += self._budget <= 0
        return found._replace(whole=found.whole and bool(found.known) and self._budget > 0)

    def argument(self, index: int, at: int) -> Value:
        """What argument ``index`` of the call at step ``at`` may be."""
        if (index, at) not in self._arguments:
            self._arguments[index, at] = self._argument(index, at)
        return self._arguments[index, at]

    def _argument(self, index: int, at: int) -> Value:
        if index >= len(self.machine.arguments):
            return UNKNOWN
        where = self.machine.arguments[index]
        if isinstance(where, str):
            return self.value(Expr("reg", where), at)
        pushed = 0 if self.steps[at].flow in (_CALL, _CALL_INDIRECT) else self.machine.call_pushes  # a jump there
        address = Expr("add", None, Expr("reg", self.machine.stack), Expr("const", where + pushed), self.machine.word)
        return self.value(Expr("load", None, address, None, self.machine.word), at)

    def evaluated(self, expr: Expr | None, at: int) -> Value:
        """As `value`, while another one is being followed."""
        if expr is None or self._budget <= 0:
            return UNKNOWN
        if expr.kind == "const":
            return only(expr.value & (1 << 8 * self.machine.word) - 1)
        if expr.kind == "reg":
            return self._register(expr.value, at)
        if expr.kind == "load":
            return self._memory(expr, at)
        if expr.kind == "place":
            return self.located(expr.value, at)
        if expr.kind == "sext":
            return extended(self.evaluated(expr.left, at), expr.value, min(expr.size, self.machine.word))
        left, right = self.evaluated(expr.left, at), self.evaluated(expr.right, at)
        if expr.kind == "either":
            return union((left, right))
        if expr.kind == "insert":
            return inserted(left, right, expr.size)
        found = operate(expr.kind, left, right, min(expr.size, self.machine.word))
        if expr.kind not in ("add", "sub") or (found.whole and min(len(left.known), len(right.known)) < 2):
            return found
        line = self._index(expr, at)
        return found if line is None or (found.whole and not line.whole) else line

    def _index(self, expr: Expr, at: int) -> Value | None:
        """A sum whose both sides are made of one and the same variable (``i + 2 * i``), as a multiple of that."""
        if self._indexing or expr.left is None or expr.right is None or "const" in (expr.left.kind, expr.right.kind):
            return None
        self._indexing, self._passing = True, self._passing + 1
        line = linear(self, expr, at)
        self._indexing, self._passing = False, self._passing - 1
        if line is None or line.root is None or line.times < 2 or line.copies < 2:
            return None
        found = self.located(*line.root)
        size = self.machine.word
        times = operate("mul", found, only(line.times), size)
        return operate("add", times, only(line.plus & (1 << 8 * size) - 1), size)

    def _register(self, name: str, at: int) -> Value:
        if name == self.machine.stack:
            depth = self.frame.depth(at)
            return UNKNOWN if depth is None else only(Symbol("frame", 0, depth))
        if name == self.machine.frame and (fixed := self.frame.pointer(at)) is not None:
            return only(Symbol("frame", 0, fixed))
        return self.located(name, at)

    def _memory(self, expr: Expr, at: int) -> Value:
        address = self.evaluated(expr.left, at)
        if address.open:
            return UNKNOWN
        found = [memory.loaded(self, item, expr.size, at) for item in address.known]
        return union([*found, *(() if address.whole else (UNKNOWN,))])

    @cached_property
    def ends(self) -> list[int]:
        """See `memory.ends`."""
        self.__dict__["ends"] = []  # while they are looked for
        with self.aside():
            return memory.ends(self)

    @cached_property
    def written(self) -> dict[tuple[str, int], list[tuple[int, Store, int]]]:
        """(kind, key) of an address → every write behind it, see `memory.written`."""
        found: dict[tuple[str, int], list[tuple[int, Store, int]]] = {}
        self.__dict__["written"] = found  # while it is looked for
        with self.aside():
            for key, write in memory.written(self):
                found.setdefault(key, []).append(write)
        return found

    @cached_property
    def gifts(self) -> dict[tuple[str, int], list[tuple[int, int, int]]]:
        """(kind, key) of an address → the calls it is given to, see `memory.given`."""
        found: dict[tuple[str, int], list[tuple[int, int, int]]] = {}
        self.__dict__["gifts"] = found  # while they are looked for
        with self.aside():
            self._budget, self._open = _BUDGET, []
            for key, gift in memory.given(self):
                found.setdefault(key, []).append(gift)
        return found

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While another value is asked for than the one that is being followed."""
        kept = self._budget, self._open, self._cut
        self._passing += 1  # a step of a loop that is being followed is not what it is to others
        try:
            yield
        finally:
            self._budget, self._open, self._cut = kept
            self._passing -= 1

    def is_stub(self, address: int) -> bool:
        """Whether a PLT stub stands at an address."""
        return address in self._stubs

    def given(self, index: int, number: int) -> Value:
        """As `argument`, of those in registers, while another value is being followed."""
        return self.evaluated(memory.register(self, index), number)

    def field(self, index: int, at: int, offset: int, size: int, stride: int = 0) -> Value:
        """What the ``size`` bytes may be that lie ``offset``, and any multiple of ``stride`` more, behind what argument
        ``index`` of a call points to."""
        given = self.argument(index, at)
        told = given.whole and all(isinstance(item, int) or item.kind == "param" for item in given.known)
        found = [] if told else [UNKNOWN]
        for item in given.known:
            self._budget, self._open = _BUDGET, []
            if isinstance(item, int) and stride:
                item = Symbol("row", stride, item)
            if isinstance(item, int):
                found.append(self.tables.stored(item + offset, size))
            elif item.kind in ("frame", "param", "made") or (item.kind == "row" and stride in (0, item.key)):
                kept = item.stride if item.kind == "row" else stride
                moved = item._replace(offset=item.offset + offset, stride=kept)
                found.append(memory.loaded(self, moved, size, at))
        return union(found)

    def located(self, location: Location, at: int) -> Value:
        """The union of every definition of a place that reaches step ``at``."""
        known = self._known.get((location, at))
        if known is not None:
            return known
        if len(self._open) > _DEEPEST:
            self._cut = True
            return UNKNOWN
        cut, self._cut = self._cut, False
        values = []
        for number in self._reaching(location, at, self._equals):
            if number is None:
                values.append(UNKNOWN)
            elif number <= _EQUAL:
                values.append(only(self._equals(location, _EQUAL - number) or 0))
            else:
                values.append(self._entry(location) if number < 0 else self._defined(location, number))
        found = union(values)
        if not (found.open or self._cut or self._passing) and self._budget > 0:  # the same whoever asks
            self._known[location, at] = found
        self._cut |= cut
        return found

    def called(self, expr: Expr | None, at: int) -> str | None:
        """The import whose result an expression is right before step ``at``; None where it is anything else."""
        self._budget, self._open = _BUDGET, []
        return caller_of(self, expr, at)

    def target(self, number: int) -> str | None:
        """The import that a call goes to, by what its instruction tells or its register holds."""
        self._budget, self._open = _BUDGET, []
        return self._target_of(number)

    def _target_of(self, number: int) -> str | None:
        step = self.steps[number]
        if (name := self.callee(step)) is not None or step.flow is not Flow.CALL_INDIRECT:
            return name
        value = self.evaluated(self.machine.callee(step), number)
        slot = next(iter(value.known)) if value.whole and len(value.known) == 1 else None
        return self.slots.imports.get(slot.key) if isinstance(slot, Symbol) and slot.kind == "slot" else None

    def origins(self, location: Location, at: int) -> list[tuple[int | None, Expr | None]]:
        """Every step whose definition of a place reaches step ``at``, as `_reaching`, and what it makes of it."""
        return [
            (number, None if number is None or number < 0 else self._definition(location, number))
            for number in self._reaching(location, at)
        ]

    def returned(self) -> Value:
        """What it returns as far as its own code tells."""
        result = Expr("reg", self.machine.result)
        found = [self.value(result, at) for at, step in enumerate(self.steps) if self.machine.returns(step)]
        if not found or any(self._leaves(step) for step in self.steps):
            found.append(UNKNOWN)
        value = union(found)
        numbers = frozenset(item for item in value.known if isinstance(item, int) or item.kind in ("row", "made"))
        return Value(numbers, value.whole and len(numbers) == len(value.known))

    def _leaves(self, step: Step) -> bool:
        """Whether another function returns in its place."""
        return step.flow is Flow.JUMP_INDIRECT or (step.flow is Flow.JUMP and step.target not in self.index)

    def _defined(self, location: Location, number: int) -> Value:
        this = (number, location)
        if this in self._open:
            return Value(frozenset(), True, frozenset((this,)))
        self._open.append(this)
        try:
            value = self._made(location, number)
        finally:
            self._open.pop()
        return value._replace(open=value.open - {this})

    def _made(self, location: Location, number: int) -> Value:
        step = self.steps[number]
        if not calls(step.flow):
            return self.evaluated(self._definition(location, number), number)
        if isinstance(location, Place):
            return memory.left(self, location, number)
        if location != self.machine.result:
            return UNKNOWN
        if step.flow is _CALL and step.target is not None and step.target not in self._stubs:
            return self.others.returned(step.target)
        return memory.fresh(step.address) if self._target_of(number) in memory.ALLOCATORS else UNKNOWN

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

    def _equals(self, location: Location, branch: int) -> int | None:
        """What a place holds where a branch goes, by the comparison right before it; None where that is not told."""
        clear = self.steps[branch].flow is Flow.BRANCH and branch and not self.heads[branch]
        found = self.machine.equal(self.steps[branch - 1], self.steps[branch]) if clear else None
        return found[1] if found is not None and found[0] == location else None

    def _reaching(self, location: Location, at: int, equals: _Equals = lambda *_: None) -> Iterator[int | None]:
        """The steps whose definition reaches ``at``; -1 is the entry, None a path from nowhere; `_EQUAL` and below a
        branch, counted down from there, behind which it ``equals`` a number."""
        waiting, seen = [at], set[int]()
        sources, falls, heads, changes, above = self.sources, self.falls, self.heads, self._changes, self.above
        register = location if isinstance(location, str) else None
        while waiting:
            number = waiting.pop()
            while True:
                if heads[number]:
                    others = sources.get(number, ())
                    for source in others:
                        if source not in seen:
                            seen.add(source)
                            if register is not None and equals(location, source) is not None:
                                yield _EQUAL - source
                            elif changes(location, source):
                                yield source
                            else:
                                waiting.append(source)
                    if number == 0:
                        yield -1
                    elif not falls[number] and not others:
                        yield None
                    if not falls[number]:
                        break
                number = above(register, number)
                if number in seen:
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
            return location not in self.machine.kept and calls(self.steps[number].flow)
        if calls(self.steps[number].flow):
            return self.frame.escapes(location, number) and not spared(self, location, number)
        return bool(effect.stores) and any(self._touches(store, location, number) for store in effect.stores)

    def _touches(self, store: Store, location: Place, number: int) -> bool:
        place = self.frame.place(store, number)
        if place is not None:
            return place.overlaps(location)
        escapes = self.frame.escapes(location, number)
        if not escapes or store.address is None:
            return escapes
        value = self.evaluated(store.address, number)
        return (
            not value.whole
            or bool(value.open)
            or any(
                isinstance(item, Symbol)
                and item.kind != "made"
                and (item.kind != "frame" or Place(item.offset, store.size).overlaps(location))
                for item in value.known
            )
        )

    def _definition(self, location: Location, number: int) -> Expr | None:
        effect = self.effect(number)
        if isinstance(location, str):
            return effect.sets.get(location)
        if self.steps[number].flow in (_CALL, _CALL_INDIRECT):
            return None
        found = [store for store in effect.stores if self._touches(store, location, number)]
        place = self._target(found[0], number) if len(found) == 1 else None
        if place is None or found[0].value is None or not self.image.little:
            return None
        return overwritten(location, place, found[0].value)

    def _target(self, store: Store, number: int) -> Place | None:
        """Where in the frame a write goes, by the stack pointer or by a register that holds an address there."""
        if (place := self.frame.place(store, number)) is not None:
            return place
        address = self.evaluated(store.address, number)
        item = next(iter(address.known)) if address.whole and not address.open and len(address.known) == 1 else 0
        return Place(item.offset, store.size) if isinstance(item, Symbol) and item.kind == "frame" else None
