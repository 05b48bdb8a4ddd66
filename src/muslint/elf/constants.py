"""NUL-terminated constants of an object's mapped read-only memory: what its code may point to."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from muslint.elf.image import Image, Range

_LONGEST = 1 << 16  # bytes of one constant
_NUMBER = 16  # bytes of a number before a text
_NO_TEXT = re.compile(rb".*[\x01-\x06\x0e-\x1a\x1c-\x1f\x7f]", re.S)
_HIGH = re.compile(rb".*[\x80-\xff]", re.S)
_TOGETHER = 1 << 18  # bytes of constants that are told apart at once


class Constants:
    """The NUL-terminated byte strings of memory that cannot change (`Image.constants`), in address order.

    Whole constants: ``b"UTF-16"`` is in it where a NUL, or the start of its memory, stands before it. What a
    compiler merged into the end of a longer one (``"xUTF-16"``) is not.
    """

    __slots__ = ("_image", "_parts", "_places")

    def __init__(self, image: Image) -> None:
        self._image = image
        self._parts: list[Range] | None = None
        self._places: dict[bytes, list[int]] = {}

    def _ranges(self) -> list[Range]:
        if self._parts is None:
            self._parts = list(self._image.constants())
        return self._parts

    def __contains__(self, constant: bytes) -> bool:
        return any(True for part in self._ranges() for _place in _whole(part, constant))

    def places(self, constants: Collection[bytes]) -> Iterator[int]:
        """The addresses of whole constants."""
        for constant in constants:
            if constant not in self._places:
                self._places[constant] = list(self._searched(constant))
            yield from self._places[constant]

    def _searched(self, constant: bytes) -> Iterator[int]:
        for part in self._ranges():
            yield from _whole(part, constant)

    def holding(self, part: bytes) -> Iterator[bytes]:
        """Every constant that holds ``part`` (which has no NUL), repeats left out."""
        seen: dict[bytes, list[int]] = {}
        for region in self._ranges():
            content = region.content
            at = content.find(part)
            while at >= 0:
                start = content.rfind(b"\0", max(0, at - _LONGEST), at) + 1
                end = content.find(b"\0", at, at + _LONGEST)
                if end < 0:
                    at = content.find(part, at + len(part))
                    continue
                if start > 0 or at < _LONGEST:
                    start = _begin(content, start, at, end)
                    seen.setdefault(content[start:end], []).append(region.address + start)
                at = content.find(part, end)
        self._places.update(seen)
        return iter(seen)

    def around(self, pattern: re.Pattern[bytes]) -> Iterator[bytes]:
        """Every constant that holds a match of ``pattern``, repeats left out. The pattern must match no NUL."""
        seen: dict[bytes, list[int]] = {}
        for region in self._ranges():
            content, end = region.content, -1
            for found in pattern.finditer(content):
                if found.start() <= end:
                    continue
                start = content.rfind(b"\0", max(0, found.start() - _LONGEST), found.start()) + 1
                end = content.find(b"\0", found.start(), found.start() + _LONGEST)
                if end >= 0 and (start > 0 or found.start() < _LONGEST):
                    start = _begin(content, start, found.start(), end)
                    seen.setdefault(content[start:end], []).append(region.address + start)
        self._places.update(seen)
        return iter(seen)

    def __iter__(self) -> Iterator[bytes]:
        """Every constant in address order, the empty one left out, some more than once; tables look like constants
        too. They are many: none is kept."""
        for part in self._ranges():
            for piece in _pieces(part.content):
                yield from (text for text in dict.fromkeys(piece.split(b"\0")) if 0 < len(text) <= _LONGEST)

    def starting(self, prefix: bytes) -> Iterator[bytes]:
        """Every constant that begins with ``prefix``."""
        return (constant for constant in self.holding(prefix) if constant.startswith(prefix))

    def ending(self, suffix: bytes) -> Iterator[bytes]:
        """Every constant that ends with ``suffix``."""
        return (constant for constant in self.holding(suffix) if constant.endswith(suffix))


def _whole(part: Range, constant: bytes) -> Iterator[int]:
    """The addresses of one whole constant. It is searched without its NULs, of which there are many."""
    content, size = part.content, len(constant)
    at = content.find(constant) if constant else -1
    while at >= 0:
        if content[at + size : at + size + 1] == b"\0" and (at == 0 or content[at - 1] == 0 or _first(content, at)):
            yield part.address + at
        at = content.find(constant, at + 1)


def _first(content: bytes, at: int) -> bool:
    """Whether what stands right before a text is none, so that the text begins there."""
    return _begin(content, content.rfind(b"\0", max(0, at - _NUMBER), at) + 1, at, at) == at


def _begin(content: bytes, start: int, at: int, end: int) -> int:
    """Where the text that holds ``at`` begins: at ``start``, or behind a number that ends in no NUL."""
    before = content[max(start, at - _NUMBER) : at]
    if _is_text(before) or not _is_text(content[at:end]):
        return start
    number = _NO_TEXT.search(before) or _HIGH.search(before)
    return start if number is None else at - len(before) + number.end()


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return _NO_TEXT.search(content) is None


def _pieces(content: bytes) -> Iterator[bytes]:
    """All whole constants of some memory, in pieces that end with one, without the NUL there."""
    start, last = 0, content.rfind(b"\0") + 1
    while start < last:
        end = content.find(b"\0", min(start + _TOGETHER, last - 1), last)
        yield content[start:end]
        start = end + 1
