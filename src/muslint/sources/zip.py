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
from muslint.sources.zip_local import LOCAL, salvaged

IN_MEMORY = 64 << 20
"""Largest compressed member that is unpacked in memory, in bytes; a larger one is set aside."""

_ENCRYPTED, _UTF8_HIGH = 0x1, 0x8  # the second in the high byte
_TAIL = 22 + 0xFFFF  # bytes in which the end record lies


class ZipMember:
    """The bytes of one compressed member, unpacked on the first read.

    The one closed last stays unpacked until another is read: what is asked of a file comes in bursts.
    """

    __slots__ = ("_archive", "_data", "_info", "size")

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self._archive, self._info, self.size = archive, info, info.file_size
        self._data: bytes | None = None

    def at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``; MalformedElf where the member turns out to be damaged."""
        if self._data is None:
            _let_go()
            try:
                self._data = self._archive.read(self._info)
            except DAMAGED as error:
                raise MalformedElf(f"cannot be unpacked ({said(error)})") from None
        return self._data[offset : offset + size] if size > 0 else b""

    def close(self) -> None:
        """Say that nothing more is read for now."""
        if self._data is not None and self not in _closed:
            _let_go()
            _closed.append(self)

    def drop(self) -> None:
        """Drop the unpacked bytes; a later read unpacks them again."""
        self._data = None


_closed: list[ZipMember] = []
"""The member closed last."""


def _let_go() -> None:
    while _closed:
        _closed.pop().drop()


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
        try:
            archive = _opened(content.data)
        except DAMAGED as error:
            yield from _from_front(content.data, packing, error)
            return
        for info in archive.infolist():
            if info.filename.endswith("/"):  # is_dir() of Python 3.11 fails for an empty name
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


def _from_front(data: Readable, packing: Packing, damage: BaseException) -> Iterator[Entry]:
    """The members of an archive whose directory is damaged; raises the damage again when there are none."""
    found = salvaged(data, packing)
    try:
        first = next(found)
    except (*DAMAGED, StopIteration):
        raise damage from None
    packing.skip(packing.parents[-1], f"its directory cannot be read ({said(damage)}): read from the front")
    yield first
    yield from found


def _opened(data: Readable) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(ReadableFile(data))
    except UnicodeDecodeError:
        return zipfile.ZipFile(ReadableFile(_Unclaimed(data)))


class _Unclaimed:
    """An archive in which no name says it is UTF-8 that is not: zipfile would refuse all of it."""

    __slots__ = ("_changed", "_data", "size")

    def __init__(self, data: Readable) -> None:
        self._data, self.size = data, data.size
        tail = data.at(max(0, data.size - _TAIL), _TAIL)
        end = tail.rfind(b"PK\5\6")
        size, said = struct.unpack_from("<2I", tail, end + 12) if 0 <= end <= len(tail) - 22 else (0, 0)
        start = data.size - len(tail) + end - size
        if end < 0 or start < said:
            raise MalformedArchive("its directory cannot be found")
        self._changed: dict[int, int] = {}  # place → byte in its stead
        directory, at = data.at(start, size), 0
        while directory[at : at + 4] == b"PK\1\2" and at + 46 <= size:
            name, extra, comment, local = struct.unpack_from("<28x3H8xI", directory, at)
            try:
                directory[at + 46 : at + 46 + name].decode()
            except UnicodeDecodeError:
                for place in (start + at + 9, start - said + local + 7):  # the high bytes of the flags
                    self._changed[place] = int.from_bytes(data.at(place, 1)) & ~_UTF8_HIGH
            at += 46 + name + extra + comment

    def at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``."""
        data = self._data.at(offset, size)
        within = [place for place in self._changed if offset <= place < offset + len(data)]
        if not within:
            return data
        changed = bytearray(data)
        for place in within:
            changed[place - offset] = self._changed[place]
        return bytes(changed)

    def close(self) -> None:
        """Give back what the archive holds open."""
        self._data.close()


def _target(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    with archive.open(info) as stream:
        return stream.read(4096).decode("utf-8", "surrogateescape")


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, data: Readable, packing: Packing) -> Content:
    if info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size:
        local = data.at(info.header_offset, LOCAL.size)
        if len(local) == LOCAL.size and local[:4] == b"PK\3\4":
            *_, name, extra = LOCAL.unpack(local)
            part = Slice(data, info.header_offset + LOCAL.size + name + extra, info.file_size)
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
