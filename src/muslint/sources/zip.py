"""Zip archives, and what is one: Python wheels, jars, NuGet packages.

Members are read when asked for and given back after: only the member in hand is in memory.
"""

from __future__ import annotations

import errno
import lzma
import struct
import zipfile
import zlib

from muslint.elf.header import MAGIC
from muslint.errors import MalformedElf, UnreadableSource
from muslint.sources.source import Member, Skipped, Source
from muslint.sources.tree import Opened

MAX_MEMBERS = 200_000
MAX_MEMBER_BYTES = 2 << 30
"""Largest member that is unpacked, in bytes."""

MAX_RATIO = 1000
"""Most a member may grow when unpacked; a deflate bomb grows by 1032."""

_ENCRYPTED = 0x1

# What Python's unpackers raise for bytes that are not what the directory says.
_DAMAGED = (OSError, zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, RuntimeError, zlib.error,
            lzma.LZMAError, struct.error)  # fmt: skip


class ZipMember:
    """The bytes of one member, unpacked on the first read and dropped by `close`."""

    __slots__ = ("_archive", "_data", "_info", "size")

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self._archive, self._info, self.size = archive, info, info.file_size
        self._data: bytes | None = None

    def at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``; MalformedElf where the member turns out to be damaged."""
        if self._data is None:
            try:
                self._data = self._archive.read(self._info)
            except _DAMAGED as error:
                raise MalformedElf(f"cannot be unpacked ({_said(error)})") from None
        return self._data[offset : offset + size] if size > 0 else b""

    def close(self) -> None:
        """Drop the unpacked bytes."""
        self._data = None


class ZipTree:
    """The members of a zip archive as a file tree."""

    def __init__(self, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> None:
        self._archive, self._members = archive, members
        self._directories = {path[:at] for path in members for at, sign in enumerate(path) if sign == "/"} | {""}

    def open(self, path: str) -> Opened | int:
        """Open a member by its normalised path; archives of this kind hold no symbolic links."""
        parts: list[str] = []
        for part in path.split("/"):
            if part == "..":
                parts = parts[:-1]
            elif part not in ("", "."):
                parts.append(part)
        inside = "/".join(parts)
        info = self._members.get(inside)
        if info is not None:
            return Opened("/" + inside, ("zip", inside), False, ZipMember(self._archive, info))
        return Opened("/" + inside, inside, True, None) if inside in self._directories else errno.ENOENT


class ZipSource:
    """``archive:PATH`` of a zip."""

    scheme, order = "archive", 30

    def accepts(self, path: str, scheme: str | None) -> bool:
        """A zip archive by its central directory."""
        return scheme == self.scheme or (scheme is None and zipfile.is_zipfile(path))

    def open(self, path: str, name: str) -> Source:
        """List the ELF members. A member that is encrypted, damaged or too large is skipped with the reason."""
        try:
            archive = zipfile.ZipFile(path)
        except _DAMAGED as error:
            raise UnreadableSource(f"{path}: not a readable zip archive ({_said(error)})") from None
        members: dict[str, zipfile.ZipInfo] = {}
        found: list[Member] = []
        skipped: list[Skipped] = []
        for info in archive.infolist()[:MAX_MEMBERS]:
            if info.filename.endswith("/"):
                continue
            inside = "/".join(part for part in info.filename.split("/") if part not in ("", "."))
            starts = b""
            if not inside or inside in members:
                reason: str | None = "a second member of that name" if inside else "it has no name"
            else:
                reason, starts = _look(archive, info)
            if reason:
                skipped.append(Skipped(info.filename, reason, (name,)))
                continue
            members[inside] = info
            if starts == MAGIC:
                found.append(Member("/" + inside, inside, (name,)))
        if len(archive.infolist()) > MAX_MEMBERS:
            skipped.append(Skipped(name, f"more than {MAX_MEMBERS} members: the rest was not read"))
        found.sort(key=lambda member: member.path)
        return Source(name, "zip", ZipTree(archive, members), tuple(found), tuple(skipped), shown=(("/", ""),))


def _look(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[str | None, bytes]:
    """Why a member is not read, None when it is; and its first four bytes."""
    if ".." in info.filename.split("/"):
        return "its name leads out of the archive", b""
    if info.flag_bits & _ENCRYPTED:
        return "encrypted", b""
    if info.file_size > MAX_MEMBER_BYTES:
        return f"{info.file_size} bytes unpacked: more than the limit of {MAX_MEMBER_BYTES}", b""
    if info.file_size > MAX_RATIO * max(info.compress_size, 1):
        return f"grows more than {MAX_RATIO} times when unpacked", b""
    try:
        with archive.open(info) as stream:
            return None, stream.read(len(MAGIC))
    except _DAMAGED as error:
        return f"cannot be unpacked ({_said(error)})", b""


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__


SOURCES = (ZipSource(),)
