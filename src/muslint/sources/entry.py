"""One entry of an archive, whatever the format, and the ways to read its bytes."""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO, Protocol

from muslint.elf.object import Readable
from muslint.sources.bytes import CHUNK, ReadableFile, Spool

HEAD = 512
"""Bytes that tell what a file is: the magic number of tar ends at 263."""


class EntryKind(Enum):
    """What an entry is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symbolic link"
    HARDLINK = "hard link"
    OTHER = "device, pipe or socket"


class Content(Protocol):
    """The bytes of an entry or of a whole archive."""

    size: int | None  # None where the format does not say

    def head(self) -> bytes:
        """The first `HEAD` bytes; fewer only where the whole is shorter."""
        ...

    def stream(self) -> BinaryIO:
        """All bytes from the first, to be read once."""
        ...

    def held(self, spool: Spool) -> Readable:
        """The bytes for reading in any order and at any time."""
        ...


@dataclass(slots=True, eq=False)
class Entry:
    """One entry of an archive."""

    path: str  # as the archive writes it
    kind: EntryKind
    content: Content | None = None  # of a FILE that can be read
    target: str = ""  # what a link names
    trouble: str | None = None  # why a FILE cannot be read: encrypted, sparse …
    mode: int = 0  # permission bits of a FILE, set-user-ID and the like among them; 0 where nothing says


class Held:
    """Bytes that can be read in any order: a file, or a member stored as it is."""

    __slots__ = ("data", "size")

    def __init__(self, data: Readable) -> None:
        self.data = data
        self.size: int | None = data.size

    def head(self) -> bytes:
        """The first bytes."""
        return self.data.at(0, HEAD)

    def stream(self) -> BinaryIO:
        """All bytes from the first."""
        return ReadableFile(self.data)  # type: ignore[return-value]

    def held(self, spool: Spool) -> Readable:  # noqa: ARG002
        """The bytes themselves."""
        return self.data


class Passing(io.RawIOBase):
    """Bytes that come by once, such as a member of a compressed stream."""

    def __init__(self, source: BinaryIO, size: int | None) -> None:
        """``size`` is how many bytes of ``source`` are of this entry; None means all."""
        super().__init__()
        self.size = size
        self._source, self._left = source, size
        self._head: bytes | None = None
        self._pending = b""

    def head(self) -> bytes:
        """The first bytes; they come again from `stream`."""
        if self._head is None:
            parts, wanted = [], HEAD
            while wanted and (part := self._take(wanted)):
                parts.append(part)
                wanted -= len(part)
            self._head = self._pending = b"".join(parts)
        return self._head

    def _take(self, count: int) -> bytes:
        if self._left is not None:
            count = min(count, self._left)
        data = self._source.read(count) if count > 0 else b""
        if self._left is not None:
            if count > 0 and not data:
                raise EOFError("it ends too early")
            self._left -= len(data)
        return data

    def readable(self) -> bool:
        """It can be read."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Up to ``size`` bytes, b"" at the end; EOFError where the archive ends before the entry does."""
        if size is None or size < 0:
            parts = []
            while part := self.read(CHUNK):
                parts.append(part)
            return b"".join(parts)
        if self._pending:
            data, self._pending = self._pending[:size], self._pending[size:]
            return data
        return self._take(size)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill ``buffer``; 0 at the end."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def stream(self) -> BinaryIO:
        """All bytes from the first."""
        return self  # type: ignore[return-value]

    def held(self, spool: Spool) -> Readable:
        """The bytes, set aside in ``spool``."""
        kept = spool.keep(self.stream(), self.size)
        if self.size is not None and kept.size < self.size:
            raise EOFError("it ends too early")
        return kept

    def skip(self) -> None:
        """Read past what is left."""
        self._pending = b""
        while self._take(CHUNK):
            pass
