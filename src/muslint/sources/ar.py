"""Unix archives (``ar``): static libraries, and the outside of Debian packages.

Layout: ar(5), GNU's long names (``//`` and ``/OFFSET``), BSD's (``#1/LENGTH``); ``ar.h``. There is no standard.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from muslint.errors import MalformedArchive
from muslint.sources.archive import Packing
from muslint.sources.entry import Content, Entry, EntryKind
from muslint.sources.forward import Forward, exactly, forward

MAGIC, THIN = b"!<arch>\n", b"!<thin>\n"
HEADER = 60
MAX_NAMES = 64 << 20
"""Largest table of long names that is read, in bytes."""

_SYMBOLS = ("/", "/SYM64", "__.SYMDEF", "__.SYMDEF SORTED", "__.SYMDEF_64", "__.SYMDEF_64 SORTED")


class ArMember(NamedTuple):
    """One member; its content is read before the next is asked for, or never."""

    name: str
    size: int
    content: Content | None  # None in a thin archive: the file lies elsewhere


class ArFormat:
    """A static library or another ``ar`` archive."""

    name, order, seeks, installs = "ar", 40, False, False
    starts: tuple[bytes, ...] = (MAGIC, THIN)

    def accepts(self, head: bytes) -> bool:
        """By the magic string."""
        return head[:8] in (MAGIC, THIN)

    def entries(self, content: Content, packing: Packing) -> Iterator[Entry]:  # noqa: ARG002
        """The members in file order; a second one of a name is told apart by its number."""
        met: dict[str, int] = {}
        for member in ar_members(content):
            number = met[member.name] = met.get(member.name, 0) + 1
            path = member.name if number == 1 else f"{member.name}({number})"
            trouble = None if member.content is not None else "a thin archive only names it: it lies elsewhere"
            yield Entry(path, EntryKind.FILE, member.content, trouble=trouble)


def ar_members(content: Content) -> Iterator[ArMember]:
    """The members of an archive, symbol tables and tables of names left out.

    Raises EOFError where it ends within a member, MalformedArchive where a header is none.
    """
    archive = forward(content)
    thin = archive.take(8) == THIN
    names = b""
    while header := archive.take(HEADER):
        if header[:1] == b"\n" and not header.strip(b"\n"):
            return
        if len(header) < HEADER:
            raise EOFError("it ends in the middle of a header")
        if header[58:] != b"`\n":
            raise MalformedArchive("a header is damaged: what follows cannot be found")
        name, size = header[:16].rstrip(b" "), _number(header[48:58])
        if name == b"//":
            if size > MAX_NAMES:
                raise MalformedArchive(f"a table of names of {size} bytes")
            names = exactly(archive, size, "its table of names")
        elif name.decode("latin-1") in _SYMBOLS:
            archive.content(size)
            archive.past()
        else:
            said, size = _named(name, size, names, archive)
            if said not in _SYMBOLS:
                yield ArMember(said, size, None if thin else archive.content(size))
            elif not thin:
                archive.content(size)
            if not thin:
                archive.past()
        if archive.at & 1:
            archive.take(1)


def _named(name: bytes, size: int, names: bytes, archive: Forward) -> tuple[str, int]:
    """A member's name and the size of its content, which a BSD name is a part of."""
    if name.startswith(b"#1/") and name[3:].isdigit():
        length = min(int(name[3:]), size, 1 << 16)
        return _text(exactly(archive, length, "a name").rstrip(b"\0")), size - length
    if name[:1] == b"/" and name[1:].isdigit():
        start = int(name[1:])
        return _text(names[start : start + (1 << 16)].split(b"\n", 1)[0].removesuffix(b"/")), size
    return _text(name.removesuffix(b"/")), size


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _number(field: bytes) -> int:
    text = field.strip()
    if not text.isdigit():
        raise MalformedArchive("a size that is no number")
    return int(text)


ARCHIVE = ArFormat()
