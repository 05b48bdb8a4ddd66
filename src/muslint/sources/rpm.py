"""RPM packages: lead, signature, header, and a payload of files as cpio (RPM Reference Manual, "Package format").

The payload is found by content, whatever the header says of its compression. Version 6 packages, and version 4
ones with files beyond 4 GiB, have a payload without names: those are in the header.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Sequence

from muslint.errors import MalformedArchive
from muslint.sources.archive import Packing, compression_of, compressions
from muslint.sources.cpio import Header, cpio_entries
from muslint.sources.entry import Content, Entry
from muslint.sources.forward import Forward, exactly, forward

MAGIC = b"\xed\xab\xee\xdb"
LEAD = 96
HEADER_MAGIC = b"\x8e\xad\xe8"
MAX_HEADER = 256 << 20
"""Largest header that is read, in bytes: rpm's own bound (``headerMaxbytes``)."""

_NAME, _VERSION, _RELEASE, _OS, _ARCH = 1000, 1001, 1002, 1021, 1022
_SIZES, _MODES, _DEVICES, _INODES = 1028, 1030, 1095, 1096
_DIRECTORIES, _BASE_NAMES, _DIRECTORY_NAMES = 1116, 1117, 1118
_PAYLOAD_FORMAT, _PAYLOAD_COMPRESSOR, _LONG_SIZES = 1124, 1125, 5008
_TEXT = {_NAME: "name", _VERSION: "version", _RELEASE: "release", _ARCH: "arch", _OS: "os",
         _PAYLOAD_COMPRESSOR: "payload"}  # fmt: skip
_NUMBERS = {2: "b", 3: "H", 4: "I", 5: "Q"}  # header data types → struct codes


class Tags:
    """The tags of one header, read when asked for."""

    def __init__(self, index: bytes, store: bytes) -> None:
        self._store = store
        self._entries = {tag: (kind, at, count) for tag, kind, at, count in struct.iter_unpack(">4I", index)}

    def numbers(self, tag: int) -> Sequence[int]:
        """The numbers of a tag; empty without it."""
        kind, at, count = self._entries.get(tag, (0, 0, 0))
        code = _NUMBERS.get(kind)
        if code is None or at + struct.calcsize(code) * count > len(self._store):
            return ()
        return struct.unpack_from(f">{count}{code}", self._store, at)

    def texts(self, tag: int) -> Sequence[str]:
        """The strings of a tag; empty without it."""
        kind, at, count = self._entries.get(tag, (0, 0, 0))
        if kind not in (6, 8, 9) or count > len(self._store):
            return ()
        found = []
        for _ in range(count):
            end = self._store.find(b"\0", at)
            if end < 0:
                break
            found.append(self._store[at:end].decode("utf-8", "surrogateescape"))
            at = end + 1
        return found


class RpmFormat:
    """An RPM package."""

    name, order, seeks, installs = "rpm", 20, False, True
    starts: tuple[bytes, ...] = (MAGIC,)

    def accepts(self, head: bytes) -> bool:
        """By the magic of the lead."""
        return head.startswith(MAGIC)

    def entries(self, content: Content, packing: Packing) -> Iterator[Entry]:
        """The files; name, version, architecture and compression are kept as the text ``rpm/header``."""
        package = forward(content)
        exactly(package, LEAD, "its lead")
        _, signature = _header(package)
        package.take(-signature % 8)
        tags, _ = _header(package)
        said = [f"{word}={text}\n" for tag, word in _TEXT.items() for text in tags.texts(tag)[:1]]
        packing.texts["rpm/header"] = "".join(said).encode("utf-8", "surrogateescape")
        form = next(iter(tags.texts(_PAYLOAD_FORMAT)), "cpio")
        if form != "cpio":
            raise MalformedArchive(f"a payload of format {form}, not cpio")
        payload = package.content(None)
        found = compression_of(payload.head())
        if found is None and "lzma" in tags.texts(_PAYLOAD_COMPRESSOR):
            found = next(kind for kind in compressions() if kind.name == "lzma")
        if payload.head():
            inside = payload if found is None else packing.unpacked(payload, found)
            yield from cpio_entries(forward(inside), _listed(tags))
        elif tags.texts(_BASE_NAMES):
            raise EOFError("it ends before its payload")


def _header(package: Forward) -> tuple[Tags, int]:
    """A header and the bytes it takes."""
    start = exactly(package, 16, "a header")
    count, size = struct.unpack_from(">2I", start, 8)
    if start[:3] != HEADER_MAGIC:
        raise MalformedArchive("a header is damaged: what follows cannot be found")
    if 16 * count + size > MAX_HEADER:
        raise MalformedArchive(f"a header of {16 * count + size} bytes")
    index = exactly(package, 16 * count, "a header")
    return Tags(index, exactly(package, size, "a header")), 16 + 16 * count + size


def _listed(tags: Tags) -> list[tuple[str, Header]]:
    """Names and headers of all files, for a payload that refers to them by number.

    Of several names of one file only the last has content in the payload (rpm ``rpmfiArchiveReadHeader``).
    """
    directories, names = tags.texts(_DIRECTORY_NAMES), tags.texts(_BASE_NAMES)
    places, modes = tags.numbers(_DIRECTORIES), tags.numbers(_MODES)
    sizes = tags.numbers(_LONG_SIZES) or tags.numbers(_SIZES)
    inodes, devices = tags.numbers(_INODES), tags.numbers(_DEVICES)
    if not len(names) == len(places) == len(modes) == len(sizes) == len(inodes):
        return []
    last = {inode: at for at, inode in enumerate(inodes)}
    links = Counter(inodes)
    found = []
    for at, (name, place, mode, size, inode) in enumerate(zip(names, places, modes, sizes, inodes)):
        directory = directories[place] if place < len(directories) else ""
        written = mode & 0o170000 == 0o120000 or (mode & 0o170000 == 0o100000 and last[inode] == at)
        identity = (devices[at] if at < len(devices) else 0, inode)
        found.append((directory + name, Header(identity, mode, links[inode], size if written else 0, 0, 4)))
    return found


ARCHIVE = RpmFormat()
