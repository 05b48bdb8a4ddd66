"""Zip archives, and what is one: Python wheels, jars, NuGet packages, Android packages.

What is stored lies there as it is; what is compressed is unpacked when asked for and given back after.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from muslint.elf.object import Readable
from muslint.errors import MalformedArchive, MalformedElf
from muslint.sources.archive import DAMAGED, Packing, said
from muslint.sources.bytes import CHUNK, ReadableFile, Slice, Spool
from muslint.sources.entry import HEAD, Content, Entry, EntryKind, Held
from muslint.sources.limits import MEMBER_FREE

IN_MEMORY = 64 << 20
"""Largest compressed member that is unpacked in memory, in bytes; a larger one is set aside."""

_ENCRYPTED = 0x1
_LOCAL = struct.Struct("<4s5H3I2H")  # local file header (APPNOTE 4.3.7)


class ZipMember:
    """The bytes of one compressed member, unpacked on the first read and dropped by `close`."""

    __slots__ = ("_archive", "_data", "_info", "size")

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self._archive, self._info, self.size = archive, info, info.file_size
        self._data: bytes | None = None

    def at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``; MalformedElf where the member turns out to be damaged."""
        if self._data is None:
            try:
                self._data = self._archive.read(self._info)
            except DAMAGED as error:
                raise MalformedElf(f"cannot be unpacked ({said(error)})") from None
        return self._data[offset : offset + size] if size > 0 else b""

    def close(self) -> None:
        """Drop the unpacked bytes."""
        self._data = None


class _Compressed:
    """The content of a compressed member."""

    __slots__ = ("_archive", "_info", "_packing", "size")

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, packing: Packing) -> None:
        self._archive, self._info, self._packing = archive, info, packing
        self.size: int | None = info.file_size

    def head(self) -> bytes:
        with self.stream() as stream:
            return stream.read(HEAD)

    def stream(self) -> BinaryIO:
        return self._archive.open(self._info)  # type: ignore[return-value]

    def held(self, spool: Spool) -> Readable:
        self._packing.unpacker.budget.grow(self._info.file_size, self._info.file_size, self._info.compress_size)
        if self._info.file_size <= IN_MEMORY:
            return ZipMember(self._archive, self._info)
        with self.stream() as stream:
            return spool.keep(stream, self._info.file_size)


class _Stored(Held):
    """The content of a member that lies there as it is."""

    __slots__ = ("_info",)

    def __init__(self, data: Readable, info: zipfile.ZipInfo) -> None:
        super().__init__(data)
        self._info = info

    def held(self, spool: Spool) -> Readable:  # noqa: ARG002
        """The bytes, once their checksum is known to hold."""
        at = sum_ = 0
        while chunk := self.data.at(at, CHUNK):
            sum_, at = zlib.crc32(chunk, sum_), at + len(chunk)
        if sum_ != self._info.CRC:
            raise MalformedArchive(f"Bad CRC-32 for file {self._info.filename!r}")
        return self.data


class ZipFormat:
    """Zip."""

    name, order, seeks, installs = "zip", 30, True, False
    starts = (b"PK\3\4", b"PK\5\6", b"PK\7\x08")

    def accepts(self, head: bytes) -> bool:
        """By the first local header, or the end record of an empty archive."""
        return head.startswith(self.starts)

    def accepts_tail(self, head: bytes, data: Readable) -> bool:
        """A script with an archive behind it, such as a zipapp or pex: by the end record."""
        return head.startswith(b"#!") and b"PK\5\6" in data.at(max(0, data.size - 1024), 1024)

    def entries(self, content: Content, packing: Packing) -> Iterator[Entry]:
        """The members in the order of the central directory."""
        assert isinstance(content, Held)
        archive = zipfile.ZipFile(ReadableFile(content.data))
        for info in archive.infolist():
            if info.is_dir():
                yield Entry(info.filename, EntryKind.DIRECTORY)
            elif info.external_attr >> 28 == 0xA and info.create_system == 3:
                yield Entry(info.filename, EntryKind.SYMLINK, target=_target(archive, info))
            else:
                trouble = _trouble(info, packing)
                yield Entry(
                    info.filename,
                    EntryKind.FILE,
                    None if trouble else _content(archive, info, content.data, packing),
                    trouble=trouble,
                )


def _target(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    with archive.open(info) as stream:
        return stream.read(4096).decode("utf-8", "surrogateescape")


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, data: Readable, packing: Packing) -> Content:
    if info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size:
        local = data.at(info.header_offset, _LOCAL.size)
        if len(local) == _LOCAL.size and local[:4] == b"PK\3\4":
            *_, name, extra = _LOCAL.unpack(local)
            part = Slice(data, info.header_offset + _LOCAL.size + name + extra, info.file_size)
            if part.size == info.file_size:
                return _Stored(part, info)
    return _Compressed(archive, info, packing)


def _trouble(info: zipfile.ZipInfo, packing: Packing) -> str | None:
    """Why a member is not read, None when it is."""
    limits = packing.unpacker.budget.limits
    if info.flag_bits & _ENCRYPTED:
        return "encrypted"
    if limits.member and info.file_size > limits.member:
        return f"{info.file_size} bytes unpacked: more than the limit of {limits.member} (--limit member=N)"
    if limits.ratio and info.file_size > max(MEMBER_FREE, limits.ratio * info.compress_size):
        return f"grows more than {limits.ratio} times when unpacked (--limit ratio=N)"
    return None


ARCHIVE = ZipFormat()
