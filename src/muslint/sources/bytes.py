"""Bytes that are read in pieces: a file on disk, or a member held in memory."""

from __future__ import annotations

import os

from muslint.errors import UnreadableSource


class FileBytes:
    """A file read by position. It is opened when needed and closed by `close`; a later read opens it again."""

    __slots__ = ("_fd", "_path", "size")

    def __init__(self, path: str) -> None:
        """Open ``path``; raises OSError as ``open`` does."""
        self._path = path
        self._fd: int | None = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        self.size = os.fstat(self._fd).st_size

    def at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``."""
        if offset >= self.size or size <= 0:
            return b""
        if self._fd is None:
            try:
                self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            except OSError as error:
                raise UnreadableSource(f"{self._path}: {error.strerror}; it changed while it was read") from None
        return os.pread(self._fd, min(size, self.size - offset), offset)

    def close(self) -> None:
        """Give the file descriptor back."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __del__(self) -> None:
        self.close()


class MemoryBytes:
    """Bytes held in memory: a member of an archive."""

    __slots__ = ("_data", "size")

    def __init__(self, data: bytes) -> None:
        self._data, self.size = data, len(data)

    def at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``."""
        return self._data[offset : offset + size] if size > 0 and offset >= 0 else b""

    def close(self) -> None:
        """Nothing to give back."""
