"""Jump tables: where the indirect jumps of a function may lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from muslint.elf.code import Table
from muslint.elf.image import Image

_MOST = 1 << 10  # entries of a jump table
_TOGETHER = 32  # that are read at once near the end of memory


def entries(image: Image, table: Table, steps: Mapping[int, int]) -> Iterator[int]:
    """The steps that a table in constant memory leads to, up to an entry that leads to none of ``steps`` (address →
    number)."""
    if not image.constant(table.address, table.size):
        return
    for content in _contents(image, table.address, table.size):
        entry = int.from_bytes(content, image.order, signed=table.signed)
        target = (table.origin + entry * table.scale) & (1 << 8 * image.word_size) - 1
        if target not in steps:
            return
        yield steps[target]


def _contents(image: Image, address: int, size: int) -> Iterator[bytes]:
    """The entries of a table one by one, up to the end of its memory."""
    left = _MOST
    for together in (_MOST, _TOGETHER, 1):
        while left >= together and (part := image.at(address, size * together)):
            yield from (part[at : at + size] for at in range(0, len(part), size))
            address, left = address + len(part), left - together
