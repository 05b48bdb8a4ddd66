"""AppImages: a program, the runtime, with a file system behind it (type 2) or around it (type 1) (AppImageSpec)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from muslint.elf.header import MAGIC
from muslint.elf.object import Readable
from muslint.errors import MalformedArchive
from muslint.sources.archive import Packing
from muslint.sources.bytes import Slice
from muslint.sources.entry import Content, Entry, Held
from muslint.sources.iso9660 import iso_entries
from muslint.sources.squashfs import MAGIC as SQUASHFS
from muslint.sources.squashfs import squashfs_entries


class AppImageFormat:
    """An AppImage; the runtime itself is a program like any other, looked at where it lies."""

    name, order, seeks, installs = "appimage", 20, True, False
    starts: tuple[bytes, ...] = (MAGIC,)

    def accepts(self, head: bytes) -> bool:
        """An ELF file with ``AI`` and the type in the padding of its header."""
        return head.startswith(MAGIC) and head[8:11] in (b"AI\x01", b"AI\x02")

    def entries(self, content: Content, packing: Packing) -> Iterator[Entry]:
        """The files of its file system: SquashFS behind the program, or ISO 9660 whose first sectors it lies in."""
        assert isinstance(content, Held)
        if content.head()[10] == 1:
            return iso_entries(content.data, packing)
        start = _end_of_elf(content.data)
        inside = Slice(content.data, start, content.data.size - start)
        magic = inside.at(0, 6)
        if magic[:4] == SQUASHFS:
            return squashfs_entries(inside, packing)
        if magic == b"DWARFS":
            raise MalformedArchive("its file system is DwarFS, which is not read: unpack it with --appimage-extract")
        raise MalformedArchive("no file system behind the program: unpack it with --appimage-extract")


def _end_of_elf(data: Readable) -> int:
    """Where the program ends in the file: behind its section headers and every section."""
    head = data.at(0, 64)
    wide, order = head[4:5] == b"\x02", "<" if head[5:6] == b"\x01" else ">"
    if len(head) < 64:
        raise EOFError("it ends in the middle of its header")
    start: int = struct.unpack_from(order + ("Q" if wide else "I"), head, 0x28 if wide else 0x20)[0]
    size, count = struct.unpack_from(order + "2H", head, 0x3A if wide else 0x2E)
    table = data.at(start, size * count)
    fields = struct.Struct(order + ("4x I 16x 2Q" if wide else "4x I 8x 2I"))
    end = start + size * count
    for at in range(0, len(table) - size + 1, size) if size >= fields.size else ():
        kind, offset, length = fields.unpack_from(table, at)
        if kind != 8:  # SHT_NOBITS takes no room
            end = max(end, int(offset + length))
    return int(end)


ARCHIVE = AppImageFormat()
