"""One call of an imported function, and what its arguments may be."""

from __future__ import annotations

from dataclasses import dataclass, field

from muslint.elf.flow import Body
from muslint.elf.image import Image
from muslint.elf.prototypes import ARGUMENTS
from muslint.elf.result import dropped, tested
from muslint.elf.values import Item, Symbol, Value
from muslint.elf.where import Places

_ROWS = 64  # elements of an array


class Arguments:
    """The arguments of one call: those that are known from the start, and the others when first asked for."""

    __slots__ = ("_at", "_body", "_known")

    def __init__(self, body: Body, at: int, known: dict[int, Value]) -> None:
        self._body, self._at, self._known = body, at, known

    def __getitem__(self, index: int) -> Value:
        if index not in self._known:
            self._known[index] = self._body.argument(index, self._at)
        return self._known[index]

    @property
    def tested(self) -> bool:
        """Whether what the call returns is held against 0 before anything else is done with it."""
        return tested(self._body, self._at)

    @property
    def checked(self) -> bool:
        """As `tested`; or held against -1."""
        return tested(self._body, self._at, failed=True)

    @property
    def dropped(self) -> bool:
        """Whether nothing is done with what the call returns."""
        return dropped(self._body, self._at)

    @property
    def address(self) -> int:
        """Of the call instruction they are passed by."""
        return self._body.steps[self._at].address


def _reaches(item: Item, address: int) -> bool:
    """Whether a value is an address, or that of an element of an array which lies there."""
    if not isinstance(item, Symbol):
        return item == address
    behind = address - item.offset
    return item.kind == "row" and 0 <= behind < item.key * _ROWS and behind % item.key == 0


@dataclass(frozen=True, slots=True)
class CallSite:
    """One call of an import."""

    symbol: str
    address: int  # of the call instruction; of the outermost one where arguments come from callers
    _arguments: Arguments = field(repr=False, compare=False)
    direct: bool  # `address` is the call itself, or no branch lies before it in the functions that hand arguments on
    _image: Image = field(repr=False, compare=False)
    _places: Places = field(repr=False, compare=False)

    @property
    def arguments(self) -> tuple[int | None, ...]:
        """Integer and pointer arguments 0 to 5 as unsigned register contents; None where unknown.

        An ``int`` stands in the low 32 bits, and what is above them means nothing. Pointers are addresses in the image.
        """
        return tuple(self.argument(index) for index in range(ARGUMENTS))

    def argument(self, index: int) -> int | None:
        """Argument ``index`` where it is the same whatever happens; None where it is unknown."""
        value = self._arguments[index]
        only = next(iter(value.known)) if value.whole and len(value.known) == 1 else None
        return only if isinstance(only, int) else None

    def choices(self, index: int) -> tuple[int, ...]:
        """Every constant that argument ``index`` may be, by one way or another; it may be something else too."""
        return tuple(sorted(item for item in self._arguments[index].known if isinstance(item, int)))

    @property
    def tested(self) -> bool:
        """Whether the function tests what the call returns for 0 (NULL) before anything else is done with it."""
        return self._arguments.tested

    @property
    def checked(self) -> bool:
        """As `tested`; or for -1, by which many a function says that it failed."""
        return self._arguments.checked

    @property
    def dropped(self) -> bool:
        """Whether the function does nothing with what the call returns."""
        return self._arguments.dropped

    def whole(self, index: int) -> bool:
        """Whether argument ``index`` is one of its `choices` and nothing else."""
        value = self._arguments[index]
        return value.whole and all(isinstance(item, int) for item in value.known)

    def may(self, index: int, address: int) -> bool:
        """Whether argument ``index`` may be an address, by itself or as an element of an array."""
        return any(_reaches(item, address) for item in self._arguments[index].known)

    def string(self, index: int) -> bytes | None:
        """The NUL-terminated constant argument ``index`` points to; None where that is unknown or no constant."""
        address = self.argument(index)
        return None if address is None else self._image.string(address)

    def strings(self, index: int) -> tuple[bytes, ...]:
        """The constants among the `choices` of argument ``index``."""
        found = (self._image.string(address) for address in self.choices(index))
        return tuple(text for text in found if text is not None)

    def initial(self, index: int) -> tuple[bytes, ...]:
        """The texts that variables among the `choices` of argument ``index`` hold before anything runs."""
        found = (self._image.text(address) for address in self.choices(index))
        return tuple(text for text in found if text)

    def wide(self, index: int) -> tuple[bytes, ...]:
        """As `strings`, of constants in characters of four bytes (``wchar_t``), in UTF-8."""
        found = (self._image.wide(address) for address in self.choices(index))
        return tuple(text.encode() for text in found if text is not None)

    @property
    def function(self) -> str | None:
        """The symbol of the function it lies in, where there is one."""
        return self._places.function(self.address)

    @property
    def where(self) -> str:
        """``src/x.c:23`` by DWARF, else ``function+0x1a``, else ``0x401234``."""
        return self._places.where(self.address)
