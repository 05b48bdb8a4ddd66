"""ISO 9660 file systems with Rock Ridge names and links, and zisofs compression: AppImages of type 1, disc images.

Layout: ECMA-119; IEEE P1281 (SUSP) and P1282 (Rock Ridge); zisofs in ``mkisofs``'s documentation.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from muslint.elf.object import Readable
from muslint.errors import MalformedArchive, MalformedElf
from muslint.sources.archive import DAMAGED, Packing, said
from muslint.sources.bytes import Slice
from muslint.sources.entry import Content, Entry, EntryKind, Held

SECTOR = 2048
MAX_DIRECTORY = 64 << 20
"""Largest directory that is read, in bytes."""

_VOLUME = 16 * SECTOR
_ZISOFS = b"\x37\xe4\x53\x96\xc9\xdb\xd6\x07"
_DIRECTORY, _MORE_EXTENTS = 0x02, 0x80
_KINDS = {0o120000: EntryKind.SYMLINK, 0o040000: EntryKind.DIRECTORY, 0o100000: EntryKind.FILE}


class _Record(NamedTuple):
    """One directory record with what Rock Ridge adds to it."""

    name: str
    kind: EntryKind
    extent: int  # in sectors
    size: int  # bytes
    target: str
    packed: bool  # zisofs
    parts: bool  # the content goes on in the next record
    moved: bool  # a directory that is shown elsewhere


class IsoFormat:
    """An ISO 9660 file system."""

    name, order, seeks, installs = "iso9660", 90, True, False
    starts: tuple[bytes, ...] = ()

    def accepts(self, head: bytes) -> bool:  # noqa: ARG002
        """Never: what it begins with is anything, often a boot sector."""
        return False

    def accepts_tail(self, head: bytes, data: Readable) -> bool:  # noqa: ARG002
        """By the volume descriptor in sector 16."""
        return data.at(_VOLUME, 6) == b"\x01CD001"

    def entries(self, content: Content, packing: Packing) -> Iterator[Entry]:
        """Every file, directory by directory."""
        assert isinstance(content, Held)
        return iso_entries(content.data, packing)


def iso_entries(data: Readable, packing: Packing) -> Iterator[Entry]:
    """The entries of a file system; raises MalformedArchive where there is none."""
    volume = data.at(_VOLUME, SECTOR)
    if len(volume) < SECTOR or volume[:6] != b"\x01CD001":
        raise MalformedArchive("no ISO 9660 volume in it")
    extent, size = struct.unpack_from("<I4xI", volume, 156 + 2)
    pending, met = [("", extent, size)], {extent}
    while pending:
        directory, extent, size = pending.pop()
        try:
            for record in _records(data, extent, size):
                path = directory + record.name
                if record.kind is not EntryKind.DIRECTORY:
                    yield _file(data, path, record)
                elif record.extent not in met and not record.moved:
                    met.add(record.extent)
                    pending.append((f"{path}/", record.extent, record.size))
                    yield Entry(path, EntryKind.DIRECTORY)
        except DAMAGED as error:
            packing.skip(directory or packing.parents[-1], f"cannot be listed to its end ({said(error)})")


def _records(data: Readable, extent: int, size: int) -> Iterator[_Record]:
    size = size or int.from_bytes(data.at(extent * SECTOR + 10, 4), "little")  # of a moved one: in its own record
    if size > MAX_DIRECTORY:
        raise MalformedArchive(f"a directory of {size} bytes")
    table = data.at(extent * SECTOR, size)
    if len(table) < size:
        raise EOFError("it ends in the middle of a directory")
    at = 0
    while at < size:
        length = table[at]
        if not length:
            at = (at // SECTOR + 1) * SECTOR  # records do not cross sectors
            continue
        record = table[at : at + length]
        at += length
        if length < 34 or len(record) < length:
            raise MalformedArchive("a damaged directory record")
        if record[32] == 1 and record[33] in (0, 1):
            continue  # the directory itself, and its parent
        yield _record(data, record)


def _record(data: Readable, record: bytes) -> _Record:
    extent, size = struct.unpack_from("<I4xI", record, 2)
    flags, length = record[25], record[32]
    name = record[33 : 33 + length].decode("utf-8", "surrogateescape").partition(";")[0].removesuffix(".").lower()
    kind = EntryKind.DIRECTORY if flags & _DIRECTORY else EntryKind.FILE
    named: list[str] = []
    target: list[str] = []
    packed = moved = False
    for sign, field in _system_use(data, record[33 + length + (length + 1) % 2 :]):
        if sign == b"NM" and not field[0] & 6:
            named.append(field[1:].decode("utf-8", "surrogateescape"))
        elif sign == b"PX":
            kind = _KINDS.get(int.from_bytes(field[:4], "little") & 0o170000, EntryKind.OTHER)
        elif sign == b"SL":
            target += _components(field[1:])
        elif sign == b"ZF" and field[:2] == b"pz":
            packed = True
        elif sign == b"CL":
            kind, extent, size = EntryKind.DIRECTORY, int.from_bytes(field[:4], "little"), 0
        elif sign == b"RE":
            moved = True
    link = "/".join(target).replace("//", "/")
    return _Record("".join(named) or name, kind, extent, size, link, packed, bool(flags & _MORE_EXTENTS), moved)


def _system_use(data: Readable, area: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The fields behind a record and in the places where they go on: signature and content."""
    for _ in range(32):
        at, following = 0, b""
        while at + 4 <= len(area) and area[at + 2] >= 4:
            sign, field = area[at : at + 2], area[at + 4 : at + area[at + 2]]
            if sign == b"ST":
                break
            if sign == b"CE" and len(field) >= 20:
                block, offset, length = struct.unpack_from("<I4xI4xI", field)
                following = data.at(block * SECTOR + offset, min(length, SECTOR * 16))
            elif field:
                yield sign, field
            at += area[at + 2]
        if not following:
            return
        area = following


