"""Bytes that are read in pieces: a file on disk, a part of one, a member held in memory or set aside."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable
from typing import BinaryIO

from muslint.elf.object import Readable
from muslint.errors import UnreadableSource

CHUNK = 1 << 20
"""Bytes taken from a stream at a time."""

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


def digest(data: Readable) -> str | None:
    """A name for some bytes, the same for all copies: BLAKE2b and their size. None where they cannot be read to their
    end; what was opened to read them is closed."""
    from hashlib import blake2b  # few runs compare contents

    found = blake2b(digest_size=24)
    try:
        for at in range(0, data.size, CHUNK):
            piece = data.at(at, min(CHUNK, data.size - at))
            if not piece:
                return None
            found.update(piece)
    except UnreadableSource:
        return None  # it changed meanwhile; whoever reads it next says so
    finally:
        data.close()
    return f"{found.hexdigest()}-{data.size:x}"


class FileBytes:
    """A file read by position. It is opened when needed and closed by `close`; a later read opens it again."""

    __slots__ = ("_fd", "_keep_open", "_path", "size")

    def __init__(self, path: str, keep_open: bool = False) -> None:
        """Open ``path``; raises OSError as ``open`` does. ``keep_open`` makes `close` do nothing."""
        self._path, self._keep_open = path, keep_open
        self._fd: int | None = None
        self._fd = os.open(path, _FLAGS)
        try:
            self.size = os.lseek(self._fd, 0, os.SEEK_END)
        except OSError:  # a pipe
            self.size = os.fstat(self._fd).st_size

    def at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``."""
        if offset >= self.size or size <= 0:
            return b""
        if self._fd is None:
            try:
                self._fd = os.open(self._path, _FLAGS)
            except OSError as error:
                raise UnreadableSource(f"{self._path}: {error.strerror}; it changed while it was read") from None
        return os.pread(self._fd, min(size, self.size - offset), offset)

    def close(self) -> None:
        """Give the file descriptor back."""
        if self._fd is not None and not self._keep_open:
            os.close(self._fd)
            self._fd = None

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        if self._fd is not None:
            close(self._fd)  # held here: when the interpreter ends the module's names may be gone


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


EMPTY = MemoryBytes(b"")


class Slice:
    """A part of other bytes, such as a member that lies in an archive as it is."""

    __slots__ = ("_data", "_start", "size")

    def __init__(self, data: Readable, start: int, size: int) -> None:
        """``start`` and ``size`` are in bytes; what reaches beyond the end of ``data`` is cut off."""
        self.size = max(0, min(size, data.size - start))
        self._data: Readable = data
        self._start: int = start
        if isinstance(data, Slice):
            self._data, self._start = data._data, data._start + start

    def at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``."""
        if offset >= self.size or offset < 0:
            return b""
        return self._data.at(self._start + offset, min(size, self.size - offset))

    def close(self) -> None:
        """Give back what the whole holds open."""
        self._data.close()


class ReadableFile(io.RawIOBase):
    """Bytes read in pieces as a seekable binary file, for libraries that want one."""

    def __init__(self, data: Readable) -> None:
        super().__init__()
        self._data, self._at = data, 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be read from anywhere."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position, as ``io.IOBase.seek`` does."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._data.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """The position in bytes."""
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill ``buffer`` from the position on; 0 at the end."""
        data = self._data.at(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def read(self, size: int | None = -1) -> bytes:
        """Up to ``size`` bytes, all that is left without one."""
        wanted = self._data.size - self._at if size is None or size < 0 else size
        data = self._data.at(self._at, wanted)
        self._at += len(data)
        return data


class Spool:
    """Where members of compressed streams are set aside: one file without a name, gone with the process.

    Only what is an ELF file, or an archive that must be read out of order, is put there.
    """

    def __init__(self) -> None:
        self._file: BinaryIO | None = None
        self._end = 0

    def keep(self, stream: BinaryIO, size: int | None) -> SpoolBytes:
        """Set the rest of ``stream`` aside, ``size`` bytes at most; raises OSError when there is no room."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="muslint-")  # noqa: SIM115
        start, left = self._end, size
        fd = self._file.fileno()
        while left is None or left > 0:
            chunk = stream.read(CHUNK if left is None else min(CHUNK, left))
            if not chunk:
                break
            view = memoryview(chunk)
            while view:
                written = os.pwrite(fd, view, self._end)
                self._end += written
                view = view[written:]
            left = None if left is None else left - len(chunk)
        return SpoolBytes(self._file, start, self._end - start)


class SpoolBytes:
    """Bytes that were set aside in a `Spool`."""

    __slots__ = ("_file", "_start", "size")

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self.size = file, start, size

    def at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``."""
        if offset >= self.size or offset < 0 or size <= 0:
            return b""
        return os.pread(self._file.fileno(), min(size, self.size - offset), self._start + offset)

    def close(self) -> None:
        """Nothing to give back: the file is shared."""
