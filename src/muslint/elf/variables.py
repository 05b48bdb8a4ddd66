"""What code writes into the variables of an object."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from muslint.elf.code import Expr, Flow, Machine
from muslint.elf.flow import Body
from muslint.elf.functions import Functions
from muslint.elf.image import Image
from muslint.elf.values import UNKNOWN

_CODE = 1 << 21  # bytes of code beyond which nobody asks what it writes
_VARIABLES = 24  # of one object that are asked for
_WRITERS = 8  # functions that may write to one
_STORES = 64  # of one function that may be to the variable
_LONGEST = 1 << 14  # bytes of such a function


class Variables:
    """The variables of one object, by what is written to them."""

    def __init__(self, image: Image, machine: Machine, functions: Functions, body: Callable[[int], Body]) -> None:
        """``body`` makes the code around an address anew: what is found while a variable is followed is not all."""
        self._image, self._machine, self._functions, self._body = image, machine, functions, body
        self._known: dict[tuple[int, int], frozenset[int]] = {}

    def written(self, address: int, size: int) -> frozenset[int]:
        """The constants that functions write into the variable of so many bytes at an address."""
        if (address, size) not in self._known:
            self._known[address, size] = frozenset()  # while it is looked for
            if len(self._known) <= _VARIABLES and self._image.variable(address, size):
                self._known[address, size] = frozenset(self._writes(address, size))
        return self._known[address, size]

    def _writes(self, address: int, size: int) -> Iterator[int]:
        code = list(self._image.code())
        if sum(len(part.content) for part in code) > _CODE:
            return
        places = {place for part in code for place in self._machine.writers(part, address)}
        writers = {self._functions.around(place): place for place in places}
        if len(writers) > _WRITERS:
            return
        for bounds, place in writers.items():
            if bounds.end - bounds.start <= _LONGEST:
                yield from self._in(self._body(place), address, size)

    def _in(self, body: Body, address: int, size: int) -> Iterator[int]:
        may = body.machine.may_write
        numbers = [number for number, step in enumerate(body.steps) if step.flow is Flow.NEXT and may(step, address)]
        for number in numbers if len(numbers) <= _STORES else ():
            for store in body.effect(number).stores:
                place = (
                    body.value(store.address, number) if store.address is not None and store.size <= size else UNKNOWN
                )
                at = next(iter(place.known)) if place.whole and len(place.known) == 1 else None
                if at == address and store.size == size:
                    yield from (item for item in body.value(store.value, number).known if isinstance(item, int))
                elif isinstance(at, int) and address <= at < address + size and store.size == 1 and self._image.little:
                    yield from (flag << 8 * (at - address) for flag in _flags(store.value))


def _flags(made: Expr | None) -> Iterator[int]:
    """The flags that are set in a byte: ``orb $4, variable + 1``."""
    if made is not None and made.kind == "or" and made.right is not None and made.right.kind == "const":
        yield made.right.value & 0xFF
