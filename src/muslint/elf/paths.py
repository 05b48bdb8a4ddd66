"""The ways control takes through a function: what leads to each of its instructions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from operator import eq, itemgetter, not_

from muslint.elf.code import Effect, Flow, Machine, Step, Store
from muslint.elf.image import Image
from muslint.elf.jumps import entries
from muslint.elf.slots import Slots

NO_RETURN = frozenset((
    "exit", "_exit", "_Exit", "quick_exit", "abort", "__stack_chk_fail", "__assert_fail", "__assert",
    "longjmp", "siglongjmp", "_longjmp", "__longjmp_chk", "err", "errx", "verr", "verrx", "pthread_exit",
    "__cxa_throw", "__cxa_rethrow", "_Unwind_Resume", "__fortify_fail", "__chk_fail", "_ZSt9terminatev",
    "__libc_start_main",
))  # fmt: skip
"""Imports that never return: no path leads on behind their call."""
_NEXT, _BRANCH, _JUMP, _JUMP_INDIRECT = Flow.NEXT, Flow.BRANCH, Flow.JUMP, Flow.JUMP_INDIRECT
_PARTING = (Flow.BRANCH, Flow.JUMP, Flow.JUMP_INDIRECT, Flow.STOP)
_ADDRESS, _END = itemgetter(0), itemgetter(1)  # of a step
_CALL, _CALL_INDIRECT = Flow.CALL, Flow.CALL_INDIRECT  # compared by identity: every instruction is


def parting(step: Step) -> bool:
    """Whether control may go on elsewhere than behind an instruction."""
    return step.flow in _PARTING


def calls(flow: Flow) -> bool:
    """Whether an instruction calls a function."""
    return flow is _CALL or flow is _CALL_INDIRECT


class Effects(dict[int, Effect]):
    """Step number → what it changes, found out when first asked for. Apart from the function, which its frame would
    hold on to otherwise, and stay as long as nobody looks for cycles."""

    __slots__ = ("_machine", "_steps")

    def __init__(self, machine: Machine, steps: list[Step]) -> None:
        super().__init__()
        self._machine, self._steps = machine, steps

    def __missing__(self, at: int) -> Effect:
        found = self[at] = self._machine.effect(self._steps[at])
        return found


class Paths:
    """The instructions of one function, and what leads from one to another."""

    def __init__(
        self, machine: Machine, image: Image, slots: Slots, steps: list[Step], stubs: Mapping[int, int]
    ) -> None:
        """``stubs`` are the PLT stubs of the object, see `Machine.stubs`."""
        self.machine, self.image, self.slots, self.steps = machine, image, slots, steps
        self._stubs = stubs
        self.index = dict(zip(map(_ADDRESS, steps), range(len(steps))))
        self._effects = Effects(machine, steps)
        self._above: dict[tuple[str | None, int], int] = {}

    def effect(self, at: int) -> Effect:
        """What step number ``at`` changes."""
        return self._effects[at]

    def stores(self) -> Iterator[tuple[int, Store]]:
        """Every write to memory, with its step; not what calls put on the stack."""
        for number, step in enumerate(self.steps):
            if step.flow is _NEXT:
                yield from ((number, store) for store in self._effects[number].stores)

    @cached_property
    def turns(self) -> list[int]:
        """The steps behind which control may go on elsewhere: branches, jumps, calls and returns."""
        return [number for number, step in enumerate(self.steps) if step[2] is not _NEXT]

    @cached_property
    def direct(self) -> dict[int, list[int]]:
        """Target → the steps that call it, or jump or branch to it."""
        found: dict[int, list[int]] = {}
        for number in self.turns:
            if (target := self.steps[number].target) is not None:
                found.setdefault(target, []).append(number)
        return found

    @cached_property
    def indirect(self) -> list[int]:
        """The steps that call or jump by way of a register or memory."""
        return [
            number for number in self.turns
            if (flow := self.steps[number].flow) is _CALL_INDIRECT or flow is _JUMP_INDIRECT
        ]  # fmt: skip

    @cached_property
    def sources(self) -> dict[int, list[int]]:
        """Step number → the steps that jump or branch to it."""
        found: dict[int, list[int]] = {}
        for target, numbers in self.direct.items():
            if (at := self.index.get(target)) is not None:
                inside = [number for number in numbers if (flow := self.steps[number].flow) is _BRANCH or flow is _JUMP]
                if inside:
                    found[at] = inside
        tables = [number for number in self.indirect if self.steps[number].flow is Flow.JUMP_INDIRECT]
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
        steps, count = self.steps, len(self.steps)
        found = [False, *map(eq, map(_END, steps), map(_ADDRESS, islice(steps, 1, None)))][:count]
        apart = [number for number, falls in enumerate(found) if number and not falls]  # bytes that are no code
        for number in self.turns:
            step = steps[number]
            goes_on = not self._never_returns(step) if calls(step.flow) else step.flow is _BRANCH
            if not goes_on and number + 1 < count:
                found[number + 1] = False
                apart.append(number + 1)
        for number in apart:
            while number + 1 < count and self._is_padding(number):
                number += 1
                found[number] = False
        return found

    def _is_padding(self, number: int) -> bool:
        """Whether a step that control does not come to from the one before is there to align the one behind it."""
        step = self.steps[number]
        return number > 0 and step.flow is _NEXT and step.address not in self.direct and not any(self.effect(number))

    @cached_property
    def heads(self) -> list[bool]:
        """Step number → whether control may come to it otherwise than from the step before."""
        found = list(map(not_, self.falls))
        for number in (0, *self.sources):
            found[number] = True
        return found

    @cached_property
    def straight(self) -> int:
        """The last step that control comes to whatever happens: the first at which ways part or meet, or the end."""
        parts = next((number for number in self.turns if parting(self.steps[number])), len(self.steps))
        return min([parts, *self.sources])

    def above(self, register: str | None, number: int) -> int:
        """The last step before ``number``, which control comes to from there, that changes a register (None: that
        writes to memory or calls), or that is one of the `heads`."""
        known = self._above.get((register, number))
        if known is not None:
            return known
        heads, at = self.heads, number - 1
        while not heads[at] and not self._writes(register, at):
            at -= 1
        self._above[register, number] = at
        return at

    def _writes(self, register: str | None, number: int) -> bool:
        effect = self._effects[number]
        if register is None:
            return bool(effect.stores) or calls(self.steps[number].flow)
        return register in effect.sets or (calls(self.steps[number].flow) and register not in self.machine.kept)

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
        return {
            target for table in self.machine.tables(self.steps) for target in entries(self.image, table, self.index)
        }
