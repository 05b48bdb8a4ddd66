"""An archive read from front to back, whether it can be read in any order or comes by once."""

from __future__ import annotations

import io
from typing import BinaryIO, Protocol

from muslint.elf.object import Readable
from muslint.sources.bytes import CHUNK, Slice
from muslint.sources.entry import Content, Held, Passing


class Forward(Protocol):
    """A position in an archive that only grows."""

    at: int  # bytes from the archive's start

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes; fewer only where the archive ends."""
        ...

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes, which come again."""
        ...

    def content(self, size: int | None) -> Content:
        """The next ``size`` bytes, or all that follow, as an entry's content; `past` goes behind it.

        It is shorter where the archive ends too early; reading it then raises EOFError, or `past` does.
        """
        ...

    def past(self) -> None:
        """Go behind the content given last, however much of it was read; EOFError where it is not all there."""
        ...


def forward(content: Content) -> Forward:
    """The start of an archive's bytes."""
    return _Placed(content.data) if isinstance(content, Held) else _Streamed(content.stream())


def exactly(archive: Forward, size: int, what: str) -> bytes:
    """The next ``size`` bytes; raises EOFError, which names ``what``, where the archive ends before."""
    data = archive.take(size)
    if len(data) < size:
        raise EOFError(f"it ends in the middle of {what}")
    return data


class _Placed:
    """An archive that can be read in any order: contents stay where they are."""

    def __init__(self, data: Readable) -> None:
        self._data, self.at, self._end = data, 0, 0

    def take(self, size: int) -> bytes:
        data = self._data.at(self.at, size)
        self.at += len(data)
        return data

    def peek(self, size: int) -> bytes:
        return self._data.at(self.at, size)

    def content(self, size: int | None) -> Content:
        size = self._data.size - self.at if size is None else size
        self._end = self.at + size
        return _Cut(Slice(self._data, self.at, size), size)

    def past(self) -> None:
        self.at = self._end
        if self.at > self._data.size:
            raise EOFError("it ends in the middle of a member")


class _Cut(Held):
    """A content that may be shorter than it should be: it cannot be kept, but what is there can be looked into."""

    __slots__ = ()

    def __init__(self, data: Slice, size: int) -> None:
        super().__init__(data)
        self.size = size

    def held(self, spool: object) -> Readable:  # noqa: ARG002
        """The bytes themselves; EOFError where they are not all there."""
        if self.data.size < (self.size or 0):
            raise EOFError("it ends too early")
        return self.data


class _Streamed(io.RawIOBase):
    """An archive that comes by once. It is itself the stream that its contents are read from."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream, self.at = stream, 0
        self._ahead = b""
        self._content: Passing | None = None

    def read(self, size: int | None = -1) -> bytes:
        """Up to ``size`` bytes (which is never negative here), b"" at the end."""
        wanted = size or 0
        if self._ahead:
            data, self._ahead = self._ahead[:wanted], self._ahead[wanted:]
        else:
            data = self._stream.read(wanted)
        self.at += len(data)
        return data

    def take(self, size: int) -> bytes:
        parts, left = [], size
        while left and (part := self.read(min(left, CHUNK))):
            parts.append(part)
            left -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def peek(self, size: int) -> bytes:
        data = self.take(size)
        self._ahead = data + self._ahead
        self.at -= len(data)
        return data

    def content(self, size: int | None) -> Content:
        self._content = Passing(self, size)  # type: ignore[arg-type]
        return self._content

    def past(self) -> None:
        if self._content is not None:
            self._content.skip()
            self._content = None
