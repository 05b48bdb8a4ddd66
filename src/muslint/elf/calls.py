"""Calls of imported functions, with the arguments that are constant.

An import is called through a PLT stub, or through the word of memory that holds its address (``-fno-plt``). A cheap
search over the code finds what may be such a call; only functions that hold one are disassembled, and
`muslint.elf.flow` follows each argument back to what defines it. An argument that is the function's own parameter is
looked up where that function is called.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate

from muslint.elf.code import Machine
from muslint.elf.disassembly import machine_of
from muslint.elf.flow import Body
from muslint.elf.functions import WINDOW, Functions
from muslint.elf.image import Image, Range
from muslint.elf.prototypes import telling
from muslint.elf.site import Arguments, CallSite
from muslint.elf.slots import Slots, inverted
from muslint.elf.values import UNKNOWN, Symbol, Value
from muslint.elf.where import Places

_ASKED = 256  # references to a function beyond which nobody asks who calls it
_SEARCHES, _MOST_SEARCHES = 32, 256  # searches for one target each before all are listed; at all, in huge code
_MANY = 64  # functions whose own calls are not looked at
_FEW = 24  # addresses that are searched for one by one
_BEFORE = 32  # bytes before a call in which its arguments are mostly set
_STEPS = 1 << 15  # instructions of the functions that are kept disassembled
_LISTED, _LISTED_IN = 1 << 24, 1 << 22  # bytes of code whose calls are listed; of some functions
_SHORT = 512  # bytes of a function whose result is looked at
_CALLERS, _LEVELS = 64, 3  # how many callers of a function are asked, and how many levels up

Listed = dict[int, "array[int]"]
"""Address → the addresses of what may be calls of it; packed, for large code has hundreds of thousands."""


class Calls:
    """The calls of one object's imports."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self.slots = Slots(image)
        self._bodies: dict[int, Body] = {}
        self._searches = self._steps = 0
        self._known_raw: dict[str, tuple[frozenset[int], frozenset[int]]] = {}
        self._known_returned: dict[int, Value] = {}
        self._known_calls: dict[frozenset[int], Listed] = {}
        self._known_callers: dict[tuple[int, frozenset[int] | None], list[tuple[Body, int]]] = {}

    def forget(self) -> None:
        """Drop everything; not to be used afterwards."""
        for body in self._bodies.values():
            vars(body).clear()  # it and its frame point at each other, and would stay with the bytes of the object
        vars(self).clear()

    @cached_property
    def machine(self) -> Machine | None:
        """Who reads its instructions; None for a machine that is not known."""
        machine = machine_of(self._image)
        if machine is not None:
            machine.learn(list(self._image.code()), self._tables())
        return machine

    def _tables(self) -> list[int]:
        """Addresses that code may take as the base of the GOT (i386)."""
        got = self._image.object.tag(3)  # DT_PLTGOT
        return [got] if got else []

    @cached_property
    def functions(self) -> Functions:
        """Its functions."""
        return Functions(self._image)

    @cached_property
    def places(self) -> Places:
        """How its addresses are told to people."""
        return Places(self._image, self.functions)

    @cached_property
    def stubs(self) -> dict[int, int]:
        """PLT stubs → the slots they jump through."""
        if self.machine is None:
            return {}
        found: dict[int, int] = {}
        for part in self._image.code():
            found.update(self.machine.stubs(part, self.slots.imports))
        return {stub: slot for stub, slot in found.items() if slot in self.slots.jumps or self._apart(stub, found)}

    def _apart(self, stub: int, found: dict[int, int]) -> bool:
        """Whether it is no function's own jump: with ``-fno-plt`` a call at the end of a function looks like a stub."""
        bounds = self.functions.around(stub)
        return not bounds.known or bounds.start == stub or bounds.start in found

    def of(
        self, name: str, only: frozenset[int] | None = None, *, callers: frozenset[int] | None = None
    ) -> Iterator[CallSite]:
        """Every call of one import; with ``only``, those that lie in functions which begin at one of these.

        Where an argument is the function's own parameter its callers tell, with ``callers`` those among these alone.
        """
        if self.machine is None:
            return
        stubs, slots = self._ways(name)
        direct, reads = self._raw(name) if only is None else self._raw_in(only, stubs, slots - self.slots.jumps)
        around = self.functions.around
        bodies = {around(address).start: address for address in sorted(direct)}
        readers = {around(address).start: address for address in sorted(reads)}
        for start, address in sorted({**bodies, **readers}.items()):
            if only is not None and start not in only:
                continue
            body = self.body(address)
            for at in self._sites(body, name, stubs, slots if start in readers else frozenset()):
                yield from self._resolved(body, at, name, callers)

    def _raw_in(
        self, only: frozenset[int], stubs: frozenset[int], slots: frozenset[int]
    ) -> tuple[frozenset[int], frozenset[int]]:
        """As `_raw`, in some functions alone."""
        known = self._calls_in(only) if stubs else {}
        reads = [self._reads(part, slot) for part in (self._parts(only) if slots else ()) for slot in slots]
        return frozenset(address for stub in stubs for address in known.get(stub, ())), frozenset().union(*reads)

    def _calls_in(self, only: frozenset[int]) -> Listed:
        """Target → the addresses of what may be direct calls of it, or jumps to it, in some functions; in much code
        only those of stubs."""
        if only not in self._known_calls:
            parts = self._parts(only)
            much = sum(len(part.content) for part in parts) > _LISTED_IN
            self._known_calls[only] = self._list_stubs(parts) if much else self._list(parts, *self._extent)
        return self._known_calls[only]

    @cached_property
    def _extent(self) -> tuple[int, int]:
        """Where code begins and ends, all in all."""
        parts = list(self._image.code())
        return min(part.address for part in parts), max(part.end for part in parts)

    def _parts(self, only: frozenset[int]) -> list[Range]:
        """The code of what `Functions.around` says begins at some addresses: functions, or about as much as they may
        be. What overlaps, or follows at once, is one part."""
        spans: list[tuple[int, int]] = []
        for start in sorted(only):
            bounds = self.functions.around(start)
            known = bounds.known and bounds.start == start
            end = bounds.end if known else max(bounds.end, start + 2 * WINDOW)
            if spans and start <= spans[-1][1]:
                spans[-1] = spans[-1][0], max(spans[-1][1], end)
            else:
                spans.append((start, end))
        return [
            Range(max(start, part.address), part.content[max(start - part.address, 0) : end - part.address])
            for start, end in spans
            for part in self._image.code()
            if start < part.end and part.address < end
        ]

    def _ways(self, name: str) -> tuple[frozenset[int], frozenset[int]]:
        """The stubs and the slots of an import."""
        slots = self.slots.named.get(name, frozenset())
        return frozenset(stub for slot in slots for stub in self._stubs_of.get(slot, ())), slots

    @cached_property
    def _stubs_of(self) -> dict[int, frozenset[int]]:
        return inverted(self.stubs)

    def _raw(self, name: str) -> tuple[frozenset[int], frozenset[int]]:
        """Addresses of what may be direct calls of an import, and of what may read its slots."""
        if name not in self._known_raw:
            stubs, slots = self._ways(name)
            self._known_raw[name] = (
                frozenset(address for stub in stubs for address in self._references(stub)),
                frozenset(
                    address
                    for slot in slots - self.slots.jumps
                    for part in self._image.code()
                    for address in self._reads(part, slot)
                ),
            )
        return self._known_raw[name]

    def candidates(self, name: str) -> tuple[int, ...]:
        """Addresses of what may be calls of an import, without disassembling: few are none, and few are missing."""
        return () if self.machine is None else tuple(sorted(frozenset().union(*self._raw(name))))

    def pointing(self, spans: Iterable[tuple[int, int]]) -> frozenset[int]:
        """Starts of the functions whose code holds an address in one of these spans (first, last), and of those that
        they call."""
        wanted = sorted(set(spans))
        if self.machine is None or not wanted:
            return frozenset()
        found: set[int] = set()
        firsts = [first for first, _ in wanted]
        behind = list(accumulate((last for _, last in wanted), max))  # the last address of a span up to here
        for part in self._image.code():
            if len(wanted) <= _FEW:
                found.update(place for first, last in wanted for place in self.machine.pointers(part, first, last))
                continue
            for pairs in self.machine.all_pointers(part, firsts[0], behind[-1]):
                found.update([
                    place for place, target in pairs
                    if (at := bisect_right(firsts, target)) and target <= behind[at - 1]
                ])  # fmt: skip
        return self._with_callees({self.functions.around(place).start for place in found})

    def holding(self, number: int) -> frozenset[int] | None:
        """Starts of the functions that may put a small number somewhere, and of those that they call; None for every
        function, where they are many or it cannot be told."""
        if self.machine is None:
            return None
        places = (place for part in self._image.code() for place in self.machine.holders(part, number))
        starts: set[int] = set()
        for place in places:
            starts.add(self.functions.around(place).start)
            if len(starts) > _MANY:
                return None
        return self._with_callees(starts)

    def _with_callees(self, starts: set[int]) -> frozenset[int]:
        """Functions, those that they call, and that those call; of very many themselves alone."""
        assert self.machine is not None
        asked: set[int] = set()
        for _ in range(_LEVELS - 1):
            if len(starts) > _MANY:
                break
            parts = self._parts(frozenset(starts - asked))
            asked |= starts
            targets = {
                target for part in parts for pairs in self.machine.all_references(part, *self._extent)
                for _, target in pairs if target not in self.stubs
            }  # fmt: skip
            starts = starts | {self.functions.around(target).start for target in targets}
        return frozenset(starts)

    def zeroing(self, name: str, argument: int) -> frozenset[int]:
        """Starts of the functions in which a call of an import may have 0 for an argument, by the code right before."""
        if self.machine is None:
            return frozenset()
        found = set()
        reads = self._raw(name)[1]  # of its slot, anywhere before the call
        for address in self.candidates(name):
            start, end = address - _BEFORE, address
            if address in reads:
                start, end, _ = self.functions.around(address)
            if self.machine.zeroes(self._image.at(start, end - start) or b"", argument):
                found.add(self.functions.around(address).start)
        return frozenset(found)

    def _references(self, target: int) -> Sequence[int]:
        """The addresses of what may be direct calls of, or jumps to, an address.

        Calls of stubs are listed at once. Of other functions the first few are searched for one by one; then all
        calls of the object are listed. In huge code each is searched for.
        """
        assert self.machine is not None
        if target in self.stubs:
            return self._stub_calls.get(target, ())
        self._searches += 1
        if self._searches > _SEARCHES and self._small:
            return self._targets.get(target, ())
        if self._searches > _MOST_SEARCHES:
            return ()
        return [address for part in self._image.code() for address in self.machine.references(part, target)]

    @cached_property
    def _stub_calls(self) -> Listed:
        return self._list_stubs(self._image.code())

    @cached_property
    def _small(self) -> bool:
        return sum(len(part.content) for part in self._image.code()) <= _LISTED

    @cached_property
    def _targets(self) -> Listed:
        return self._list(self._image.code(), *self._extent, self.functions.known())

    def _list_stubs(self, parts: Iterable[Range]) -> Listed:
        return self._list(parts, min(self.stubs), max(self.stubs), self.stubs) if self.stubs else {}

    def _list(self, parts: Iterable[Range], first: int, last: int, only: Container[int] | None = None) -> Listed:
        """Target → the addresses of what may be direct calls of it, or jumps to it."""
        assert self.machine is not None
        found: Listed = {}
        for part in parts:
            for pairs in self.machine.all_references(part, first, last):
                for address, target in pairs:
                    if target in found:
                        found[target].append(address)
                    elif only is None or target in only:
                        found[target] = array("Q", (address,))
        return found

    def _reads(self, part: Range, slot: int) -> Iterator[int]:
        """The addresses in some code of what may read a slot, other than its stub."""
        assert self.machine is not None
        inside = {stub + distance for stub in self._stubs_of.get(slot, ()) for distance in range(16)}
        return (address for address in self.machine.slot_references(part, slot) if address not in inside)

    def body(self, address: int) -> Body:
        """The code around an address."""
        bounds = self.functions.around(address)
        if bounds.start not in self._bodies:
            assert self.machine is not None
            code = self._image.at(bounds.start, bounds.end - bounds.start) or b""
            thumb = bounds.start in self.functions.thumb
            steps = self.machine.steps(code, bounds.start, thumb)
            self._bodies[bounds.start] = Body(
                self.machine, self._image, self.slots, bounds, steps, self.stubs, self.returned
            )
            self._steps += len(steps)
            while self._steps > _STEPS and len(self._bodies) > 1:
                self._steps -= len(self._bodies.pop(next(iter(self._bodies))).steps)
        return self._bodies[bounds.start]

    def returned(self, start: int) -> Value:
        """What the function that begins at ``start`` returns, where it is a small one that returns constants."""
        if start not in self._known_returned:
            self._known_returned[start] = UNKNOWN  # while it is looked at: it may call itself
            bounds = self.functions.around(start)
            if bounds.known and bounds.start == start and bounds.end - start <= _SHORT:
                self._known_returned[start] = self.body(start).returned()
        return self._known_returned[start]

    def _sites(self, body: Body, name: str, stubs: frozenset[int], slots: frozenset[int]) -> Iterator[int]:
        """The steps of a function that call one import, or jump to it in place of a call."""
        found = [number for stub in stubs for number in body.direct.get(stub, ())]
        if body.bounds.start not in self.stubs:
            found += [
                number for number in body.indirect
                if body.callee(body.steps[number]) == name or (slots and self._goes_to(body, number, slots))
            ]  # fmt: skip
        return (number for number in sorted(found) if body.steps[number].address not in self.stubs)

    def _goes_to(self, body: Body, number: int, slots: frozenset[int]) -> bool:
        target = body.machine.callee(body.steps[number])
        if target is None or target.kind != "reg":
            return False
        value = body.value(target, number)
        return value.whole and all(
            isinstance(item, Symbol) and item.kind == "slot" and item.key in slots for item in value.known
        )

    # --- arguments ------------------------------------------------------------------------------------------

    def _resolved(self, body: Body, at: int, name: str, among: frozenset[int] | None) -> Iterator[CallSite]:
        """One call, or one for each caller where its arguments are the function's own."""
        asked = telling(name) if among is None or among else ()  # of no caller's: when somebody asks
        values = {index: body.argument(index, at) for index in asked}
        for address, resolved in self._through_callers(body, body.steps[at].address, values, _LEVELS, among):
            yield CallSite(name, address, Arguments(body, at, resolved), self._image, self.places)

    def _through_callers(
        self, body: Body, address: int, values: dict[int, Value], levels: int, among: frozenset[int] | None
    ) -> list[tuple[int, dict[int, Value]]]:
        asked = any(
            isinstance(item, Symbol) and item.kind == "param" for value in values.values() for item in value.known
        )
        callers = self._callers(body.bounds.start, among) if asked and levels and body.bounds.known else []
        if not callers or len(callers) > _CALLERS:
            return [(address, values)]
        found = []
        for caller, number in callers:
            given = {index: caller.given(value, number) for index, value in values.items()}
            found += self._through_callers(caller, caller.steps[number].address, given, levels - 1, among)
        if not any(_tells_more(given, values) for _, given in found):
            return [(address, values)]
        if self._reachable_otherwise(body.bounds.start):
            found.append((address, values))
        return found

    def _callers(self, start: int, among: frozenset[int] | None) -> list[tuple[Body, int]]:
        """(function, step) of every direct call of a function, or of those in functions ``among`` these."""
        if (start, among) not in self._known_callers:
            found: dict[int, tuple[Body, int]] = {}
            addresses = self._references(start) if among is None else self._calls_in(among).get(start, [])
            for address in addresses if len(addresses) <= _ASKED else ():
                body = self.body(address)
                number = body.index.get(address)
                if number is not None and body.steps[number].target == start and body.bounds.start != start:
                    found[address] = body, number
            self._known_callers[start, among] = [found[address] for address in sorted(found)]
        return self._known_callers[start, among]

    def _reachable_otherwise(self, start: int) -> bool:
        """Whether others than this object's own direct calls may reach a function: exported, or its address taken."""
        return start in self._exported

    @cached_property
    def _exported(self) -> frozenset[int]:
        symbols = self._image.object.symbols
        if self._image.object.interpreter is not None:
            return frozenset()
        return frozenset(value for value, shndx in zip(symbols.values, symbols.shndxs) if shndx)


def _tells_more(given: dict[int, Value], before: dict[int, Value]) -> bool:
    """Whether a caller gives a constant where there was none."""
    return any(
        sum(isinstance(item, int) for item in value.known) > sum(isinstance(item, int) for item in before[index].known)
        for index, value in given.items()
    )
