"""A function's stack frame: how deep the stack is at each step, and which places of it are known to others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from muslint.elf.code import Effect, Expr, Flow, Machine, Step, Store
from muslint.elf.values import signed

_OBJECT = 32
"""Bytes from an address that is passed on which may be written through it. An object may be larger, but then what is
told apart from it here is a field far into it."""


class Place(NamedTuple):
    """Some bytes of the frame; ``offset`` counts from the stack pointer at the function's entry."""

    offset: int
    size: int

    def overlaps(self, other: Place) -> bool:
        """Whether they share a byte."""
        return self.offset < other.offset + other.size and other.offset < self.offset + self.size


class Frame:
    """The stack of one function, found by following its stack pointer along every path."""

    def __init__(
        self,
        machine: Machine,
        steps: Sequence[Step],
        effect: Callable[[int], Effect],
        sources: Mapping[int, Sequence[int]],
        falls: Sequence[bool],
    ) -> None:
        self._machine, self._steps, self._effect = machine, steps, effect
        self._falls = falls
        self._known_reach: dict[Place, bytes] = {}
        self._apart: list[int] = []  # steps that no other is seen to lead to
        self._targets: dict[int, list[int]] = {}
        for target, origins in sources.items():
            for origin in origins:
                self._targets.setdefault(origin, []).append(target)

    def depth(self, number: int) -> int | None:
        """The stack pointer before a step, relative to the entry (0 or below); None where it is not known."""
        return self._depths[number][0]

    def pointer(self, number: int) -> int | None:
        """The frame pointer before a step, where it is one."""
        return self._depths[number][1]

    @cached_property
    def _depths(self) -> list[tuple[int | None, int | None]]:
        steps, targets, moves = self._steps, self._targets, self._machine.moves_stack
        count, falls = len(steps), (*self._falls, False)
        found: list[tuple[int | None, int | None] | None] = [None] * count
        waiting: list[tuple[int, tuple[int | None, int | None]]] = [(0, (0, None))]
        usual: tuple[int | None, int | None] | None = None
        rest = 0
        while True:
            while waiting:
                number, state = waiting.pop()
                while found[number] is None:
                    found[number] = state
                    step = steps[number]
                    if usual is None and step.flow in (Flow.CALL, Flow.CALL_INDIRECT, Flow.JUMP_INDIRECT):
                        usual = state
                    if moves(step):
                        state = self._after(number, state)
                    if number in targets:
                        waiting += [(target, state) for target in targets[number]]
                    number += 1
                    if not falls[number]:
                        break
            while rest < count and found[rest] is not None:
                rest += 1
            if rest == count:
                return [state or (None, None) for state in found]
            self._apart.append(rest)
            waiting.append((rest, usual or (None, None)))  # a landing pad, or what only a table leads to

    def _after(self, number: int, state: tuple[int | None, int | None]) -> tuple[int | None, int | None]:
        sets, machine = self._effect(number).sets, self._machine
        stack, frame = state
        if machine.stack in sets:
            stack = self._moved(sets[machine.stack], state)
        if machine.frame in sets:
            frame = self._moved(sets[machine.frame], state)
        return stack, frame

    def _moved(self, expr: Expr | None, state: tuple[int | None, int | None]) -> int | None:
        """An address in the frame as an offset; None for what is none."""
        if expr is None:
            return None
        if expr.kind == "reg":
            return (
                state[0]
                if expr.value == self._machine.stack
                else state[1]
                if expr.value == self._machine.frame
                else None
            )
        if expr.kind not in ("add", "sub", "and") or expr.right is None or expr.right.kind != "const":
            return None
        base = self._moved(expr.left, state)
        if base is None or expr.kind == "and":
            return base
        distance = signed(expr.right.value, self._machine.word)
        return base + distance if expr.kind == "add" else base - distance

    def offset(self, address: Expr | None, number: int) -> int | None:
        """Where in the frame an address is, where it is told by the stack or frame pointer itself."""
        return self._moved(address, self._depths[number])

    def place(self, store: Store, number: int) -> Place | None:
        """Where in the frame a store goes, where its address is told by the stack or frame pointer itself."""
        offset = self._moved(store.address, self._depths[number])
        return None if offset is None else Place(offset, store.size)

    @cached_property
    def _leaked(self) -> dict[int, list[int]]:
        """Offset → the steps that put its address into another register: what is there may be written by others."""
        found: dict[int, list[int]] = {}
        leaks = self._machine.leaks
        for number, step in enumerate(self._steps):
            if (address := leaks(step)) is not None and (
                offset := self._moved(address, self._depths[number])
            ) is not None:
                found.setdefault(offset, []).append(number)
        return found

    def escapes(self, place: Place, number: int) -> bool:
        """Whether others may write a place at a step: its address has been put elsewhere on some way there."""
        if place not in self._known_reach:
            low, high = place.offset - _OBJECT, place.offset + place.size
            leaks = [at for offset, steps in self._leaked.items() if low < offset < high for at in steps]
            self._known_reach[place] = self._reached(leaks)
        return self._known_reach[place][number] != 0

    def _reached(self, leaks: list[int]) -> bytes:
        """1 for every step that control may come to behind one of some steps."""
        count = len(self._steps)
        found = bytearray(count)
        waiting = [*leaks, *(self._apart if leaks else ())]
        while waiting:
            number = waiting.pop()
            while True:
                for after in self._targets.get(number, ()):
                    if not found[after]:
                        found[after] = 1
                        waiting.append(after)
                number += 1
                if number == count or not self._falls[number] or found[number]:
                    break
                found[number] = 1
        return bytes(found)


def overwritten(location: Place, place: Place, value: Expr) -> Expr | None:
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
