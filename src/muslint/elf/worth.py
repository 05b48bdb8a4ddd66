"""Which functions are worth disassembling: told by what lies around a place in the code; nothing is followed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from muslint.elf.code import Machine
from muslint.elf.functions import Functions
from muslint.elf.image import Image
from muslint.elf.paths import parting
from muslint.elf.references import References

if TYPE_CHECKING:
    from muslint.elf.calls import Calls

CALLERS = 64
"""How many callers of a function are asked."""
_ASKED = 256  # functions beyond which nobody looks whom they call
_AT_ONCE = 512  # bytes from the start of a function in which it may hand on what it is given
_HANDING = 3  # such functions whose callers are searched for
_FIRST = 3  # arguments of a function that hands them on, among which a number is looked for
_BEFORE = 32  # bytes before a call in which its arguments are mostly set

Starts = frozenset[int]
"""Addresses at which functions begin."""


class Worth:
    """The functions of one object."""

    def __init__(
        self, image: Image, machine: Machine, functions: Functions, references: References, calls: Calls
    ) -> None:
        self._image, self._machine, self._functions = image, machine, functions
        self._references, self._calls = references, calls

    def at_once(self, start: int, address: int) -> bool:
        """Whether a function comes to an address before anything else can happen."""
        if not 0 <= address - start <= _AT_ONCE:
            return False
        before = self._image.at(start, address - start) or b""
        return not any(map(parting, self._machine.steps(before, start, start in self._functions.thumb)))

    def giving(self, names: Iterable[str], spans: Sequence[tuple[int, int]]) -> tuple[Starts, Starts]:
        """The functions that may give one of some imports an address in one of these spans whatever happens: those that
        hold it; and these, with those that come to a call of the import before anything else."""
        held = self._references.held(spans)
        if not held:
            return frozenset(), frozenset()
        stubs = frozenset().union(*(self._calls.ways(name)[0] for name in names))
        around, called = self._functions.around, self._references.called
        first = {around(address).start: address for address in reversed(self._calls.candidates(*names))}
        known: dict[int, bool] = {}

        def hands_on(start: int) -> bool:
            if start not in known:
                known[start] = start in first and self.at_once(start, first[start])
            return known[start]

        found = {
            start for start, takers in held.items()
            if any(taker in stubs or (taker is not None and hands_on(taker)) for taker in takers)
            or (None in takers and (start in first or any(map(hands_on, called(frozenset((start,))) & first.keys()))))
        }  # fmt: skip
        handing = called(frozenset(found)) & first.keys() if len(found) <= _ASKED else ()
        return frozenset(found), frozenset((*found, *filter(hands_on, handing)))

    def zeroing(self, name: str, argument: int) -> tuple[Starts, Starts]:
        """The functions in which a call of an import may have 0 for an argument, by the code right before; and those
        that may give 0 to a function which hands on at once what it is given."""
        found, givers, around = set[int](), set[int](), self._functions.around
        reads = self._calls.raw(name)[1]  # of its slot, anywhere before the call
        handing = set[int]()
        for address in self._calls.candidates(name):
            start, end = address - _BEFORE, address
            if address in reads:
                start, end, _ = around(address)
            if self._machine.zeroes(self._image.at(start, end - start) or b"", argument):
                found.add(around(address).start)
            elif self.at_once(around(address).start, address):
                handing.add(around(address).start)
        for start in handing if len(handing) <= _HANDING else ():
            places = [*self._references.to(start), *self._references.short(start, None)]
            asking = {around(place).start for place in places if self._gives_zero(place)} - {start}
            if asking and len(places) <= CALLERS:
                found.add(start)
                givers |= asking
        return frozenset(found), frozenset(givers)

    def _gives_zero(self, place: int) -> bool:
        before = self._image.at(place - _BEFORE, _BEFORE) or b""
        return any(self._machine.zeroes(before, argument) for argument in range(_FIRST))
