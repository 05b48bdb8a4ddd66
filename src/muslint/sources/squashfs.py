"""SquashFS 4.0 file systems: snaps, live images, and what AppImages carry (squashfs-tools ``squashfs_fs.h``).

Blocks are unpacked when they are asked for; the last few are kept.
"""

from __future__ import annotations

import struct
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from muslint.elf.object import Readable
from muslint.errors import MalformedArchive, MalformedElf
from muslint.sources.archive import DAMAGED, Packing, said
from muslint.sources.bytes import Spool
from muslint.sources.entry import Content, Entry, EntryKind, Held
from muslint.sources.lz import lz4_block, lzo_block

MAGIC = b"hsqs"
_SUPERBLOCK = struct.Struct("<4s4I6H8Q")
_META = 8192  # bytes of an unpacked metadata block
_KEPT = 16 << 20
"""Bytes of unpacked blocks that are kept."""
_MAX_LINK = 1 << 16
_NO_FRAGMENT = 0xFFFFFFFF


class _Super(NamedTuple):
    """What the superblock says; places are in bytes from the start of the file system."""

    block_size: int
    fragments: int
    compressor: int
    root: int
    inode_table: int
    directory_table: int
    fragment_table: int


class _Blocks:
    """Blocks of the file system, unpacked; the last few are kept."""

    def __init__(self, data: Readable, unpack: Callable[[bytes, int], bytes]) -> None:
        self.data, self._unpack = data, unpack
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._size = 0

    def at(self, place: int, size: int, packed: bool, limit: int) -> bytes:
        """The block of ``size`` bytes at ``place``, at most ``limit`` bytes when unpacked."""
        known = self._kept.get(place)
        if known is not None:
            self._kept.move_to_end(place)
            return known
        raw = self.data.at(place, size)
        if len(raw) < size:
            raise EOFError("it ends too early")
        block = self._unpack(raw, limit) if packed else raw
        self._kept[place] = block
        self._size += len(block)
        while self._size > _KEPT:
            self._size -= len(self._kept.popitem(last=False)[1])
        return block


