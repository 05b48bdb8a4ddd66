"""Numbers of a table by column."""

from __future__ import annotations

import sys
from array import array
from typing import Literal

from muslint.elf.pieces import Buffer

_NATIVE_LITTLE = sys.byteorder == "little"

Code = Literal["H", "I", "Q"]
"""Formats of a column: 16, 32 and 64 bits, unsigned."""


SIZES: dict[Code, int] = {"H": 2, "I": 4, "Q": 8}
"""Bytes of each."""


def column(data: Buffer, code: Code, first: int, stride: int, little: bool) -> list[int]:
    """Every ``stride``-th number of format ``code`` (H, I or Q), starting at item ``first``."""
    size = SIZES[code]
    view = memoryview(data)[: len(data) // size * size]
    if little == _NATIVE_LITTLE:
        numbers_here: list[int] = view.cast(code)[first::stride].tolist()
        return numbers_here
    numbers = array(code)
    numbers.frombytes(view)
    numbers = numbers[first::stride]
    numbers.byteswap()
    return numbers.tolist()


def either(one: bytes, other: bytes) -> bytes:
    """Two columns of bytes or-ed, all at once."""
    joined = int.from_bytes(one, "little") | int.from_bytes(other, "little")
    return joined.to_bytes(len(one), "little")
