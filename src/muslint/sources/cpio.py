"""cpio archives: new ASCII with and without checksums, portable ASCII (odc), old binary of both byte orders.

Layout: cpio(5); for archives after one another, the kernel's ``initramfs`` buffer format
(Documentation/driver-api/early-userspace/buffer-format.rst).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from muslint.errors import MalformedArchive
from muslint.sources.archive import Packing, compression_of
from muslint.sources.bytes import EMPTY
from muslint.sources.entry import HEAD, Content, Entry, EntryKind, Held
from muslint.sources.forward import Forward, exactly, forward

TRAILER = "TRAILER!!!"
MAX_NAME = 1 << 16
"""Longest name that is read, in bytes."""

_KINDS = {0o100000: EntryKind.FILE, 0o040000: EntryKind.DIRECTORY, 0o120000: EntryKind.SYMLINK}
_ASCII = (b"070701", b"070702")
_BINARY = (b"\xc7\x71", b"\x71\xc7")  # little-endian, big-endian


class Header(NamedTuple):
    """What one header says."""

    identity: tuple[int, int]  # device and inode
    mode: int
    links: int
    size: int  # bytes of the content
    name_size: int  # bytes, the ending zero included
    align: int  # of header with name, and of content, in bytes


class CpioFormat:
    """cpio."""

    name, order, seeks, installs = "cpio", 40, False, False
    starts: tuple[bytes, ...] = (*_ASCII, b"070707", *_BINARY)

    def accepts(self, head: bytes) -> bool:
        """By the magic number; an old binary header by its name field too, two bytes being few."""
        if head[:6] in (*_ASCII, b"070707"):
            return True
        return head[:2] in _BINARY and len(head) > 28 and 0 < _binary(head[:26]).name_size <= 4096

    def entries(self, content: Content, packing: Packing) -> Iterator[Entry]:
        """The entries of this archive and of those that follow it, as the kernel reads an initramfs."""
        archive = forward(content)
        while True:
            yield from cpio_entries(archive)
            while (padding := archive.peek(512)) and not padding.strip(b"\0"):
                archive.take(len(padding))
            archive.take(len(padding) - len(padding.lstrip(b"\0")))
            head = archive.peek(HEAD)
            if not head:
                return
            found = compression_of(head)
            if found is not None:
                archive = forward(packing.unpacked(archive.content(None), found))
            elif not self.accepts(head):
                packing.skip(packing.parents[-1], f"what follows the archive at byte {archive.at} is not known")
                return


def cpio_entries(archive: Forward, listed: Sequence[tuple[str, Header]] = ()) -> Iterator[Entry]:
    """The entries of one archive up to its trailer, in file order.

    Names of one file (hard links) may come before its content: newer formats write it with the last of them.
    ``listed`` are the names and headers that a stripped archive refers to by number (RPM, ``07070X``).
    Raises EOFError where it ends too early, MalformedArchive where a header is none.
    """
    waiting: dict[tuple[int, int], list[str]] = {}
    placed: dict[tuple[int, int], str] = {}
    while True:
        path, header = _next(archive, listed)
        if path == TRAILER:
            break
        kind = _KINDS.get(header.mode & 0o170000, EntryKind.OTHER)
        if kind is EntryKind.SYMLINK:
            target = exactly(archive, min(header.size, MAX_NAME), "a link's target")
            yield Entry(path, kind, target=_text(target))
        elif kind is not EntryKind.FILE:
            yield Entry(path, kind)
            archive.content(header.size)
            archive.past()
        elif header.links > 1 and not header.size:
            if header.identity in placed:
                yield Entry(path, EntryKind.HARDLINK, target=placed[header.identity])
            else:
                waiting.setdefault(header.identity, []).append(path)
        else:
            yield Entry(path, kind, archive.content(header.size))
            archive.past()
            if header.links > 1:
                placed.setdefault(header.identity, path)
                for name in waiting.pop(header.identity, ()):
                    yield Entry(name, EntryKind.HARDLINK, target=path)
        archive.take(-header.size % header.align)
    for names in waiting.values():
        yield from (Entry(name, EntryKind.FILE, Held(EMPTY)) for name in names)


def _next(archive: Forward, listed: Sequence[tuple[str, Header]]) -> tuple[str, Header]:
    magic = archive.take(6)
    if not magic:
        raise EOFError("it ends without its trailer")
    if magic == b"07070X" and listed:
        number = _number(exactly(archive, 10, "a header")[:8], 16)  # two bytes of padding
        if number >= len(listed):
            raise MalformedArchive(f"file {number} of a package of {len(listed)} files")
        return listed[number]
    if magic in _ASCII:
        header = _new_ascii(exactly(archive, 104, "a header"))
    elif magic == b"070707":
        header = _portable(exactly(archive, 70, "a header"))
    elif magic[:2] in _BINARY:
        header = _binary(magic + exactly(archive, 20, "a header"))
    else:
        raise MalformedArchive("a header is damaged: what follows cannot be found")
    if not 0 < header.name_size <= MAX_NAME:
        raise MalformedArchive(f"a name of {header.name_size} bytes")
    name = exactly(archive, header.name_size, "a name")
    length = {4: 110, 2: 26, 1: 0}[header.align] + header.name_size
    archive.take(-length % header.align)
    return _text(name), header


def _new_ascii(fields: bytes) -> Header:
    inode, mode, _, _, links, _, size, major, minor, _, _, name_size, _ = (
        _number(fields[at : at + 8], 16) for at in range(0, 104, 8)
    )
    return Header((major << 32 | minor, inode), mode, links, size, name_size, 4)


def _portable(fields: bytes) -> Header:
    device, inode, mode, _, _, links = (_number(fields[at : at + 6], 8) for at in range(0, 36, 6))
    return Header((device, inode), mode, links, _number(fields[59:70], 8), _number(fields[53:59], 8), 1)


def _binary(header: bytes) -> Header:
    order: Literal["little", "big"] = "little" if header[:2] == _BINARY[0] else "big"
    words = [int.from_bytes(header[at : at + 2], order) for at in range(0, 26, 2)]
    # Longer numbers have their high half first in both byte orders.
    return Header((words[1], words[2]), words[3], words[6], words[11] << 16 | words[12], words[10], 2)


def _number(field: bytes, base: int) -> int:
    try:
        return int(field, base)
    except ValueError:
        raise MalformedArchive("a header is damaged: what follows cannot be found") from None


def _text(name: bytes) -> str:
    return name.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


ARCHIVE = CpioFormat()
