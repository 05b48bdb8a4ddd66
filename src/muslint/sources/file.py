"""A single ELF file. What its rpath reaches beside it is found; nothing else of this machine is."""

from __future__ import annotations

import os

from muslint.elf.header import MAGIC
from muslint.errors import UnreadableSource
from muslint.sources.directory import DirectoryTree
from muslint.sources.labels import claims_of
from muslint.sources.limits import Limits
from muslint.sources.source import Member, Source
from muslint.sources.tree import Opened


class FileSource:
    """``file:PATH``."""

    scheme, order = "file", 10

    def accepts(self, path: str, scheme: str | None) -> bool:
        """An ELF file by its magic number."""
        if scheme is not None:
            return scheme == self.scheme
        try:
            with open(path, "rb") as stream:
                return stream.read(4) == MAGIC
        except OSError:
            return False

    def open(self, path: str, name: str, limits: Limits) -> Source:
        """Open it together with the file system around it, for ``$ORIGIN``, and what it carries (an AppImage)."""
        absolute = os.path.realpath(path)
        if not os.path.isfile(absolute):
            raise UnreadableSource(f"{path}: not a regular file")
        if not os.access(absolute, os.R_OK):
            raise UnreadableSource(f"{path}: permission denied")
        # The real directory stands for the one the user wrote.
        inside, shown = os.path.dirname(absolute), os.path.dirname(path)
        prefix = (inside.rstrip("/") + "/", shown + "/" if shown and shown != "/" else shown)
        target = os.path.basename(absolute)
        shown_links = ((absolute, path), prefix) if os.path.basename(path) != target else (prefix,)
        claims = tuple(claims_of("file", path, {}, (absolute,)))
        inner = _carried(absolute, name, limits)
        return Source(name, "file", Beside(), (Member(absolute, path),), shown=shown_links, claims=claims, inner=inner)


def _carried(path: str, name: str, limits: Limits) -> tuple[Source, ...]:
    """The file system behind a program, where it is an AppImage."""
    with open(path, "rb") as stream:
        if stream.read(10)[8:] != b"AI":
            return ()
    from muslint.sources.archive import Unpacker
    from muslint.sources.bytes import FileBytes
    from muslint.sources.entry import Held

    content = Held(FileBytes(path))
    found = Unpacker(limits).unpack(name, content, ())
    content.data.close()
    return (found,) if found is not None else ()


class Beside:
    """The machine's files, seen only through the paths an rpath spells out."""

    def __init__(self) -> None:
        self._tree = DirectoryTree("")

    def open(self, path: str) -> Opened | int:
        """Open a file of this machine."""
        return self._tree.open(path)


SOURCES = (FileSource(),)
