"""Tar archives: v7, ustar, GNU and pax, whole or without the padding and end blocks that some writers leave out.

A reader of our own, because the archive is passed once and most of it is skipped: ``tarfile`` takes several times
as long for each member, keeps them all, and refuses archives whose last padding is missing (``umoci insert``).
Layout: POSIX pax (IEEE 1003.1 "ustar Interchange Format"), GNU tar manual "Basic Tar Format".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol
from zlib import adler32

from muslint.elf.object import Readable
from muslint.errors import MalformedArchive
from muslint.sources.archive import Packing
from muslint.sources.bytes import CHUNK, Slice
from muslint.sources.entry import HEAD, Content, Entry, EntryKind, Held, Passing
from muslint.sources.source import Source

BLOCK = 512
MAX_EXTENDED = 1 << 20
"""Largest long name or pax header that is read, in bytes."""

_KINDS = {
    b"0": EntryKind.FILE, b"\0": EntryKind.FILE, b"7": EntryKind.FILE, b"1": EntryKind.HARDLINK,
    b"2": EntryKind.SYMLINK, b"5": EntryKind.DIRECTORY, b"3": EntryKind.OTHER, b"4": EntryKind.OTHER,
    b"6": EntryKind.OTHER, b"S": EntryKind.FILE, b"D": EntryKind.DIRECTORY,
}  # fmt: skip
_ZEROS = bytes(BLOCK)


class _Blocks(Protocol):
    """Where the blocks of a tar come from."""

    def header(self) -> bytes: ...
    def content(self, size: int) -> Content: ...
    def past(self, size: int) -> None: ...


class _Placed:
    """A tar that can be read in any order: contents stay where they are."""

    def __init__(self, data: Readable) -> None:
        self._data, self._at = data, 0
        self._ahead = b""

    def header(self) -> bytes:
        # The first bytes of the content come with the header: they tell what it is.
        both = self._data.at(self._at, BLOCK + HEAD)
        self._at += BLOCK
        self._ahead = both[BLOCK:]
        return both[:BLOCK]

    def content(self, size: int) -> Content:
        part = Slice(self._data, self._at, size)
        if part.size < size:
            raise EOFError("it ends in the middle of a member")
        return _Part(part, self._ahead[:size])

    def past(self, size: int) -> None:
        self._at += -size % BLOCK + size


class _Part(Held):
    """A member whose first bytes are known already."""

    __slots__ = ("_head",)

    def __init__(self, data: Readable, head: bytes) -> None:
        super().__init__(data)
        self._head = head

    def head(self) -> bytes:
        return self._head


class _Streamed:
    """A tar that comes by once."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._content: Passing | None = None

    def header(self) -> bytes:
        return self._exactly(BLOCK)

    def content(self, size: int) -> Content:
        self._content = Passing(self._stream, size)
        return self._content

    def past(self, size: int) -> None:
        if self._content is not None:
            self._content.skip()
            self._content = None
            self._exactly(-size % BLOCK)
            return
        left = -size % BLOCK + size
        while left:
            chunk = self._stream.read(min(left, CHUNK))
            if not chunk:
                break
            left -= len(chunk)

    def _exactly(self, size: int) -> bytes:
        data = self._stream.read(size) if size else b""
        while 0 < len(data) < size:
            more = self._stream.read(size - len(data))
            if not more:
                break
            data += more
        return data


class TarFormat:
    """Tar."""

    name, order, seeks, installs = "tar", 50, False, False
    starts: tuple[bytes, ...] = ()

    def accepts(self, head: bytes) -> bool:
        """By the magic of ustar, GNU and pax; a v7 header by its checksum."""
        return len(head) >= BLOCK - 12 and (
            head[257:262] == b"ustar" or _checksum_holds(head[:BLOCK].ljust(BLOCK, b"\0"))
        )

    def entries(self, content: Content, packing: Packing) -> Iterator[Entry]:  # noqa: ARG002
        """The entries in file order."""
        return tar_entries(content)

    def whole(self, entries: Iterator[Entry], packing: Packing) -> tuple[Source | None, Iterator[Entry]]:
        """The images of a tar that ``docker save`` or an OCI tool wrote; None, and all entries, for any other."""
        from muslint.sources.images.archive import images_in

        return images_in(entries, packing)


