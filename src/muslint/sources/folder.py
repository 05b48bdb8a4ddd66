"""A directory: a whole root file system when it holds a musl loader, else a part of one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from muslint.elf.header import MAGIC
from muslint.errors import MalformedArchive, UnreadableSource
from muslint.sources.archive import MAX_TEXT, Unpacker
from muslint.sources.brotli import brotli_by_name
from muslint.sources.directory import IDENTIFIED, DirectoryTree
from muslint.sources.entry import Held
from muslint.sources.images.found import Found
from muslint.sources.images.merge import sources_of
from muslint.sources.images.oci import oci_images
from muslint.sources.images.store import DirectoryBlobs
from muslint.sources.labels import claims_of, label_files
from muslint.sources.limits import Limits
from muslint.sources.oci_layout import is_layout
from muslint.sources.resolve import is_root
from muslint.sources.source import Member, Skipped, Source


class _Texts(Mapping[str, bytes]):
    """The files of a directory that a label may be written in, read when asked for."""

    def __init__(self, tree: DirectoryTree) -> None:
        self._tree = tree
        self.paths: list[str] = []

    def __getitem__(self, path: str) -> bytes:
        if path not in self.paths:
            raise KeyError(path)
        try:
            data = self._tree.content(f"/{path}")
        except OSError:
            return b""
        text = data.at(0, MAX_TEXT)
        data.close()
        return text

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)


class FolderSource:
    """``dir:PATH`` and, with ``rootfs:PATH``, a whole file system."""

    order = 20

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme

    def accepts(self, path: str, scheme: str | None) -> bool:
        """A directory."""
        return scheme == self.scheme or (scheme is None and self.scheme == "dir" and os.path.isdir(path))

    def open(self, path: str, name: str, limits: Limits) -> Source:
        """List its ELF files; symbolic links are not followed."""
        if not os.path.isdir(path):
            raise UnreadableSource(f"{path}: not a directory")
        tree = DirectoryTree(path)
        closed = self.scheme == "rootfs" or is_root(tree)
        unpacker = Unpacker(limits)
        members: list[Member] = []
        inner: list[Source] = []
        texts = _Texts(tree)
        layouts: dict[str, bool] = {}
        unread: list[Skipped] = []
        for inside, head in tree.files():
            if inside.rpartition("/")[2] in label_files():
                texts.paths.append(inside[1:])
            shown = inside if closed else inside[1:]
            layout = inside.partition("/blobs/")[0] if "/blobs/" in inside else None
            if layout is not None:
                if layout not in layouts:
                    layouts[layout] = is_layout(path + layout)
                    if layouts[layout]:
                        inner.append(_images(path + layout, shown.partition("/blobs/")[0] or name, unpacker))
                if layouts[layout]:
                    continue
            if head[:4] == MAGIC and len(head) >= IDENTIFIED:
                members.append(Member(inside, shown))
            elif (reason := brotli_by_name(shown)) is not None:
                unread.append(Skipped(shown, reason))
            if unpacker.may_hold(head):
                data = tree.content(inside)
                found = unpacker.unpack(shown, Held(data), ())
                if found is not None:
                    inner.append(found)
                data.close()
        skipped = (*unread, *(Skipped(inside, reason) for inside, reason in tree.unreadable()))
        kind = "root" if closed else "directory"
        claims = tuple(claims_of(kind, name, texts, [member.path for member in members]))
        return Source(
            name, kind, tree, tuple(members), skipped, closed, (("/", ""),), claims=claims, inner=tuple(inner)
        )


def _images(directory: str, shown: str, unpacker: Unpacker) -> Source:
    """The images of an OCI layout somewhere below the directory."""
    try:
        found = oci_images(DirectoryBlobs(directory), unpacker.budget.limits.platform)
    except MalformedArchive as error:
        found = Found(skipped=[(shown, str(error))])
    return sources_of(found, unpacker, (shown,), 1)


SOURCES = (FolderSource("dir"), FolderSource("rootfs"))
