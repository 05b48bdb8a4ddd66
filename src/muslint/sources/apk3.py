"""Alpine packages of the third format (apk-v3(5); apk-tools ``adb.h``, ``apk_adb.h``, ``extract_v3.c``).

A file is a header and blocks: one ADB block, a tree of tagged values that says everything about the package and
its files; signatures; and a DATA block for each file that has content.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from muslint.errors import MalformedArchive
from muslint.sources.archive import DAMAGED, Compression, Packing, compressions
from muslint.sources.bytes import EMPTY
from muslint.sources.compressed import Unpacked
from muslint.sources.entry import Content, Entry, EntryKind, Held
from muslint.sources.forward import Forward, exactly, forward

MAX_TREE = 256 << 20
"""Largest ADB block that is read, in bytes: offsets in it have 28 bits."""

_ADB, _DATA, _EXTENDED = 0, 2, 3
_SIZE = 0x3FFFFFFF
_INT, _INT_32, _INT_64, _BLOB_8, _BLOB_16, _BLOB_32, _ARRAY, _OBJECT = 1, 2, 3, 8, 9, 10, 13, 14
# Numbers of fields (apk_adb.h).
_PACKAGE_INFO, _PATHS = 1, 2
_INFO = {1: "pkgname", 2: "pkgver", 5: "arch"}
_PATH_NAME, _PATH_FILES = 1, 3
_FILE_NAME, _FILE_SIZE, _FILE_TARGET = 1, 3, 6
_TARGETS = {0o120000: EntryKind.SYMLINK, 0o100000: EntryKind.HARDLINK}


class Tree:
    """The values of an ADB block. What is not there, or lies outside it, is an empty value."""

    def __init__(self, block: bytes) -> None:
        self._block = block
        self.root = int.from_bytes(block[4:8], "little")

    def slots(self, value: int) -> tuple[int, ...]:
        """The slots of an array or object, numbered from 1: index 0 holds their number."""
        at = value & 0x0FFFFFFF
        if value >> 28 not in (_ARRAY, _OBJECT) or at + 4 > len(self._block):
            return (0,)
        count = int.from_bytes(self._block[at : at + 4], "little")
        if at + 4 * count > len(self._block):
            raise MalformedArchive("a list reaches beyond its block")
        return struct.unpack_from(f"<{max(1, count)}I", self._block, at)

    def slot(self, value: int, number: int) -> int:
        """One slot of an object; null (0) where it has no such slot."""
        slots = self.slots(value)
        return slots[number] if number < len(slots) else 0

    def blob(self, value: int) -> bytes:
        """The bytes of a blob."""
        width = {_BLOB_8: 1, _BLOB_16: 2, _BLOB_32: 4}.get(value >> 28)
        if width is None:
            return b""
        at = (value & 0x0FFFFFFF) + width
        size = int.from_bytes(self._block[at - width : at], "little")
        return self._block[at : at + size]

    def text(self, value: int) -> str:
        """A blob as text."""
        return self.blob(value).decode("utf-8", "surrogateescape")

    def number(self, value: int) -> int:
        """The number of an integer."""
        at, kind = value & 0x0FFFFFFF, value >> 28
        if kind == _INT:
            return at
        width = {_INT_32: 4, _INT_64: 8}.get(kind, 0)
        return int.from_bytes(self._block[at : at + width], "little")


class Apk3Format:
    """An Alpine package, format 3, as it is or compressed."""

    name, order, seeks, installs = "apk", 20, False, True
    starts: tuple[bytes, ...] = (b"ADB.", b"ADBd", b"ADBc")

    def accepts(self, head: bytes) -> bool:
        """By the magic number."""
        return head[:4] in (b"ADB.", b"ADBd", b"ADBc")

    def entries(self, content: Content, packing: Packing) -> Iterator[Entry]:
        """The files; name, version and architecture are kept as the text ``.PKGINFO``, as format 2 writes them.

        An index or a database of installed packages has no files: MalformedArchive.
        """
        archive = _opened(content, packing)
        header = exactly(archive, 8, "its header")
        if header[:4] != b"ADB.":
            raise MalformedArchive("no ADB file in it")
        if header[4:] != b"pckg":
            raise MalformedArchive("an index or database of packages, not a package")
        files, damage = _Files(), None
        try:
            yield from _blocks(archive, files, packing)
        except DAMAGED as error:
            damage = error
        unread = set(files.waiting.values())
        for path in sorted(unread):
            packing.skip(path, "its content is not in the package")
        yield from (link for link in files.links if link.target not in unread)
        if damage is not None:
            raise damage


class _Files:
    """What the description says of the files, until their content comes."""

    def __init__(self) -> None:
        self.waiting: dict[tuple[int, int], str] = {}  # numbers of path and file → path
        self.links: list[Entry] = []  # hard links: they are made when all content is there


def _blocks(archive: Forward, files: _Files, packing: Packing) -> Iterator[Entry]:
    tree: Tree | None = None
    while (block := _block(archive)) is not None:
        kind, size, padding = block
        if kind == _ADB and tree is None:
            if size > MAX_TREE:
                raise MalformedArchive(f"a block of {size} bytes that describes the package")
            tree = Tree(exactly(archive, size, "the block that describes it"))
            packing.texts[".PKGINFO"] = _info(tree)
            yield from _described(tree, files)
        elif kind == _DATA and size >= 8:
            place = struct.unpack("<2I", exactly(archive, 8, "a file"))
            yield from _file(archive, files.waiting.pop(place, None), size - 8)
        else:
            archive.content(size)
            archive.past()
        archive.take(padding)


def _opened(content: Content, packing: Packing) -> Forward:
    """The file behind what compresses it."""
    head = content.head()[:6]
    if head[:4] == b"ADB.":
        return forward(content)
    archive = forward(content)
    archive.take(4 if head[3:4] == b"d" else 6)
    method = 1 if head[3:4] == b"d" else head[4]
    rest = archive.content(None)
    if method == 0:
        return forward(rest)
    if method == 1:
        return forward(packing.unpacked(rest, _DEFLATE))
    if method == 2:
        return forward(packing.unpacked(rest, next(kind for kind in compressions() if kind.name == "zstd")))
    raise MalformedArchive(f"compression {method} is not known")


def _inflated(packed: BinaryIO) -> BinaryIO:
    return Unpacked(packed, lambda: zlib.decompressobj(wbits=-15), lambda _: False)  # type: ignore[return-value]


_DEFLATE = Compression("deflate", (), (), lambda _: False, _inflated)


def _block(archive: Forward) -> tuple[int, int, int] | None:
    """Kind of the next block, the bytes of its content and of the padding after it; None at the end."""
    word = archive.take(4)
    if not word:
        return None
    value = int.from_bytes(word.ljust(4, b"\0"), "little")
    kind, raw, header = value >> 30, value & _SIZE, 4
    if kind == _EXTENDED:
        kind, header = raw, 16
        raw = int.from_bytes(exactly(archive, 12, "the header of a block")[4:], "little")
    if len(word) < 4 or raw < header:
        raise EOFError("it ends in the middle of the header of a block")
    return kind, raw - header, -raw % 8


def _info(tree: Tree) -> bytes:
    info = tree.slot(tree.root, _PACKAGE_INFO)
    lines = [f"{word} = {tree.text(tree.slot(info, number))}\n" for number, word in _INFO.items()]
    return "".join(lines).encode("utf-8", "surrogateescape")


def _described(tree: Tree, files: _Files) -> Iterator[Entry]:
    """Everything that has no content of its own; what has, or is a second name of that, waits in ``files``."""
    for number, path in enumerate(tree.slots(tree.slot(tree.root, _PATHS))[1:], 1):
        directory = tree.text(tree.slot(path, _PATH_NAME))
        if directory:
            yield Entry(directory, EntryKind.DIRECTORY)
        for place, file in enumerate(tree.slots(tree.slot(path, _PATH_FILES))[1:], 1):
            name = tree.text(tree.slot(file, _FILE_NAME))
            full = f"{directory}/{name}" if directory else name
            target = tree.blob(tree.slot(file, _FILE_TARGET))
            if target:  # the mode's kind of file, then what a link names or the number of a device
                kind = _TARGETS.get(int.from_bytes(target[:2], "little"), EntryKind.OTHER)
                entry = Entry(full, kind, target=target[2:].decode("utf-8", "surrogateescape"))
                if kind is EntryKind.HARDLINK:
                    files.links.append(entry)
                else:
                    yield entry
            elif tree.number(tree.slot(file, _FILE_SIZE)):
                files.waiting[number, place] = full
            else:
                yield Entry(full, EntryKind.FILE, Held(EMPTY))


def _file(archive: Forward, path: str | None, size: int) -> Iterator[Entry]:
    content = archive.content(size)
    if path is not None:
        yield Entry(path, EntryKind.FILE, content)
    archive.past()


ARCHIVE = Apk3Format()
