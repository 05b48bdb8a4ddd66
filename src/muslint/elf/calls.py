"""Calls of imported functions, with the arguments that are constant.

An import is called through a PLT stub, or through the word of memory that holds its address (``-fno-plt``). A cheap
search over the code finds what may be such a call; only functions that hold one are disassembled, and
`muslint.elf.flow` follows each argument back to what defines it. An argument that is the function's own parameter is
looked up where that function is called.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from importlib import import_module

from muslint.elf.code import Flow, Machine
from muslint.elf.flow import Body
from muslint.elf.functions import Functions
from muslint.elf.image import Image
from muslint.elf.machine import EM_386, EM_AARCH64, EM_X86_64
from muslint.elf.object import ET_EXEC
from muslint.elf.prototypes import telling
from muslint.elf.site import Arguments, CallSite
from muslint.elf.slots import Slots
from muslint.elf.values import UNKNOWN, Item, Symbol, Value, union
from muslint.elf.where import Places

_MACHINES = {
    (EM_X86_64, 64): ("x86", "X86", 8), (EM_386, 32): ("x86", "X86", 4),
    (EM_AARCH64, 64): ("aarch64", "AArch64", 8),
}  # fmt: skip
"""(EM_*, bits) → module, class and the bytes of an address."""
_ASKED = 256  # references to a function beyond which nobody asks who calls it
_SEARCHES, _MOST_SEARCHES = 16, 256  # searches for one target each before all are listed; at all, in huge code
_MANY = 64  # functions whose own calls are not looked at
_FEW = 4  # addresses that are searched for one by one
_BEFORE = 32  # bytes before a call in which its arguments are mostly set
_DIRECT = (Flow.CALL, Flow.JUMP)
_BODIES = 512  # functions kept disassembled
_LISTED = 1 << 24  # bytes of code whose calls are listed
_SHORT = 512  # bytes of a function whose result is looked at
_CALLERS, _LEVELS = 64, 3  # how many callers of a function are asked, and how many levels up


def can_disassemble(image: Image) -> bool:
    """Whether calls can be found on this machine."""
    return _machine_of(image) is not None


def _machine_of(image: Image) -> Machine | None:
    known = _MACHINES.get((image.object.ident.machine, image.object.ident.bits))
    if known is None or not image.little:
        return None
    module, name, word = known
    try:
        fixed = image.object.ident.type == ET_EXEC
        made: Machine = getattr(import_module(f"muslint.elf.{module}"), name)(word, fixed)
    except ImportError:
        return None  # a platform that iced-x86 or capstone has no wheel for
    return made


class Calls:
    """The calls of one object's imports."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self.slots = Slots(image)
        self._bodies: dict[int, Body] = {}
        self._searches = 0
        self._known_raw: dict[str, tuple[frozenset[int], frozenset[int]]] = {}
        self._known_returned: dict[int, Value] = {}
        self._known_callers: dict[int, list[tuple[Body, int]]] = {}

    def forget(self) -> None:
        """Drop everything; not to be used afterwards."""
        vars(self).clear()

    @cached_property
    def machine(self) -> Machine | None:
        """Who reads its instructions; None for a machine that is not known."""
        machine = _machine_of(self._image)
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

    def of(self, name: str, only: frozenset[int] | None = None) -> Iterator[CallSite]:
        """Every call of one import; with ``only``, those that lie in functions which begin at one of these."""
        if self.machine is None:
            return
        stubs, slots = self._ways(name)
        direct, reads = self._raw(name)
        bodies = {self.functions.around(address).start: address for address in sorted(direct)}
        readers = {self.functions.around(address).start: address for address in sorted(reads)}
        for start, address in sorted({**bodies, **readers}.items()):
            if only is not None and start not in only:
                continue
            body = self.body(address)
            for at in self._sites(body, name, stubs, slots if start in readers else frozenset()):
                yield from self._resolved(body, at, name)

    def _ways(self, name: str) -> tuple[frozenset[int], frozenset[int]]:
        """The stubs and the slots of an import."""
        slots = frozenset(slot for slot, known in self.slots.imports.items() if known == name)
        return frozenset(stub for stub, slot in self.stubs.items() if slot in slots), slots

    def _raw(self, name: str) -> tuple[frozenset[int], frozenset[int]]:
        """Addresses of what may be direct calls of an import, and of what may read its slots."""
        if name not in self._known_raw:
            stubs, slots = self._ways(name)
            self._known_raw[name] = (
                frozenset(address for stub in stubs for address in self._references(stub)),
                frozenset(address for slot in slots if slot not in self.slots.jumps for address in self._reads(slot)),
            )
        return self._known_raw[name]

    def candidates(self, name: str) -> tuple[int, ...]:
        """Addresses of what may be calls of an import, without disassembling: few are none, and few are missing."""
        return () if self.machine is None else tuple(sorted(frozenset().union(*self._raw(name))))

    def pointing(self, addresses: Iterable[int], reach: int = 0) -> frozenset[int]:
        """Starts of the functions whose code holds one of these addresses, or one at most ``reach`` bytes before it
        (of a structure that holds it); of few ones, of what they call too."""
        if self.machine is None:
            return frozenset()
        wanted = sorted(set(addresses))
        found: set[int] = set()
        for part in self._image.code() if wanted else ():
            if len(wanted) <= _FEW and not reach:
                found.update(place for address in wanted for place in self.machine.pointers(part, address))
                continue
            for place, target in self.machine.all_pointers(part, wanted[0] - reach, wanted[-1]):
                next_one = bisect_left(wanted, target)
                if next_one < len(wanted) and wanted[next_one] - target <= reach:
                    found.add(place)
        starts = {self.functions.around(place).start for place in found}
        for _ in range(_LEVELS - 1):
            if len(starts) > _MANY:
                break
            steps = [step for start in starts for step in self.body(start).steps if step.flow in _DIRECT]
            starts |= {step.target for step in steps if step.target is not None and step.target not in self.stubs}
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

    def _references(self, target: int) -> Iterable[int]:
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
    def _stub_calls(self) -> dict[int, list[int]]:
        return self._list(min(self.stubs), max(self.stubs))

    @cached_property
    def _small(self) -> bool:
        return sum(len(part.content) for part in self._image.code()) <= _LISTED

    @cached_property
    def _targets(self) -> dict[int, list[int]]:
        parts = list(self._image.code())
        return self._list(min(part.address for part in parts), max(part.end for part in parts))

    def _list(self, first: int, last: int) -> dict[int, list[int]]:
        """Target → the addresses of what may be direct calls of it, or jumps to it."""
        assert self.machine is not None
        found: dict[int, list[int]] = {}
        for part in self._image.code():
            for address, target in self.machine.all_references(part, first, last):
                if target in found:
                    found[target].append(address)
                else:
                    found[target] = [address]
        return found

    def _reads(self, slot: int) -> Iterator[int]:
        """The addresses of what may read a slot, other than its stub."""
        assert self.machine is not None
        inside = {stub + distance for stub, known in self.stubs.items() if known == slot for distance in range(16)}
        for part in self._image.code():
            yield from (address for address in self.machine.slot_references(part, slot) if address not in inside)

    def body(self, address: int) -> Body:
        """The code around an address."""
        bounds = self.functions.around(address)
        if bounds.start not in self._bodies:
            assert self.machine is not None
            code = self._image.at(bounds.start, bounds.end - bounds.start) or b""
            thumb = bounds.start in self.functions.thumb
            steps = self.machine.steps(code, bounds.start, thumb)
            if len(self._bodies) >= _BODIES:
                self._bodies.pop(next(iter(self._bodies)))
            self._bodies[bounds.start] = Body(
                self.machine, self._image, self.slots, bounds, steps, self.stubs, self.returned
            )
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
        for number, step in enumerate(body.steps):
            if step.flow in (Flow.CALL, Flow.JUMP, Flow.BRANCH):
                if step.target in stubs and step.address not in self.stubs:
                    yield number
            elif step.flow not in (Flow.CALL_INDIRECT, Flow.JUMP_INDIRECT) or body.bounds.start in self.stubs:
                continue
            elif step.address not in self.stubs and (
                body.callee(step) == name or (slots and self._goes_to(body, number, slots))
            ):
                yield number

    def _goes_to(self, body: Body, number: int, slots: frozenset[int]) -> bool:
        target = body.machine.callee(body.steps[number])
        if target is None or target.kind != "reg":
            return False
        value = body.value(target, number)
        return value.whole and all(
            isinstance(item, Symbol) and item.kind == "slot" and item.key in slots for item in value.known
        )

    # --- arguments ------------------------------------------------------------------------------------------

    def _resolved(self, body: Body, at: int, name: str) -> Iterator[CallSite]:
        """One call, or one for each caller where its arguments are the function's own."""
        values = {index: body.argument(index, at) for index in telling(name)}
        for address, resolved in self._through_callers(body, body.steps[at].address, values, _LEVELS):
            yield CallSite(name, address, Arguments(body, at, resolved), self._image, self.places)

    def _through_callers(
        self, body: Body, address: int, values: dict[int, Value], levels: int
    ) -> list[tuple[int, dict[int, Value]]]:
        asked = any(
            isinstance(item, Symbol) and item.kind == "param" for value in values.values() for item in value.known
        )
        callers = self._callers(body.bounds.start) if asked and levels and body.bounds.known else []
        if not callers or len(callers) > _CALLERS:
            return [(address, values)]
        found = []
        for caller, number in callers:
            given = {index: _filled(value, caller, number) for index, value in values.items()}
            found += self._through_callers(caller, caller.steps[number].address, given, levels - 1)
        if not any(_tells_more(given, values) for _, given in found):
            return [(address, values)]
        if self._reachable_otherwise(body.bounds.start):
            found.append((address, values))
        return found

    def _callers(self, start: int) -> list[tuple[Body, int]]:
        """(function, step) of every direct call of a function."""
        if start not in self._known_callers:
            found: dict[int, tuple[Body, int]] = {}
            addresses = self._references(start)
            for address in addresses if len(list(addresses)) <= _ASKED else ():
                body = self.body(address)
                number = body.index.get(address)
                if number is not None and body.steps[number].target == start and body.bounds.start != start:
                    found[address] = body, number
            self._known_callers[start] = [found[address] for address in sorted(found)]
        return self._known_callers[start]

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


def _filled(value: Value, caller: Body, number: int) -> Value:
    """A value of a function, with its parameters as one caller gives them."""
    found = []
    plain: set[Item] = set()
    for item in value.known:
        if isinstance(item, Symbol) and item.kind == "param":
            given = caller.argument(item.key, number)
            found.append(given if not item.offset else UNKNOWN)
        elif isinstance(item, int):
            plain.add(item)
        else:
            found.append(UNKNOWN)
    return union([Value(frozenset(plain), value.whole), *found])
