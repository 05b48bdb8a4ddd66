"""NUL-terminated constants of an object's mapped read-only memory: what its code may point to."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from muslint.elf.image import Image

_FEW = 4  # constants that are searched for one by one
_LONGEST = 1 << 16  # bytes of one constant


class Constants:
    """The NUL-terminated byte strings of memory that cannot change (`Image.constants`), in address order.

    Whole constants: ``b"UTF-16"`` is in it where a NUL, or the start of its memory, stands before it. What a
    compiler merged into the end of a longer one (``"xUTF-16"``) is not.
    """

    __slots__ = ("_image", "_parts", "_whole")

    def __init__(self, image: Image) -> None:
        self._image = image
        self._parts: list[bytes] | None = None
        self._whole: list[bytes] | None = None

    def _ranges(self) -> list[bytes]:
        if self._parts is None:
            self._parts = [part.content for part in self._image.constants()]
        return self._parts

    def __contains__(self, constant: bytes) -> bool:
        wanted = b"\0" + constant + b"\0"
        return any(part.find(wanted) >= 0 or part.startswith(wanted[1:]) for part in self._ranges())

    def places(self, constants: Collection[bytes]) -> Iterator[int]:
        """The addresses of whole constants."""
        if len(constants) > _FEW:
            yield from self._listed(frozenset(constants))
            return
        for part in self._image.constants() if constants else ():
            for constant in constants:
                wanted = constant + b"\0"
                at = part.content.find(wanted)
                while at >= 0:
                    if at == 0 or part.content[at - 1] == 0:
                        yield part.address + at
                    at = part.content.find(wanted, at + 1)

    def _listed(self, constants: frozenset[bytes]) -> Iterator[int]:
        """As `places`, by going through all constants once."""
        for part in self._image.constants():
            at = part.address
            for piece in part.content.split(b"\0"):
                if piece in constants:
                    yield at
                at += len(piece) + 1

    def holding(self, part: bytes) -> Iterator[bytes]:
        """Every constant that holds ``part`` (which has no NUL), repeats left out."""
        seen: set[bytes] = set()
        for content in self._ranges():
            at = content.find(part)
            while at >= 0:
                start = content.rfind(b"\0", max(0, at - _LONGEST), at) + 1
                end = content.find(b"\0", at, at + _LONGEST)
                if end < 0:
                    at = content.find(part, at + len(part))
                    continue
                if (start > 0 or at < _LONGEST) and (found := content[start:end]) not in seen:
                    seen.add(found)
                    yield found
                at = content.find(part, end)

    def __iter__(self) -> Iterator[bytes]:
        """Every constant once, in address order, the empty one left out; tables look like constants too."""
        if self._whole is None:
            found: dict[bytes, None] = {}
            for content in self._ranges():
                found.update(dict.fromkeys(piece for piece in content.split(b"\0")[:-1] if len(piece) <= _LONGEST))
            found.pop(b"", None)
            self._whole = list(found)
        return iter(self._whole)

    def matching(self, pattern: re.Pattern[bytes]) -> Iterator[bytes]:
        """Every constant in which ``pattern`` is found, each searched alone (so ``^`` and ``$`` are its ends)."""
        return (constant for constant in self if pattern.search(constant))

    def starting(self, prefix: bytes) -> Iterator[bytes]:
        """Every constant that begins with ``prefix``."""
        return (constant for constant in self.holding(prefix) if constant.startswith(prefix))

    def ending(self, suffix: bytes) -> Iterator[bytes]:
        """Every constant that ends with ``suffix``."""
        return (constant for constant in self.holding(suffix) if constant.endswith(suffix))