class _Cursor:
    """A place in a chain of metadata blocks."""

    def __init__(self, blocks: _Blocks, place: int, offset: int) -> None:
        self._blocks, self._place, self._offset = blocks, place, offset
        self._block: bytes | None = None

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes; EOFError where the file system ends before."""
        parts = []
        while size:
            if self._block is None:
                self._enter()
            assert self._block is not None
            part = self._block[self._offset : self._offset + size]
            if not part:
                if self._offset > len(self._block) or len(self._block) < _META:
                    raise EOFError("a metadata block ends too early")
                self._block, self._offset = None, 0
                continue
            parts.append(part)
            size -= len(part)
            self._offset += len(part)
        return b"".join(parts)

    def _enter(self) -> None:
        head = self._blocks.data.at(self._place, 2)
        if len(head) < 2:
            raise EOFError("it ends in the middle of its metadata")
        word = int.from_bytes(head, "little")
        size = word & 0x7FFF
        self._block = self._blocks.at(self._place + 2, size, not word & 0x8000, _META)
        self._place += 2 + size

    def unpack(self, form: str) -> tuple[int, ...]:
        """The next numbers, little-endian."""
        return struct.unpack("<" + form, self.read(struct.calcsize("<" + form)))


class _Inode(NamedTuple):
    """What an inode says, as far as it matters."""

    kind: EntryKind
    size: int = 0  # bytes of a file, or of a directory's listing and three
    place: int = 0  # of a file: of its first block; of a directory: of its listing's block in the table
    offset: int = 0  # of a file: in its fragment; of a directory: in the block of its listing
    fragment: int = _NO_FRAGMENT
    sizes: tuple[int, ...] = ()  # of a file's blocks as they are stored; bit 24 means not packed
    target: str = ""


class SquashFile:
    """The bytes of one file, unpacked block by block when asked for."""

    __slots__ = ("_image", "_inode", "_places", "size")

    def __init__(self, image: Image, inode: _Inode) -> None:
        self._image, self._inode, self.size = image, inode, inode.size
        places, at = [], inode.place
        for stored in inode.sizes:
            places.append(at)
            at += stored & 0xFFFFFF
        self._places = places

    def at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``; MalformedElf where a block turns out to be damaged."""
        if offset < 0 or size <= 0 or offset >= self.size:
            return b""
        end = min(offset + size, self.size)
        step = self._image.super.block_size
        try:
            parts = [self._block(number) for number in range(offset // step, (end - 1) // step + 1)]
        except DAMAGED as error:
            raise MalformedElf(f"cannot be unpacked ({said(error)})") from None
        start = offset % step
        return (parts[0] if len(parts) == 1 else b"".join(parts))[start : start + end - offset]

    def _block(self, number: int) -> bytes:
        step = self._image.super.block_size
        wanted = min(step, self.size - number * step)
        if number >= len(self._places):
            return self._image.fragment(self._inode.fragment, self._inode.offset, wanted)
        stored = self._inode.sizes[number]
        if not stored & 0xFFFFFF:
            return bytes(wanted)  # a hole
        block = self._image.blocks.at(self._places[number], stored & 0xFFFFFF, not stored >> 24 & 1, step)
        if len(block) < wanted:
            raise EOFError("a block is shorter than it should be")
        return block[:wanted]

    def close(self) -> None:
        """Give back what the whole holds open."""
        self._image.blocks.data.close()


class _File(Held):
    """The content of one file, counted when it is kept."""

    __slots__ = ("_packing", "_stored")

    def __init__(self, data: SquashFile, stored: int, packing: Packing) -> None:
        super().__init__(data)
        self._stored, self._packing = stored, packing

    def held(self, spool: Spool) -> Readable:  # noqa: ARG002
        """The bytes themselves."""
        size = self.data.size
        self._packing.unpacker.budget.grow(size, size, self._stored + size // 1000)  # holes take no room
        return self.data


class Image:
    """One file system."""

    def __init__(self, data: Readable) -> None:
        """Raises MalformedArchive for a version or compression that is not known."""
        raw = data.at(0, _SUPERBLOCK.size)
        if len(raw) < _SUPERBLOCK.size:
            raise EOFError("it ends in the middle of its superblock")
        (_, _, _, block_size, fragments, compressor, _, _, _, major, minor,
         root, _, _, _, inodes, directories, fragment_table, _) = _SUPERBLOCK.unpack(raw)  # fmt: skip
        if (major, minor) != (4, 0):
            raise MalformedArchive(f"SquashFS {major}.{minor} is not read, only 4.0")
        if not 4096 <= block_size <= 1 << 20:
            raise MalformedArchive(f"blocks of {block_size} bytes")
        if compressor not in _COMPRESSORS:
            raise MalformedArchive(f"SquashFS compression {compressor} is not known")
        self.super = _Super(block_size, fragments, compressor, root, inodes, directories, fragment_table)
        self.blocks = _Blocks(data, _COMPRESSORS[compressor])

    def inode(self, reference: int) -> _Inode:
        """The inode at a reference: block in the table, and offset in that."""
        cursor = _Cursor(self.blocks, self.super.inode_table + (reference >> 16), reference & 0xFFFF)
        kind, _, _, _, _, _ = cursor.unpack("4H2I")
        if kind == 1:
            place, _, size, offset, _ = cursor.unpack("2I2HI")
            return _Inode(EntryKind.DIRECTORY, size, place, offset)
        if kind == 8:
            _, size, place, _, _, offset, _ = cursor.unpack("4I2HI")
            return _Inode(EntryKind.DIRECTORY, size, place, offset)
        if kind in (2, 9):
            if kind == 2:
                place, fragment, offset, size = cursor.unpack("4I")
            else:
                place, size, _, _, fragment, offset, _ = cursor.unpack("3Q4I")
            step = self.super.block_size
            count = size // step if fragment != _NO_FRAGMENT else -(-size // step)
            if 4 * count > self.blocks.data.size * 512:  # a metadata block holds no more numbers than that
                raise MalformedArchive(f"a file of {size} bytes")
            return _Inode(EntryKind.FILE, size, place, offset, fragment, cursor.unpack(f"{count}I"))
        if kind in (3, 10):
            _, size = cursor.unpack("2I")
            return _Inode(EntryKind.SYMLINK, target=_text(cursor.read(min(size, _MAX_LINK))))
        return _Inode(EntryKind.OTHER)

    def listing(self, inode: _Inode) -> Iterator[tuple[str, int]]:
        """The names of a directory and the references of their inodes."""
        cursor = _Cursor(self.blocks, self.super.directory_table + inode.place, inode.offset)
        left = inode.size - 3
        while left > 0:
            count, start, _ = cursor.unpack("3I")
            if count > 255:
                raise MalformedArchive("a damaged directory")
            left -= 12
            for _ in range(count + 1):
                offset, _, _, length = cursor.unpack("4H")
                yield _text(cursor.read(length + 1)), start << 16 | offset
                left -= 9 + length

    def fragment(self, number: int, offset: int, size: int) -> bytes:
        """The end of a file, which lies with those of others in one block."""
        if number >= self.super.fragments:
            raise MalformedArchive("a file refers to a fragment that is not there")
        place = self.super.fragment_table + number // 512 * 8
        table = int.from_bytes(self.blocks.data.at(place, 8), "little")
        start, stored, _ = _Cursor(self.blocks, table, number % 512 * 16).unpack("QII")
        block = self.blocks.at(start, stored & 0xFFFFFF, not stored >> 24 & 1, self.super.block_size)
        if offset + size > len(block):
            raise EOFError("a fragment is shorter than it should be")
        return block[offset : offset + size]


class SquashfsFormat:
    """A SquashFS file system."""

    name, order, seeks, installs = "squashfs", 40, True, False
    starts: tuple[bytes, ...] = (MAGIC, b"sqsh")

    def accepts(self, head: bytes) -> bool:
        """By the magic number; the big-endian one of old versions too, so that something is said of it."""
        return head[:4] in (MAGIC, b"sqsh") and len(head) > 90

    def entries(self, content: Content, packing: Packing) -> Iterator[Entry]:
        """Every file, directory by directory."""
        assert isinstance(content, Held)
        return squashfs_entries(content.data, packing)


def squashfs_entries(data: Readable, packing: Packing) -> Iterator[Entry]:
    """The entries of the file system that begins where ``data`` does."""
    if data.at(0, 4) != MAGIC:
        raise MalformedArchive("a big-endian SquashFS is not read")
    image = Image(data)
    met: dict[int, str] = {}
    pending = [("", image.super.root)]
    while pending:
        directory, reference = pending.pop()
        below = []
        try:
            for name, inside in image.listing(image.inode(reference)):
                path = directory + name
                entry = _entry(image, path, inside, met, packing)
                if entry.kind is EntryKind.DIRECTORY:
                    below.append((f"{path}/", inside))
                yield entry
        except DAMAGED as error:
            packing.skip(directory or packing.parents[-1], f"cannot be listed to its end ({said(error)})")
        pending += reversed(below)


def _entry(image: Image, path: str, reference: int, met: dict[int, str], packing: Packing) -> Entry:
    """One entry; another name of a file met before is a hard link."""
    first = met.setdefault(reference, path)
    inode = image.inode(reference)
    if first != path:
        if inode.kind is EntryKind.DIRECTORY:
            raise MalformedArchive("a directory is in two places")
        return Entry(path, EntryKind.HARDLINK, target=first)
    if inode.kind is not EntryKind.FILE:
        return Entry(path, inode.kind, target=inode.target)
    stored = sum(size & 0xFFFFFF for size in inode.sizes)
    return Entry(path, EntryKind.FILE, _File(SquashFile(image, inode), stored, packing))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _zlib(data: bytes, limit: int) -> bytes:
    return zlib.decompressobj().decompress(data, limit)


def _lzma(data: bytes, limit: int) -> bytes:
    import lzma

    return lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=1 << 28).decompress(data, limit)


def _zstd(data: bytes, limit: int) -> bytes:
    from muslint.sources.compressed import zstd_module

    module = zstd_module()
    try:
        return bytes(module.ZstdDecompressor().decompress(data, limit))
    except module.ZstdError as error:
        raise MalformedArchive(str(error)) from None


_COMPRESSORS: dict[int, Callable[[bytes, int], bytes]] = {
    1: _zlib, 2: _lzma, 3: lzo_block, 4: _lzma, 5: lz4_block, 6: _zstd,
}  # fmt: skip

ARCHIVE = SquashfsFormat()
