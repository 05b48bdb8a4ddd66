"""Where the parts of an image lie: a directory, or the members of a tar."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from itertools import chain

from muslint.elf.object import Readable
from muslint.sources.archive import Packing, plain
from muslint.sources.bytes import FileBytes
from muslint.sources.entry import Entry, EntryKind, Held
from muslint.sources.images.docker import MANIFEST, REPOSITORIES, linked
from muslint.sources.images.oci import INDEX, LAYOUT

_MAX_LINKS = 8
_PART = re.compile(
    r"|blobs(/.*)?|[^/]*\.(json|tar|tar\.gz|tgz)|oci-layout|repositories|version"
    r"|([a-z0-9]+:)?[0-9a-z]{32,}(\.tar|\.json|\.tar\.gz)?(/(json|VERSION|layer\.tar)?)?|[^/]+/layer\.tar"
)
"""Names in archives of images, as Docker, podman, skopeo, buildah, kaniko, jib, Nix and ko write them."""


class DirectoryBlobs:
    """The files below a directory."""

    def __init__(self, root: str, keep_open: bool = False) -> None:
        """``keep_open`` holds each file open for good, for a directory that is about to go away."""
        self._root, self._keep_open = root, keep_open

    def named(self, name: str) -> Readable | None:
        """The regular file called ``name``."""
        path = os.path.join(self._root, name)
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                return None
            return FileBytes(path, self._keep_open)
        except (OSError, ValueError):
            return None


class ArchiveBlobs:
    """The members of a tar."""

    def __init__(self) -> None:
        self.files: dict[str, Readable] = {}
        self.links: dict[str, str] = {}

    def named(self, name: str) -> Readable | None:
        """The member called ``name``, links followed (``ID/layer.tar`` may be one to another's)."""
        at = plain(name) or ""
        for _ in range(_MAX_LINKS):
            if at in self.files:
                return self.files[at]
            if at not in self.links:
                return None
            at = self.links[at]
        return None

    def is_layout(self) -> bool:
        """Whether the tar is one of an OCI layout."""
        return LAYOUT in self.files and INDEX in self.files

    def is_docker(self) -> bool:
        """Whether the tar is one that ``docker load`` takes."""
        return MANIFEST in self.files or REPOSITORIES in self.files


def sorted_out(entries: Iterator[Entry], packing: Packing) -> tuple[ArchiveBlobs | None, Iterator[Entry]]:
    """The members of a tar that holds images, None for any other tar; and its entries, none of them lost.

    What passes by once is set aside as long as the names are those of an image.
    """
    blobs = ArchiveBlobs()
    seen: list[Entry] = []
    for entry in entries:
        name = plain(entry.path)
        if name is None or not _PART.fullmatch(name):
            return None, chain(seen, (entry,), entries)
        packing.unpacker.budget.member()
        if entry.kind is EntryKind.FILE and entry.content is not None:
            data = entry.content.held(packing.unpacker.spool)
            blobs.files[name], entry.content = data, Held(data)
        elif entry.kind is EntryKind.HARDLINK:
            blobs.links[name] = plain(entry.target) or ""
        elif entry.kind is EntryKind.SYMLINK:
            blobs.links[name] = linked(name, entry.target)
        seen.append(entry)
    return (blobs if blobs.is_layout() or blobs.is_docker() else None), iter(seen)
