"""A file system to look things up in: a directory, an archive, a table, or several joined."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple, Protocol

from muslint.elf.object import ElfObject, Readable


class Opened(NamedTuple):
    """A file that ``open`` gave."""

    path: str  # canonical path inside the tree, symbolic links resolved
    identity: Hashable  # equal for two names of one file: device and inode
    directory: bool
    data: Readable | None
    """The bytes; None for a directory, and for a file only known from a table."""
    object: ElfObject | None = None
    """What a table says of the file; with neither this nor bytes it is known only by name."""


class Tree(Protocol):
    """A file system to look things up in. Paths are absolute inside the tree, ``/`` its root."""

    def open(self, path: str) -> Opened | int:
        """Open ``path`` for reading as the kernel would; an error number when it cannot be."""
        ...
