"""NUL-terminated constants of an object's mapped read-only memory: what its code may point to."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

from muslint.elf.image import Image, Span

_LONGEST = 1 << 16  # bytes of one constant
_NUMBER = 16  # bytes of a number before a text
_ODD = re.compile(rb"[\x01-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_NO_TEXT = re.compile(rb".*" + _ODD.pattern, re.S)
"""A byte that no text has; and all up to the last one, matched from the start."""
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
        self._parts: list[Span] | None = None
        self._places: dict[bytes, list[int]] = {}

    def _ranges(self) -> list[Span]:
        if self._parts is None:
            self._parts = list(self._image.constants())
        return self._parts

    def __contains__(self, constant: bytes) -> bool:
        return any(True for part in self._ranges() for _place in _whole(part, constant))

    def among(self, constants: frozenset[bytes]) -> list[bytes]:
        """Which of some constants are in it, in address order: searched for all at once."""
        found: dict[bytes, list[int]] = {}
        for part in self._ranges():
            for hit in _any_of(constants).finditer(part.content, part.start, part.end):
                if _begins(part, hit.start()):
                    found.setdefault(hit[0][:-1], []).append(part.address + hit.start())
        self._places.update(found)
        return list(found)

    def spans(self, constants: Collection[bytes]) -> Iterator[tuple[int, int]]:
        """(first, last) address of whole constants: code may point into one, at what a linker merged into its end."""
        for constant in constants:
            if constant not in self._places:
                self._places[constant] = list(self._searched(constant))
            yield from ((place, place + len(constant) - 1) for place in self._places[constant])

    def _searched(self, constant: bytes) -> Iterator[int]:
        for part in self._ranges():
            yield from _whole(part, constant)

    def holding(self, part: bytes) -> Iterator[bytes]:
        """Every constant that holds ``part`` (which has no NUL), repeats left out."""
        seen: dict[bytes, list[int]] = {}
        for region in self._ranges():
            content = region.content
            at = content.find(part, region.start, region.end)
            while at >= 0:
                end = content.find(b"\0", at, min(at + _LONGEST, region.end))
                if end < 0:
                    at = content.find(part, at + len(part), region.end)
                    continue
                start = _start(region, at)
                if start is not None:
                    start = _begin(content, start, at, end)
                    seen.setdefault(content[start:end], []).append(region.address + start)
                at = content.find(part, end, region.end)
        self._places.update(seen)
        return iter(seen)

    def around(self, pattern: re.Pattern[bytes]) -> Iterator[bytes]:
        """Every constant that holds a match of ``pattern``, repeats left out. The pattern must match no NUL, nor look
        behind."""
        seen: dict[bytes, list[int]] = {}
        for region in self._ranges():
            content, end = region.content, -1
            for found in pattern.finditer(content, region.start, region.end):
                if found.start() <= end:
                    continue
                start = _start(region, found.start())
                end = content.find(b"\0", found.start(), min(found.start() + _LONGEST, region.end))
                if end >= 0 and start is not None:
                    start = _begin(content, start, found.start(), end)
                    seen.setdefault(content[start:end], []).append(region.address + start)
        self._places.update(seen)
        return iter(seen)

    def __iter__(self) -> Iterator[bytes]:
        """Every constant in address order, the empty one left out, some more than once; tables look like constants
        too. They are many: none is kept."""
        for piece in self.pieces():
            yield from (text for text in dict.fromkeys(piece.split(b"\0")) if 0 < len(text) <= _LONGEST)

    def pieces(self) -> Iterator[bytes]:
        """The same as they lie, many together with NULs between them."""
        for part in self._ranges():
            yield from _pieces(part)

    def starting(self, prefix: bytes) -> Iterator[bytes]:
        """Every constant that begins with ``prefix``."""
        return (constant for constant in self.holding(prefix) if constant.startswith(prefix))

    def ending(self, suffix: bytes) -> Iterator[bytes]:
        """Every constant that ends with ``suffix``."""
        return (constant for constant in self.holding(suffix) if constant.endswith(suffix))


@lru_cache(16)
def _any_of(constants: frozenset[bytes]) -> re.Pattern[bytes]:
    """A pattern of some constants and the NUL behind them, with common beginnings taken together."""
    tree: dict[int, Any] = {}
    for constant in sorted(constants):
        node = tree
        for byte in constant + b"\0":
            node = node.setdefault(byte, {})

    def written(node: dict[int, Any]) -> bytes:
        ways = [re.escape(bytes((byte,))) + written(below) for byte, below in node.items()]
        return b"(?:" + b"|".join(ways) + b")" if len(ways) > 1 else b"".join(ways)

    return re.compile(written(tree), re.S)


def _start(part: Span, at: int) -> int | None:
    """Where the constant that holds place ``at`` begins; None where that is too far away."""
    before = part.content.rfind(b"\0", max(part.start, at - _LONGEST), at)
    if before >= 0:
        return before + 1
    return part.start if at - part.start < _LONGEST else None


def _whole(part: Span, constant: bytes) -> Iterator[int]:
    """The addresses of one whole constant. It is searched without its NULs, of which there are many."""
    content, size, end = part.content, len(constant), part.end
    at = content.find(constant, part.start, end) if constant else -1
    while at >= 0:
        if at + size < end and content[at + size] == 0 and _begins(part, at):
            yield part.address + at
        at = content.find(constant, at + 1, end)


def _begins(part: Span, at: int) -> bool:
    """Whether a text begins there: behind a NUL, or behind what is none."""
    if at == part.start or part.content[at - 1] == 0:
        return True
    before = part.content.rfind(b"\0", max(part.start, at - _NUMBER), at)
    return _begin(part.content, max(before + 1, part.start), at, at) == at


def _begin(content: bytes, start: int, at: int, end: int) -> int:
    """Where the text that holds ``at`` begins: at ``start``, or behind a number that ends in no NUL."""
    before = content[max(start, at - _NUMBER) : at]
    if _is_text(before) or not _is_text(content[at:end]):
        return start
    number = _NO_TEXT.match(before) or _HIGH.match(before)
    return start if number is None else at - len(before) + number.end()


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return _ODD.search(content) is None


def _pieces(part: Span) -> Iterator[bytes]:
    """All whole constants of some memory, in pieces that end with one, without the NUL there."""
    content, start, last = part.content, part.start, part.content.rfind(b"\0", part.start, part.end) + 1
    while start < last:
        end = content.find(b"\0", min(start + _TOGETHER, last - 1), last)
        yield content[start:end]
        start = end + 1
