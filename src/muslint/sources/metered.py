"""Streams whose growth is held against the limits while they are unpacked."""

from __future__ import annotations

import io
from typing import BinaryIO

from muslint.sources.limits import Budget


class Counted:
    """A stream that counts what was taken from it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self.count = stream, 0

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes, counted."""
        data = self._stream.read(size)
        self.count += len(data)
        return data


class Metered(io.RawIOBase):
    """An unpacked stream whose growth is held against the limits."""

    def __init__(self, stream: BinaryIO, packed: Counted, budget: Budget) -> None:
        super().__init__()
        self._stream, self._packed, self._budget, self._count = stream, packed, budget, 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill ``buffer``; raises LimitReached."""
        data = self._stream.read(len(buffer))
        self._count += len(data)
        self._budget.grow(len(data), self._count, self._packed.count)
        buffer[: len(data)] = data
        return len(data)
