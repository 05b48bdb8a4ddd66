"""Calls of imported functions, with the arguments that are constant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from muslint.elf.image import Image


@dataclass(frozen=True, slots=True)
class CallSite:
    """One call of an import."""

    symbol: str
    address: int  # of the call instruction
    arguments: tuple[int | None, ...]
    """Integer and pointer arguments 0 to 5 as unsigned register contents; None where unknown. An ``int`` stands in
    the low 32 bits, and what is above them means nothing. Pointers are addresses in the image."""
    _image: Image = field(repr=False, compare=False)

    @property
    def function(self) -> str | None:
        """The symbol of the function it lies in, where there is one."""
        return None

    def argument(self, index: int) -> int | None:
        """Argument ``index``; None where unknown."""
        return self.arguments[index] if index < len(self.arguments) else None

    def string(self, index: int) -> bytes | None:
        """The NUL-terminated constant argument ``index`` points to; None where that is unknown or no constant."""
        address = self.argument(index)
        return None if address is None else self._image.string(address)

    @property
    def where(self) -> str:
        """``src/x.c:23`` by DWARF, else ``function+0x1a``, else ``0x401234``."""
        return f"{self.address:#x}"


def can_disassemble(image: Image) -> bool:
    """Whether calls can be found on this machine."""
    return False


def calls(image: Image, names: Iterable[str]) -> tuple[CallSite, ...]:
    """Every call of these imports, in address order."""
    return ()
