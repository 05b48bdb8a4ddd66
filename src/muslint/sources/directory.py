"""A directory on disk as a file tree of its own: ``/`` is the directory, and no link leads out of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator

from muslint.elf.header import MAGIC
from muslint.sources.bytes import FileBytes
from muslint.sources.entry import HEAD
from muslint.sources.resolve import ResolvingTree
from muslint.sources.tree import Opened

IDENTIFIED = 20
"""Bytes of an ELF header that say class, byte order, type and machine."""


class DirectoryTree(ResolvingTree["os.DirEntry[str]"]):
    """A `Tree` over a directory. Symbolic links resolve inside it, as under ``chroot``.

    The directory is taken not to change while the tree is in use: what was looked up is remembered.
    """

    def __init__(self, root: str) -> None:
        """``root`` is a path on this machine; an empty one means the machine's own root."""
        super().__init__()
        self.root = root.rstrip("/")
        self._listings: dict[str, dict[str, os.DirEntry[str]] | int] = {}
        self._devices: dict[str, int] = {}
        self._opened: dict[str, Opened | int] = {}
        self._unreadable: dict[str, str] = {}

    def open(self, path: str) -> Opened | int:
        """Open ``path`` for reading; an error number when the kernel would give one."""
        known = self._opened.get(path)
        if known is None:
            known = self._opened[path] = self._open(path)
        return known

    def _open(self, path: str) -> Opened | int:
        found = self.resolve(path)
        if isinstance(found, int):
            return found
        canonical, entry, _ = found
        host = self.root + canonical
        if entry is None or entry.is_dir(follow_symlinks=False):
            return Opened(canonical, canonical, True, None)
        try:
            if not entry.is_file(follow_symlinks=False):
                mode = entry.stat(follow_symlinks=False).st_mode
                return errno.ENXIO if stat.S_ISSOCK(mode) else Opened(canonical, canonical, True, None)
            identity = (self._device(canonical.rpartition("/")[0]), entry.inode())
            return Opened(canonical, identity, False, FileBytes(host))
        except OSError as error:
            return error.errno or errno.EIO

    def _device(self, directory: str) -> int:
        known = self._devices.get(directory)
        if known is None:
            known = self._devices[directory] = os.stat(self.root + directory + "/").st_dev
        return known

    def _listing(self, directory: str) -> dict[str, os.DirEntry[str]] | int:
        known = self._listings.get(directory)
        if known is None:
            try:
                with os.scandir(self.root + directory + "/") as entries:
                    known = {entry.name: entry for entry in entries}
            except OSError as error:
                known = error.errno or errno.EIO
            self._listings[directory] = known
        return known

    def _link(self, directory: str, name: str) -> str:
        return os.readlink(f"{self.root}{directory}/{name}")

    def unreadable(self) -> tuple[tuple[str, str], ...]:
        """Directories met so far that cannot be listed, and files that cannot be read, with the reason."""
        return tuple(sorted(self._unreadable.items()))

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Every regular file below the root: canonical path and first `HEAD` bytes, in path order.

        Symbolic links are not followed; what cannot be read is left out (the kernel would not load it either).
        """
        found = []
        stack = [""]
        while stack:
            directory = stack.pop()
            listing = self._listing(directory)
            if isinstance(listing, int):
                self._unreadable[directory or "/"] = f"cannot be listed: {os.strerror(listing)}"
                continue
            for name, entry in listing.items():
                if entry.is_dir(follow_symlinks=False):
                    stack.append(f"{directory}/{name}")
                elif entry.is_file(follow_symlinks=False):
                    found.append(f"{directory}/{name}")
        return ((path, self._head(path)) for path in sorted(found))

    def elf_files(self) -> Iterator[tuple[str, bytes]]:
        """Every regular ELF file below the root: canonical path and first bytes, in path order."""
        return ((path, head) for path, head in self.files() if head[:4] == MAGIC and len(head) >= IDENTIFIED)

    def content(self, path: str) -> FileBytes:
        """The bytes of a regular file at a canonical path; raises OSError."""
        return FileBytes(self.root + path)

    def _head(self, path: str) -> bytes:
        try:
            fd = os.open(self.root + path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            self._unreadable[path] = f"cannot be read: {os.strerror(error.errno or 0)}"
            return b""
        try:
            return os.read(fd, HEAD)
        except OSError as error:
            self._unreadable[path] = f"cannot be read: {os.strerror(error.errno or 0)}"
            return b""
        finally:
            os.close(fd)