def _components(field: bytes) -> Iterator[str]:
    """The parts of a link's target (P1282 4.1.3.1)."""
    at, open_part = 0, ""
    while at + 2 <= len(field):
        flags, length = field[at], field[at + 1]
        text = field[at + 2 : at + 2 + length].decode("utf-8", "surrogateescape")
        part = {2: ".", 4: "..", 8: "/"}.get(flags & 0xE, text)
        if flags & 1:
            open_part += part
        else:
            yield open_part + part if part != "/" else ""
            open_part = ""
        at += 2 + length
    if open_part:
        yield open_part


def _file(data: Readable, path: str, record: _Record) -> Entry:
    if record.kind is not EntryKind.FILE:
        return Entry(path, record.kind, target=record.target)
    if record.parts:
        return Entry(path, EntryKind.FILE, trouble="larger than 4 GiB: its parts are not put together")
    part = Slice(data, record.extent * SECTOR, record.size)
    if part.size < record.size:
        return Entry(path, EntryKind.FILE, trouble="cut off")
    return Entry(path, EntryKind.FILE, Held(ZisofsFile(part) if record.packed else part))


class ZisofsFile:
    """The bytes of one compressed file, unpacked block by block when asked for."""

    __slots__ = ("_block", "_data", "_known", "_step", "_table", "size")

    def __init__(self, data: Readable) -> None:
        """Raises MalformedArchive for another header than zisofs's."""
        head = data.at(0, 16)
        if head[:8] != _ZISOFS or not 15 <= head[13] <= 17:
            raise MalformedArchive("a compressed file without its header")
        self._data, self._step, self._table = data, 1 << head[13], 4 * head[12]
        self.size = int.from_bytes(head[8:12], "little")
        self._known, self._block = -1, b""

    def at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``; MalformedElf where a block turns out to be damaged."""
        parts, end = [], min(offset + size, self.size)
        while 0 <= offset < end:
            try:
                block = self._unpacked(offset // self._step)
            except DAMAGED as error:
                raise MalformedElf(f"cannot be unpacked ({said(error)})") from None
            part = block[offset % self._step : offset % self._step + end - offset]
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    def _unpacked(self, number: int) -> bytes:
        if number != self._known:
            wanted = min(self._step, self.size - number * self._step)
            places = self._data.at(self._table + 4 * number, 8)
            start, end = struct.unpack("<2I", places)
            packed = self._data.at(start, min(end - start, 2 * self._step))
            block = zlib.decompressobj().decompress(packed, wanted) if packed else bytes(wanted)
            if len(block) < wanted:
                raise EOFError("a block is shorter than it should be")
            self._known, self._block = number, block
        return self._block

    def close(self) -> None:
        """Give back what the whole holds open."""
        self._data.close()


ARCHIVE = IsoFormat()
