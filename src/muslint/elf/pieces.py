"""A table of a file as bytes that can be let go: of thousands of objects few are looked at twice."""

from __future__ import annotations

from muslint.elf.object import Readable
from muslint.errors import MalformedElf

Buffer = bytes | memoryview
"""Bytes, or a view of some within a larger read: not copied."""


class Piece:
    """Some bytes of a file. They are kept until `forget`; a later question reads them again and keeps nothing."""

    __slots__ = ("_content", "_data", "_offset", "size")

    def __init__(self, content: Buffer, data: Readable | None = None, offset: int = 0) -> None:
        """``content`` stands in ``data`` at ``offset``; without ``data`` it is never let go."""
        self._content: Buffer | None = content
        self._data, self._offset, self.size = data, offset, len(content)

    @property
    def content(self) -> Buffer:
        """The bytes; raises MalformedElf when the file has become shorter meanwhile."""
        if self._content is not None or self._data is None:
            return self._content or b""
        found = self._data.at(self._offset, self.size)
        self._data.close()
        if len(found) != self.size:
            raise MalformedElf("the file became shorter while it was read")
        return found

    def forget(self) -> None:
        """Let the bytes go."""
        if self._data is not None:
            self._content = None
