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


_LONG = 512
"""Bytes from which on the numbers are looked through by column."""


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


def largest(data: bytes, little: bool) -> int:
    """The largest of the 32-bit numbers in ``data``; raises ValueError when there is none."""
    if len(data) >= _LONG:
        for at in (3, 2, 1) if little else (0, 1, 2):
            octets = data[at::4]
            if octets.strip(b"\0"):  # in all before was nothing: one of the numbers with the highest byte here
                top = next(value for value in range(255, 0, -1) if value in octets)
                data = data[4 * octets.find(top) : 4 * octets.rfind(top) + 4]
                break
    return max(column(data, "I", 0, 1, little))
