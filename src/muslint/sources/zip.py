"""Zip archives, and what is one: Python wheels, jars, NuGet packages, Android packages, modules of a JDK.

What is stored lies there as it is; what is compressed is unpacked when asked for, once.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from muslint.elf.header import MAGIC
from muslint.elf.object import Readable
from muslint.errors import MalformedArchive, MalformedElf
from muslint.sources.archive import DAMAGED, Packing, said
from muslint.sources.bytes import CHUNK, ReadableFile, Slice, Spool
from muslint.sources.entry import HEAD, Content, Entry, EntryKind, Held
from muslint.sources.limits import MEMBER_FREE
from muslint.sources.zip_directory import TAIL, names_more_than
from muslint.sources.zip_local import LOCAL, salvaged

MANY = 500_000
"""Members whose directory is read as a whole, even where fewer are wanted: `zipfile` takes about 500 bytes for each."""

_ENCRYPTED, _UTF8_HIGH = 0x1, 0x8  # the second in the high byte
_JMOD = b"JM\1\0"
"""What is in front of the zip archive that a module of a JDK is (JDK ``jdk.internal.jmod.JmodFile``)."""


class ZipMember:
    """The bytes of one compressed member, unpacked on the first read and set aside: never twice, never in memory."""

    __slots__ = ("_archive", "_data", "_info", "_spool", "size")

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, spool: Spool) -> None:
        self._archive, self._info, self._spool, self.size = archive, info, spool, info.file_size
        self._data: Readable | None = None

    def at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``; MalformedElf where the member turns out to be damaged."""
        if self._data is None:
            try:
                with self._archive.open(self._info) as stream:
                    kept = self._spool.keep(stream, self.size)  # type: ignore[arg-type]
                if kept.size < self.size:
                    raise EOFError("it ends too early")
            except DAMAGED as error:
                raise MalformedElf(f"cannot be unpacked ({said(error)})") from None
            self._data = kept
        return self._data.at(offset, size)

    def close(self) -> None:
        """Nothing to give back: the file it was set aside in is shared."""


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
        return ZipMember(self._archive, self._info, spool)


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
    starts = (b"PK\3\4", b"PK\5\6", b"PK\7\x08", _JMOD)

    def accepts(self, head: bytes) -> bool:
        """By the first local header, the end record of an empty archive, or the mark of a module."""
        return head.startswith(self.starts)

    def accepts_tail(self, head: bytes, data: Readable) -> bool:
        """A script with an archive behind it, such as a zipapp or pex: by the end record."""
        return head.startswith(b"#!") and b"PK\5\6" in data.at(max(0, data.size - 1024), 1024)

    def entries(self, content: Content, packing: Packing) -> Iterator[Entry]:
        """The members in the order of the central directory."""
        assert isinstance(content, Held)
        data = content.data
        most = packing.unpacker.budget.limits.members
        try:
            if most and names_more_than(data, max(most, MANY)):
                raise MalformedArchive(f"more than {most} members, --limit members=N")
            archive = _opened(data)
        except DAMAGED as error:
            yield from _from_front(data, packing, error)
            return
        free = MEMBER_FREE
        for info in archive.infolist():
            if info.filename.endswith("/"):  # is_dir() of Python 3.11 fails for an empty name
                yield Entry(info.filename, EntryKind.DIRECTORY)
                continue
            if info.external_attr >> 28 == 0xA and info.create_system == 3:
                yield Entry(info.filename, EntryKind.SYMLINK, target=_target(archive, info))
                continue
            trouble = _trouble(info, packing)
            member = None if trouble else _content(archive, info, data, packing)
            if member is not None and _swells(info, packing) and _matters(member, packing):
                free -= info.file_size
                if free < 0:
                    ratio = packing.unpacker.budget.limits.ratio
                    member, trouble = None, f"grows more than {ratio} times when unpacked (--limit ratio=N)"
            yield Entry(info.filename, EntryKind.FILE, member, trouble=trouble)


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
        tail = data.at(max(0, data.size - TAIL), TAIL)
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
    return None


def _swells(info: zipfile.ZipInfo, packing: Packing) -> bool:
    """Whether a member grows beyond the ratio."""
    ratio = packing.unpacker.budget.limits.ratio
    return bool(ratio) and info.file_size > ratio * info.compress_size


def _matters(content: Content, packing: Packing) -> bool:
    """Whether a member would be unpacked at all: of what is neither an ELF file nor an archive only the head is."""
    try:
        head = content.head()
    except DAMAGED:
        return True
    return head.startswith(MAGIC) or packing.unpacker.may_hold(head)


ARCHIVE = ZipFormat()
