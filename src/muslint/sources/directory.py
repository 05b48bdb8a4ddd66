"""A directory on disk as a file tree of its own: ``/`` is the directory, and no link leads out of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator

from muslint.elf.header import MAGIC
from muslint.sources.bytes import FileBytes
from muslint.sources.tree import Opened

_MAX_LINKS = 40
"""Symbolic links the kernel follows in one path before it says ELOOP."""


_Found = tuple[str, os.DirEntry[str] | None, int]
"""Canonical path, its directory entry (None for the root itself), and how many links led there."""


class DirectoryTree:
    """A `Tree` over a directory. Symbolic links resolve inside it, as under ``chroot``.

    The directory is taken not to change while the tree is in use: what was looked up is remembered.
    """

    def __init__(self, root: str) -> None:
        """``root`` is a path on this machine; an empty one means the machine's own root."""
        self.root = root.rstrip("/")
        self._found: dict[str, _Found | int] = {}
        self._directories: dict[str, _Found | int] = {}
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

    def resolve(self, path: str) -> _Found | int:
        """The canonical path and directory entry behind ``path``; an error number when there is none."""
        known = self._found.get(path)
        if known is None:
            head, slash, last = path.rpartition("/")
            # Most look-ups share few directories, so the directory is resolved and remembered by itself.
            if slash and head and last not in ("", ".", ".."):
                directory = self._directories.get(head)
                if directory is None:
                    directory = self._directories[head] = self._walk("", head)
                known = self._step(directory, last)
            else:
                known = self._walk("", path)
            self._found[path] = known
        return known

    def _step(self, found: _Found | int, name: str) -> _Found | int:
        if isinstance(found, int):
            return found
        directory, entry, links = found
        if entry is not None and not entry.is_dir(follow_symlinks=False):
            return errno.ENOTDIR
        listing = self._listing(directory)
        if isinstance(listing, int):
            return listing
        if len(os.fsencode(name)) > 255:
            return errno.ENAMETOOLONG
        child = listing.get(name)
        if child is None:
            return errno.ENOENT
        if child.is_symlink():
            return self._walk(directory, name, links)
        return f"{directory}/{name}", child, links

    def _walk(self, start: str, path: str, links: int = 0) -> _Found | int:
        """Follow ``path`` from canonical directory ``start``, links and all (Linux path_resolution(7)).

        ``links`` is how many were followed on the way to ``start``: the kernel counts those of a whole path.
        """
        if not path:
            return errno.ENOENT
        if len(os.fsencode(path)) >= 4096:
            return errno.ENAMETOOLONG
        here: list[tuple[str, os.DirEntry[str] | None]] = [("", None)]
        if start and not path.startswith("/"):
            here = self._ancestors(start)
        pending = [part for part in reversed(path.split("/")) if part]
        must_be_directory = path.endswith("/")
        while pending:
            part = pending.pop()
            directory, entry = here[-1]
            if entry is not None and not entry.is_dir(follow_symlinks=False):
                return errno.ENOTDIR
            if part == ".":
                continue
            if part == "..":
                if len(here) > 1:
                    here.pop()
                continue
            if len(os.fsencode(part)) > 255:
                return errno.ENAMETOOLONG
            listing = self._listing(directory)
            if isinstance(listing, int):
                return listing
            child = listing.get(part)
            if child is None:
                return errno.ENOENT
            if child.is_symlink():
                links += 1
                if links > _MAX_LINKS:
                    return errno.ELOOP
                target = os.readlink(self.root + directory + "/" + part)
                if target.startswith("/"):
                    here = here[:1]
                if target.endswith("/") and not pending:
                    must_be_directory = True
                pending.extend(piece for piece in reversed(target.split("/")) if piece)
                continue
            here.append((f"{directory}/{part}", child))
        canonical, entry = here[-1]
        if must_be_directory and entry is not None and not entry.is_dir(follow_symlinks=False):
            return errno.ENOTDIR
        return canonical, entry, links

    def _ancestors(self, directory: str) -> list[tuple[str, os.DirEntry[str] | None]]:
        chain: list[tuple[str, os.DirEntry[str] | None]] = [("", None)]
        for part in directory.split("/")[1:]:
            listing = self._listing(chain[-1][0])
            entry = listing.get(part) if not isinstance(listing, int) else None
            chain.append((f"{chain[-1][0]}/{part}", entry))
        return chain

    def names(self, directory: str) -> tuple[str, ...]:
        """The names in a directory, links in its path followed, sorted; none where it cannot be listed."""
        found = self.resolve(directory)
        listing = self._listing(found[0]) if not isinstance(found, int) else found
        return () if isinstance(listing, int) else tuple(sorted(listing))

    def unreadable(self) -> tuple[tuple[str, str], ...]:
        """Directories met so far that cannot be listed, and files that cannot be read, with the reason."""
        return tuple(sorted(self._unreadable.items()))

    def elf_files(self) -> Iterator[tuple[str, bytes]]:
        """Every regular ELF file below the root: canonical path and first 20 bytes, in path order.

        Symbolic links are not followed; what cannot be read is left out (the kernel would not
        load it either).
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
                    head = self._head(f"{directory}/{name}")
                    if head[:4] == MAGIC and len(head) == 20:
                        found.append((f"{directory}/{name}", head))
        return iter(sorted(found))

    def _head(self, path: str) -> bytes:
        try:
            fd = os.open(self.root + path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            self._unreadable[path] = f"cannot be read: {os.strerror(error.errno or 0)}"
            return b""
        try:
            return os.read(fd, 20)
        except OSError as error:
            self._unreadable[path] = f"cannot be read: {os.strerror(error.errno or 0)}"
            return b""
        finally:
            os.close(fd)
