"""A directory: a whole root file system when it holds a musl loader, else a part of one."""

from __future__ import annotations

import os

from muslint.errors import UnreadableSource
from muslint.sources.directory import DirectoryTree
from muslint.sources.source import Member, Skipped, Source


def is_root(tree: DirectoryTree) -> bool:
    """Whether a directory is a root file system with a musl loader in ``/lib``."""
    return any(name.startswith("ld-musl-") and name.endswith(".so.1") for name in tree.names("/lib"))


class FolderSource:
    """``dir:PATH`` and, with ``rootfs:PATH``, a whole file system."""

    order = 20

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme

    def accepts(self, path: str, scheme: str | None) -> bool:
        """A directory."""
        return scheme == self.scheme or (scheme is None and self.scheme == "dir" and os.path.isdir(path))

    def open(self, path: str, name: str) -> Source:
        """List its ELF files; symbolic links are not followed."""
        if not os.path.isdir(path):
            raise UnreadableSource(f"{path}: not a directory")
        tree = DirectoryTree(path)
        closed = self.scheme == "rootfs" or is_root(tree)
        members = tuple(Member(inside, inside if closed else inside[1:]) for inside, _ in tree.elf_files())
        skipped = tuple(Skipped(inside, reason) for inside, reason in tree.unreadable())
        return Source(name, "root" if closed else "directory", tree, members, skipped, closed, (("/", ""),))


SOURCES = (FolderSource("dir"), FolderSource("rootfs"))
