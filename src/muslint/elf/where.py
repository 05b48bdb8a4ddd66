"""How an address of code is told to people."""

from __future__ import annotations

from muslint.elf.functions import Functions
from muslint.elf.image import Image


class Places:
    """The addresses of one object, by source line where the file has DWARF, else by function."""

    def __init__(self, image: Image, functions: Functions) -> None:
        self._image, self._functions = image, functions

    def function(self, address: int) -> str | None:
        """The symbol of the function that holds ``address``, where there is one."""
        bounds = self._functions.around(address)
        return self._functions.name(bounds.start) if bounds.known else None

    def where(self, address: int) -> str:
        """``src/x.c:23``, else ``function+0x1a``, else ``0x401234``."""
        bounds = self._functions.around(address)
        name = self._functions.name(bounds.start) if bounds.known else None
        return f"{name}+{address - bounds.start:#x}" if name else f"{address:#x}"
