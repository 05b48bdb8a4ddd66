"""Jump tables: where the indirect jumps of a function may lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from muslint.elf.code import Table
from muslint.elf.image import Image

_MOST = 1 << 10  # entries of a jump table


def entries(image: Image, table: Table, steps: Mapping[int, int]) -> Iterator[int]:
    """The steps that a table in constant memory leads to, up to an entry that leads to none of ``steps`` (address →
    number)."""
    if not image.constant(table.address, table.size):
        return
    content = next((part for n in (_MOST, 64, 8, 2) if (part := image.at(table.address, table.size * n))), b"")
    for at in range(0, len(content) - table.size + 1, table.size):
        entry = int.from_bytes(content[at : at + table.size], image.order, signed=table.signed)
        target = (table.origin + entry * table.scale) & (1 << 8 * image.word_size) - 1
        if target not in steps:
            return
        yield steps[target]
