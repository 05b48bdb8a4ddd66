"""How a path is followed inside a tree: as the kernel does under ``chroot``, links and all."""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

from muslint.sources.tree import Opened, Tree

_MAX_LINKS = 40
"""Symbolic links the kernel follows in one path before it says ELOOP."""


class Named(Protocol):
    """A name in a directory: what it is, without following links. ``os.DirEntry`` is one."""

    def is_dir(self, *, follow_symlinks: bool = True) -> bool: ...
    def is_symlink(self) -> bool: ...


Name = TypeVar("Name", bound=Named)


class ResolvingTree(ABC, Generic[Name]):
    """A tree whose links resolve inside it (Linux path_resolution(7)). What was looked up is remembered."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, Name | None, int] | int] = {}
        self._directories: dict[str, tuple[str, Name | None, int] | int] = {}

    @abstractmethod
    def open(self, path: str) -> Opened | int:
        """Open ``path`` for reading as the kernel would; an error number when it cannot be."""

    @abstractmethod
    def _listing(self, directory: str) -> Mapping[str, Name] | int:
        """The names in a canonical directory; an error number when it cannot be listed."""

    @abstractmethod
    def _link(self, directory: str, name: str) -> str:
        """The text of the symbolic link ``name`` in a canonical directory."""

    def resolve(self, path: str) -> tuple[str, Name | None, int] | int:
        """What is behind ``path``; an error number when there is nothing.

        Gives the canonical path, its directory entry (None for the root itself), and how many links led there.
        """
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

    def _step(self, found: tuple[str, Name | None, int] | int, name: str) -> tuple[str, Name | None, int] | int:
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

    def _walk(self, start: str, path: str, links: int = 0) -> tuple[str, Name | None, int] | int:
        """Follow ``path`` from canonical directory ``start``, links and all (Linux path_resolution(7)).

        ``links`` is how many were followed on the way to ``start``: the kernel counts those of a whole path.
        """
        if not path:
            return errno.ENOENT
        if len(os.fsencode(path)) >= 4096:
            return errno.ENAMETOOLONG
        here: list[tuple[str, Name | None]] = [("", None)]
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
                target = self._link(directory, part)
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

    def _ancestors(self, directory: str) -> list[tuple[str, Name | None]]:
        chain: list[tuple[str, Name | None]] = [("", None)]
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


def is_root(tree: Tree) -> bool:
    """Whether a tree is a root file system with a musl loader in ``/lib``."""
    return isinstance(tree, ResolvingTree) and any(
        name.startswith("ld-musl-") and name.endswith(".so.1") for name in tree.names("/lib")
    )
