"""Calls of imported functions, with the arguments that are constant.

An import is called through a PLT stub, or through the word of memory that holds its address (``-fno-plt``). A cheap
search over the code finds what may be such a call; only functions that hold one are disassembled, and
`muslint.elf.flow` follows each argument back to what defines it. An argument that is the function's own parameter is
looked up where that function is called.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cached_property

from muslint.elf.callers import asks, filled, straight, tells_more
from muslint.elf.code import Machine
from muslint.elf.disassembly import machine_of
from muslint.elf.flow import Body
from muslint.elf.functions import Functions
from muslint.elf.image import Image, Range
from muslint.elf.others import Elsewhere
from muslint.elf.prototypes import telling
from muslint.elf.references import LEVELS, WRAPPER, References
from muslint.elf.site import Arguments, CallSite
from muslint.elf.slots import Slots, inverted
from muslint.elf.tables import Tables
from muslint.elf.values import Symbol, Value
from muslint.elf.values import only as alone
from muslint.elf.variables import Variables
from muslint.elf.where import Places
from muslint.elf.worth import CALLERS, Worth

_STEPS = 1 << 14  # instructions of the functions that are kept disassembled
_PLACES = CALLERS + CALLERS // 4  # of what may be calls of a function that is called too often; few are none
_SHARE = 0.25  # of a level: what a function counts that merely calls another


class Calls:
    """The calls of one object's imports. Those of ``asked`` are listed in one search; of others each has its own."""

    def __init__(self, image: Image, asked: Container[str] | None = None) -> None:
        self._image, self._asked = image, asked
        self.slots = Slots(image)
        self._bodies: dict[int, Body] = {}
        self._steps = 0
        self._known_raw: dict[str, tuple[frozenset[int], frozenset[int]]] = {}
        self._known_callers: dict[tuple[int, frozenset[int] | None], list[tuple[Body, int]]] = {}

    def forget(self) -> None:
        """Drop everything; not to be used afterwards."""
        for body in self._bodies.values():
            vars(body).clear()  # it and its frame point at each other, and would stay with the bytes of the object
        if "_others" in vars(self):
            self._others.forget()
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
    def _tables_of(self) -> Tables:
        return Tables(self._image, self.slots, self.machine, self._written)

    @cached_property
    def _variables(self) -> Variables:
        assert self.machine is not None
        return Variables(self._image, self.machine, self.functions, self._made)

    @cached_property
    def _others(self) -> Elsewhere:
        return Elsewhere(self.functions, self.body, self._made, sum(len(part.content) for part in self._image.code()))

    def _written(self, address: int, size: int) -> frozenset[int]:
        return self._variables.written(address, size)

    @cached_property
    def functions(self) -> Functions:
        """Its functions."""
        return Functions(self._image)

    @cached_property
    def _references(self) -> References:
        assert self.machine is not None
        listed = {stub: slot for stub, slot in self.stubs.items() if self._listed(self.slots.imports[slot])}
        return References(self._image, self.machine, self.functions, self.stubs, listed)

    @cached_property
    def _worth(self) -> Worth:
        assert self.machine is not None
        return Worth(self._image, self.machine, self.functions, self._references, self)

    def _listed(self, name: str) -> bool:
        return self._asked is None or name in self._asked

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
        self,
        name: str,
        only: frozenset[int] | None = None,
        *,
        callers: frozenset[int] | None = None,
        holding: frozenset[int] | None = None,
    ) -> Iterator[CallSite]:
        """Every call of one import; with ``only``, those that lie in functions which begin at one of these.

        Where an argument is the function's own parameter its callers tell, with ``callers`` those among these alone.
        With ``holding``, those that cannot come to it by one way only are not asked, and a function that is none of
        these must have its call at its beginning.
        """
        if self.machine is None:
            return
        stubs, slots = self.ways(name)
        if only is None or name in self._known_raw:
            direct, reads = self.raw(name)
        else:
            direct, reads = self._raw_in(name, only)
        around = self.functions.around
        bodies = {around(address).start: address for address in sorted(direct, reverse=True)}
        readers = {around(address).start: address for address in sorted(reads, reverse=True)}
        for start, address in sorted({**readers, **bodies}.items()):
            if only is not None and start not in only:
                continue
            always = holding is not None
            if holding is not None and start not in holding and not self._worth.at_once(start, address):
                continue
            body = self.body(address)
            for at in self._sites(body, name, stubs, slots if start in readers else frozenset()):
                yield from self._resolved(body, at, name, frozenset() if always and not straight(body, at) else callers)
            if start in readers and self._others.asked:
                for inner, at in self._handed(body, slots):
                    yield from self._resolved(inner, at, name, frozenset((start,)))

    def _handed(self, body: Body, slots: frozenset[int]) -> Iterator[tuple[Body, int]]:
        """The calls by way of a parameter in the functions that are given the address of an import."""
        for (kind, key), gifts in body.gifts.items():
            for number, index, _ in gifts if kind == "slot" and key in slots else ():
                inner = self.body(body.steps[number].target or 0)
                for at in inner.indirect:
                    value = inner.value(inner.machine.callee(inner.steps[at]), at)
                    if value == alone(Symbol("param", index, 0)):
                        yield inner, at

    def _raw_in(self, name: str, only: frozenset[int]) -> tuple[frozenset[int], frozenset[int]]:
        """As `raw`, in some functions alone."""
        stubs, slots = self.ways(name)
        known = self._references.within(only) if stubs else {}
        read = slots - self.slots.jumps
        reads = self._reads(self._references.parts(only), read) if read else {}
        return frozenset(address for stub in stubs for address in known.get(stub, ())), frozenset().union(
            *reads.values()
        )

    def ways(self, name: str) -> tuple[frozenset[int], frozenset[int]]:
        """The stubs and the slots of an import."""
        slots = self.slots.named.get(name, frozenset())
        return frozenset(stub for slot in slots for stub in self._stubs_of.get(slot, ())), slots

    @cached_property
    def _stubs_of(self) -> dict[int, frozenset[int]]:
        return inverted(self.stubs)

    def raw(self, name: str) -> tuple[frozenset[int], frozenset[int]]:
        """Addresses of what may be direct calls of an import, and of what may read its slots."""
        if name not in self._known_raw:
            self._search((name,))
        return self._known_raw[name]

    def _search(self, names: Iterable[str]) -> None:
        new = {name for name in names if name not in self._known_raw}
        if not new:
            return
        if self._asked is not None and any(map(self._listed, new)):  # one search for all that are read
            reading = (name for name, slots in self.slots.named.items() if not slots <= self.slots.jumps)
            new.update(name for name in reading if name in self._asked and name not in self._known_raw)
        ways = {name: self.ways(name) for name in new}
        read = frozenset().union(*(slots for _, slots in ways.values())) - self.slots.jumps
        reads = self._reads(self._image.code(), read) if read else {}
        self._references.search(stub for stubs, _ in ways.values() for stub in stubs)
        for name, (stubs, slots) in ways.items():
            self._known_raw[name] = (
                frozenset(address for stub in stubs for address in self._references.to(stub)),
                frozenset(address for slot in slots for address in reads.get(slot, ())),
            )

    def candidates(self, *names: str) -> tuple[int, ...]:
        """Addresses of what may be calls of some imports, without disassembling: few are none, and few are missing."""
        if self.machine is None:
            return ()
        self._search(names)
        return tuple(sorted(frozenset().union(*(found for name in names for found in self._known_raw[name]))))

    def inside(self, name: str, only: frozenset[int]) -> frozenset[int]:
        """As `candidates`, of one import, in the functions that begin at some addresses."""
        if self.machine is None or not only:
            return frozenset()
        return frozenset().union(*self._raw_in(name, only))

    def pointing(self, spans: Iterable[tuple[int, int]], words: Sequence[int] = ()) -> frozenset[int]:
        """As `References.pointing`."""
        return self._references.pointing(spans, words) if self.machine is not None else frozenset()

    def taking(self, names: Iterable[str], spans: Iterable[tuple[int, int]]) -> frozenset[int]:
        """As `References.taking`, for calls of some imports."""
        if self.machine is None:
            return frozenset()
        return self._references.taking(spans, frozenset().union(*(self.ways(name)[0] for name in names)))

    def giving(self, names: Iterable[str], spans: Sequence[tuple[int, int]]) -> tuple[frozenset[int], frozenset[int]]:
        """As `muslint.elf.worth.Worth.giving`; nothing on a machine that is not known."""
        return self._worth.giving(names, spans) if self.machine is not None else (frozenset(), frozenset())

    def with_callees(self, starts: frozenset[int]) -> frozenset[int]:
        """As `References.with_callees`."""
        return self._references.with_callees(starts) if self.machine is not None else frozenset()

    def zeroing(self, name: str, argument: int) -> tuple[frozenset[int], frozenset[int]]:
        """As `muslint.elf.worth.Worth.zeroing`; nothing on a machine that is not known."""
        return self._worth.zeroing(name, argument) if self.machine is not None else (frozenset(), frozenset())

    def _reads(self, parts: Iterable[Range], slots: frozenset[int]) -> dict[int, list[int]]:
        """Slot → the addresses in some code of what may read it, other than its stub."""
        assert self.machine is not None
        stubs = [stub for slot in slots for stub in self._stubs_of.get(slot, ())]
        inside = {stub + distance for stub in stubs for distance in range(16)}
        found: dict[int, list[int]] = {}
        for part in parts:
            for address, slot in self.machine.slot_references(part, slots):
                if address not in inside:
                    found.setdefault(slot, []).append(address)
        return found

    def code_at(self, address: int, size: int) -> bytes:
        """Some code; empty where it does not lie in the file."""
        return self._image.at(address, max(size, 0)) or b""

    def body(self, address: int) -> Body:
        """The code around an address."""
        bounds = self.functions.around(address)
        if bounds.start not in self._bodies:
            made = self._bodies[bounds.start] = self._made(address)
            self._steps += len(made.steps)
            while self._steps > _STEPS and len(self._bodies) > 1:
                self._steps -= len(self._bodies.pop(next(iter(self._bodies))).steps)
                self._known_callers.clear()  # which would hold on to it
        return self._bodies[bounds.start]

    def _made(self, address: int) -> Body:
        assert self.machine is not None
        bounds = self.functions.around(address)
        if bounds.start in self._bodies:
            steps = self._bodies[bounds.start].steps
        else:
            code = self._image.at(bounds.start, bounds.end - bounds.start) or b""
            steps = self.machine.steps(code, bounds.start, bounds.start in self.functions.thumb)
        return Body(self.machine, self._image, self.slots, bounds, steps, self.stubs, self._others, self._tables_of)

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
        for address, resolved, sure in self._through_callers(body, at, values, LEVELS, among):
            yield CallSite(name, address, Arguments(body, at, resolved), sure, self._image, self.places)

    def _through_callers(
        self, body: Body, at: int, values: dict[int, Value], levels: float, among: frozenset[int] | None
    ) -> list[tuple[int, dict[int, Value], bool]]:
        """(address of the outermost call, arguments, whether what they are is sure to come to the call) by callers."""
        own = body.steps[at].address, values, True
        callers = self._callers(body.bounds.start, among) if asks(values) and levels > 0 and body.bounds.known else []
        above = levels - (_SHARE if body.bounds.end - body.bounds.start <= WRAPPER else 1)
        if not callers or len(callers) > CALLERS:
            return [own]
        found = []
        always = straight(body, at)
        for caller, number in callers:
            given = {index: filled(value, caller, number) for index, value in values.items()}
            outer = self._through_callers(caller, number, given, above, among)
            found += [(address, told, sure and always) for address, told, sure in outer]
        if not any(tells_more(given, values) for _, given, _ in found):
            return [own]
        if self._reachable_otherwise(body.bounds.start):
            found.append(own)
        return found

    def _callers(self, start: int, among: frozenset[int] | None) -> list[tuple[Body, int]]:
        """(function, step) of every direct call of a function, or of those in functions ``among`` these."""
        if (start, among) not in self._known_callers:
            found: dict[int, tuple[Body, int]] = {}
            known = self._references
            addresses = known.to(start) if among is None else known.within(among).get(start, ())
            addresses = [*addresses, *known.short(start, among)]
            for address in addresses if len(addresses) <= _PLACES else ():
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
