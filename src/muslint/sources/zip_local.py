"""Zip archives without a directory: cut off, or damaged at the end. The members are found one after another.

Each has a header of its own in front (APPNOTE 4.3.7), which says all but whether it is a symbolic link.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from muslint.elf.object import Readable
from muslint.errors import MalformedArchive
from muslint.sources.archive import Compression, Packing
from muslint.sources.bytes import CHUNK, Slice
from muslint.sources.compressed import Unpacked
from muslint.sources.entry import Content, Entry, EntryKind, Held

LOCAL = struct.Struct("<4s5H3I2H")
"""The local header, without the name and the extra field behind it."""

_MAGIC = b"PK\3\4"
_ENCRYPTED, _SIZES_BEHIND, _UTF8 = 0x1, 0x8, 0x800
_STORED, _DEFLATED = 0, 8
_UNKNOWN = 0xFFFFFFFF


class _Local(NamedTuple):
    """What a local header says."""

    path: str
    flags: int
    method: int
    packed: int | None  # bytes; None where the header does not say
    start: int  # where the content begins
    trouble: str | None


def salvaged(data: Readable, packing: Packing) -> Iterator[Entry]:
    """The members in file order.

    Raises EOFError where the archive ends within one, MalformedArchive where the next cannot be found.
    """
    at = 0
    while (head := data.at(at, LOCAL.size))[:4] == _MAGIC:
        local = _local(data, at, head)
        if local.path.endswith("/"):
            yield Entry(local.path, EntryKind.DIRECTORY)
        if local.packed is None:
            if local.trouble or local.method != _DEFLATED:
                raise MalformedArchive(f"{local.path} does not say where it ends: what follows cannot be found")
            size = _deflated_size(data, local, packing)
        else:
            size = local.packed
        whole = local.start + size <= data.size
        if not local.path.endswith("/"):
            content = _content(data, local, size, packing) if local.trouble is None and whole else None
            yield Entry(local.path, EntryKind.FILE, content, trouble=local.trouble or (None if whole else "cut off"))
        if not whole:
            raise EOFError(f"it ends in the middle of {local.path}")
        at = _behind(data, local.start + size, local.packed is None)
    if head and head[:2] != b"PK":
        raise MalformedArchive("what follows a member is not known")


def _local(data: Readable, at: int, head: bytes) -> _Local:
    if len(head) < LOCAL.size:
        raise EOFError("it ends in the middle of a header")
    _, _, flags, method, _, _, _, packed, unpacked, name_size, extra_size = LOCAL.unpack(head)
    rest = data.at(at + LOCAL.size, name_size + extra_size)
    if len(rest) < name_size + extra_size:
        raise EOFError("it ends in the middle of a header")
    name = rest[:name_size]
    try:
        path = name.decode("utf-8" if flags & _UTF8 else "cp437")
    except UnicodeDecodeError:
        path = name.decode("cp437")
    size: int | None = packed
    if _UNKNOWN in (packed, unpacked):
        size = _long_size(rest[name_size:], unpacked == _UNKNOWN, packed)
    if flags & _SIZES_BEHIND and not packed:
        size = None
    trouble = "encrypted" if flags & _ENCRYPTED else None
    if trouble is None and method not in (_STORED, _DEFLATED):
        trouble = f"cannot be unpacked (method {method}, and the archive has no directory)"
    return _Local(path, flags, method, size, at + LOCAL.size + name_size + extra_size, trouble)


def _long_size(extra: bytes, both: bool, packed: int) -> int:
    """The packed size from the Zip64 extra field (APPNOTE 4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            place = at + 4 + (8 if both else 0)
            return int.from_bytes(extra[place : place + 8], "little") if packed == _UNKNOWN else packed
        at += 4 + size
    return packed


def _deflated_size(data: Readable, local: _Local, packing: Packing) -> int:
    """How long a deflated content is that only its own end mark ends; raises EOFError without one."""
    unpacker, at, grown = zlib.decompressobj(wbits=-15), local.start, 0
    while not unpacker.eof:
        given = unpacker.unconsumed_tail or data.at(at, CHUNK)
        at += len(given) if not unpacker.unconsumed_tail else 0
        out = unpacker.decompress(given, CHUNK)
        if not given and not out:
            raise EOFError(f"it ends in the middle of {local.path}")
        grown += len(out)
        packing.unpacker.budget.grow(len(out), grown, at - local.start)
    return at - local.start - len(unpacker.unused_data)


def _content(data: Readable, local: _Local, size: int, packing: Packing) -> Content:
    part = Held(Slice(data, local.start, size))
    return part if local.method == _STORED else packing.unpacked(part, _DEFLATE)


def _inflated(packed: BinaryIO) -> BinaryIO:
    return Unpacked(packed, lambda: zlib.decompressobj(wbits=-15), lambda _: False)  # type: ignore[return-value]


_DEFLATE = Compression("deflate", (), (), lambda _: False, _inflated)


def _behind(data: Readable, at: int, described: bool) -> int:
    """Where the next header is: behind the sizes and checksum that may follow a content (APPNOTE 4.3.9)."""
    if not described:
        return at
    for size in (16, 12, 24, 20):
        if data.at(at + size, 4)[:2] == b"PK":
            return at + size
    return at + 16
