"""The layers of an image laid over one another, as overlayfs shows them to a container.

Each layer is read once, in order. Whiteouts (image-spec layer.md "Whiteouts") hide what lower layers hold, wherever
in a layer they stand. What a higher layer hides or replaces is not in the image, nor is what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, BinaryIO

from muslint.errors import LimitReached, MalformedArchive
from muslint.sources.archive import DAMAGED, Packing, Unpacker, compression_of, plain, said
from muslint.sources.bytes import CHUNK
from muslint.sources.entry import Content, Entry, EntryKind, Held
from muslint.sources.images.config import image_of
from muslint.sources.images.found import Found, FoundImage, StoredLayer
from muslint.sources.source import Image, Layer, Member, Skipped, Source
from muslint.sources.tar import TarFormat, tar_entries

if TYPE_CHECKING:
    from muslint.sources.packed import Node

WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"
_KEPT = re.compile(r"(^|/)(os-release|apk/db/installed)$")
"""Files of a root that tell what it is."""


def sources_of(found: Found, unpacker: Unpacker, parents: tuple[str, ...], depth: int) -> Source:
    """The image that was found, as a whole file system; several as one source that holds a place for each."""
    skipped = [Skipped(path, reason, parents) for path, reason in found.skipped]
    if not found.images:
        skipped = [Skipped(parents[-1], found.lack(unpacker.budget.limits.platform), parents)]
    if len(found.images) == 1:
        return _merged(found.images[0], unpacker, parents, depth, skipped)
    inner = tuple(
        _merged(image, unpacker, (*parents, label), depth, [])
        for image, label in zip(found.images, found.labels(), strict=True)
    )
    empty = Packing(unpacker, parents, depth)
    return Source(parents[-1], "images", empty.tree, (), tuple(skipped), parents=parents, inner=inner)


def _merged(
    found: FoundImage, unpacker: Unpacker, parents: tuple[str, ...], depth: int, skipped: list[Skipped]
) -> Source:
    image = image_of(found)
    packing = Packing(unpacker, parents, depth, scripts=True, kept=_KEPT, shown="/")
    merge = _Merge(packing, image)
    for number, stored in enumerate(found.layers, 1):
        merge.layer(number, stored)
    inner, troubles = merge.settled()
    members = tuple(
        Member(path, path, parents, image.layers[node.layer - 1], node.mode) for path, node in packing.tree.elf_files()
    )
    return Source(
        parents[-1], "image", packing.tree, members, (*skipped, *troubles), closed=True, shown=(("/", ""),),
        parents=parents, inner=tuple(inner), image=image,
    )  # fmt: skip


class _Merge:
    """The tree of an image while its layers are read."""

    def __init__(self, packing: Packing, image: Image) -> None:
        self.packing, self.image = packing, image
        self._of_files: list[tuple[Node, list[Source], list[Skipped]]] = []
        """What was found in a file or said of it; it counts only while the file is in the image."""

    def layer(self, number: int, stored: StoredLayer) -> None:
        """Lay one more layer over what is there."""
        packing = self.packing
        packing.layer = number
        packing.tree.next_layer()
        name = f"layer {number} {stored.digest}".rstrip()
        if stored.data is None:
            self._trouble(name, stored.trouble)
            return
        try:
            checked = _Checked(stored)
            for entry in _entries(checked, packing):
                self._place(entry)
            if not checked.holds():
                self._trouble(name, "it does not have the digest it is named by: damaged, or not what the image means")
        except LimitReached as error:
            self._trouble(name, str(error))
        except DAMAGED as error:
            self._trouble(name, f"cannot be read to its end ({said(error)})")
        except RecursionError:
            self._trouble(name, "nested too deeply to be read")
        finally:
            stored.data.close()

    def _trouble(self, layer: str, reason: str) -> None:
        self.packing.skipped.append(Skipped(layer, reason, self.packing.parents))

    def _place(self, entry: Entry) -> None:
        packing = self.packing
        path = entry.path
        if WHITEOUT in path and self._whiteout(path):
            return
        skips, inner = len(packing.skipped), len(packing.inner)
        packing.add(entry)
        if len(packing.skipped) == skips and len(packing.inner) == inner:
            return
        node = packing.tree.find(plain(path) or "", packing.layer)
        if node is not None and node.layer == packing.layer and entry.kind is EntryKind.FILE:
            self._of_files.append((node.file, packing.inner[inner:], packing.skipped[skips:]))
            del packing.inner[inner:], packing.skipped[skips:]

    def _whiteout(self, path: str) -> bool:
        """Apply a whiteout; whether the entry was one (or lies in a directory that aufs keeps for itself)."""
        where = plain(path)
        if where is None:
            return False
        directory, _, name = where.rpartition("/")
        if name == OPAQUE:
            self.packing.tree.hide_below(directory, self.packing.layer)
        elif where.startswith(WHITEOUT * 2) or name.startswith(WHITEOUT * 2):
            pass
        elif name.startswith(WHITEOUT):
            hidden = name[len(WHITEOUT) :]
            if hidden not in ("", ".", ".."):
                self.packing.tree.hide(f"{directory}/{hidden}".lstrip("/"), self.packing.layer)
        else:
            return False
        return True

    def settled(self) -> tuple[list[Source], list[Skipped]]:
        """The archives in the image and what was not read of it, once all layers are there."""
        self.packing.tree.settled()
        there = self.packing.tree.files() if self._of_files else set()
        inner, skipped = list(self.packing.inner), list(self.packing.skipped)
        for node, archives, troubles in self._of_files:
            if node in there:
                inner += [_of_layer(archive, self.image.layers[node.layer - 1]) for archive in archives]
                skipped += troubles
        return inner, skipped


def _of_layer(archive: Source, layer: Layer) -> Source:
    """An archive of an image with the layer it came with noted on all that is in it."""
    members = tuple(replace(member, layer=member.layer or layer) for member in archive.members)
    return replace(archive, members=members, inner=tuple(_of_layer(inside, layer) for inside in archive.inner))


def _entries(layer: _Checked, packing: Packing) -> Iterator[Entry]:
    """The entries of a layer: a tar, compressed or not, told by its content and not by its media type."""
    content: Content = layer
    while (found := compression_of(content.head())) is not None:
        content = packing.unpacked(content, found)
    if not isinstance(content, _Checked):
        return (yield from _to_the_end(content))
    head = content.head()
    if head and not TarFormat().accepts(head) and head.strip(b"\0"):
        raise MalformedArchive("no tar, nor anything that unpacks to one")
    yield from tar_entries(Held(layer.data))
    layer.in_place = True


def _to_the_end(content: Content) -> Iterator[Entry]:
    yield from tar_entries(content)
    stream = content.stream()
    while stream.read(CHUNK):  # what follows the tar is part of what the digest was made of
        pass


class _Checked(Held):
    """A layer as stored, its digest made while it passes. What is read in place is not read just for that."""

    __slots__ = ("_digest", "_hash", "_stream", "in_place")

    def __init__(self, stored: StoredLayer) -> None:
        assert stored.data is not None
        super().__init__(stored.data)
        self._digest = stored.digest
        self._hash = sha256()
        self._stream: BinaryIO | None = None
        self.in_place = False

    def stream(self) -> BinaryIO:
        """All bytes from the first."""
        self._stream = super().stream()
        return self  # type: ignore[return-value]

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes more of the stream."""
        assert self._stream is not None
        data = self._stream.read(size)
        self._hash.update(data)
        return data

    def holds(self) -> bool:
        """Whether the bytes are those the digest was made of; True where that was not looked at."""
        if self.in_place or self._stream is None or not self._digest.startswith("sha256:"):
            return True
        while self.read(CHUNK):
            pass
        return self._hash.hexdigest() == self._digest[7:]