def tar_entries(content: Content) -> Iterator[Entry]:
    """The entries of a tar in file order; ``entry.content`` is read before the next is asked for, or never.

    Raises EOFError where it ends within a member, MalformedArchive where a header is none. An end without end
    blocks is an end.
    """
    blocks: _Blocks = _Placed(content.data) if isinstance(content, Held) else _Streamed(content.stream())
    extended: dict[str, str] = {}
    shared: dict[str, str] = {}
    zeros = 0
    first = True
    while True:
        header = blocks.header()
        if not header:
            if extended:
                raise EOFError("it ends in the middle of a member")
            return
        if header == _ZEROS or not header.strip(b"\0"):
            zeros += 1
            # One gzip member after another (Alpine's apk) may each bring end blocks: what follows is read on.
            continue
        if len(header) < BLOCK:
            if zeros:
                return
            raise EOFError("it ends in the middle of a header")
        if not _checksum_holds(header):
            if zeros:
                return  # what follows the end blocks is not the tar's
            raise MalformedArchive("not a tar header" if first else "a header is damaged: what follows cannot be found")
        zeros, first = 0, False
        size = _number(header[124:136])
        sign = header[156:157]
        if sign in b"LKxgX" and sign:
            if size > MAX_EXTENDED:
                raise MalformedArchive(f"an extended header of {size} bytes")
            data = _whole(blocks, size)
            if sign == b"g":
                shared.update(_pax(data))
            elif sign in b"xX":
                extended.update(_pax(data))
            else:
                extended["path" if sign == b"L" else "linkpath"] = _text(data)
            continue
        said = {**shared, **extended} if shared else extended
        extended = {}
        if "size" in said and said["size"].isdigit():
            size = int(said["size"])
        entry = _entry(header, sign, said)
        if entry.kind is EntryKind.FILE and entry.trouble is None:
            entry.content = blocks.content(size)
        elif sign in b"12" and "size" not in said:
            size = 0  # old writers repeat the size of what is linked to, without its bytes
        yield entry
        blocks.past(size if sign != b"5" else 0)


def _entry(header: bytes, sign: bytes, said: dict[str, str]) -> Entry:
    """The entry of a header, without its content; ``said`` is what extended headers say."""
    kind = _KINDS.get(sign, EntryKind.FILE)
    path = said.get("path")
    if path is None:
        path = _text(header[:100])
        if header[345] and header[257:263] == b"ustar\0":
            path = f"{_text(header[345:500])}/{path}"
    if kind is not EntryKind.FILE:
        return Entry(path, kind, None, said.get("linkpath") or _text(header[157:257]))
    if path[-1:] == "/" and sign in (b"0", b"\0"):
        return Entry(path, EntryKind.DIRECTORY)  # v7 has no other sign for a directory
    if sign == b"S" or (said and any(key.startswith("GNU.sparse.") for key in said)):
        if sign == b"S" and header[482]:
            raise MalformedArchive("a sparse member with a long map: what follows cannot be found")
        return Entry(said.get("GNU.sparse.name", path), kind, None, trouble="a sparse member: its holes are not filled")
    return Entry(path, kind, mode=_mode(header[100:108]))


def _whole(blocks: _Blocks, size: int) -> bytes:
    content = blocks.content(size)
    data = content.stream().read(size)
    while len(data) < size:
        more = content.stream().read(size - len(data))
        if not more:
            raise EOFError("it ends in the middle of an extended header")
        data += more
    blocks.past(size)
    return data


def _checksum_holds(header: bytes) -> bool:
    """The sum of the header's bytes with the checksum field taken as blanks (some writers sum signed bytes)."""
    said = header[148:156]
    field = said.strip(b"\0 ")
    if not field.isdigit() or len(field) > 7:
        return False
    try:
        wanted = int(field, 8)
    except ValueError:
        return False
    # The low half of Adler-32 is one more than the sum of the bytes, modulo 65521: told at once for most headers.
    if adler32(header) & 0xFFFF == (1 + wanted - 256 + sum(said)) % 65521:
        return True
    total = sum(header) - sum(header[148:156]) + 256
    return wanted == total or wanted == total - 256 * sum(byte > 127 for byte in header[:148] + header[156:])


def _mode(field: bytes) -> int:
    """The permission bits; 0 where they are not readable: nobody's archive fails for them."""
    try:
        return int(field.rstrip(b"\0 "), 8) & 0o7777
    except ValueError:
        return 0


def _number(field: bytes) -> int:
    if field[0] & 0x80:  # GNU: base 256
        return int.from_bytes(bytes((field[0] & 0x7F,)) + field[1:], "big")
    text = field.rstrip(b"\0 ")
    if b"\0" in text:
        text = text.split(b"\0", 1)[0].strip()
    try:
        return int(text, 8) if text else 0
    except ValueError:
        raise MalformedArchive("a size that is no number") from None


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def _pax(data: bytes) -> Iterator[tuple[str, str]]:
    """The records of a pax header: ``LENGTH KEY=VALUE`` and a newline, the length being of the whole record."""
    at = 0
    while at < len(data):
        blank = data.find(b" ", at, at + 20)
        if blank < 0 or not data[at:blank].isdigit():
            return
        end = at + int(data[at:blank])
        key, equals, value = data[blank + 1 : end - 1].partition(b"=")
        if end <= blank or not equals:
            return
        yield _text(key), value.decode("utf-8", "surrogateescape")
        at = end


ARCHIVE = TarFormat()
