"""An image in a file, asked for by a scheme: ``oci-archive:``, ``docker-archive:``. Without one a tar finds it."""

from __future__ import annotations

from muslint.errors import LimitReached, MalformedArchive, UnreadableSource
from muslint.sources.archive import DAMAGED, Packing, Unpacker, compression_of, said
from muslint.sources.bytes import FileBytes
from muslint.sources.entry import Content, Held
from muslint.sources.images.archive import found_in
from muslint.sources.images.merge import sources_of
from muslint.sources.images.store import sorted_out
from muslint.sources.limits import Limits
from muslint.sources.oci_layout import chosen, split_tag
from muslint.sources.source import Source
from muslint.sources.tar import TarFormat


class ImageArchive:
    """``oci-archive:PATH[:TAG]`` and ``docker-archive:PATH[:NAME:TAG]``."""

    order = 16

    def __init__(self, scheme: str, kind: str) -> None:
        self.scheme, self._kind = scheme, kind

    def file(self, path: str) -> str:
        """The part of ``PATH[:TAG]`` that is a path."""
        return split_tag(path)[0]

    def accepts(self, path: str, scheme: str | None) -> bool:  # noqa: ARG002
        """By the scheme alone."""
        return scheme == self.scheme

    def open(self, path: str, name: str, limits: Limits) -> Source:
        """Read the images in it, each with its layers laid over one another."""
        file, tag = split_tag(path)
        packing = Packing(Unpacker(limits), (name,), 1)
        try:
            content: Content = Held(FileBytes(file))
            while (found := compression_of(content.head())) is not None:
                content = packing.unpacked(content, found)
            tar = TarFormat()
            if not tar.accepts(content.head()):
                raise MalformedArchive("not a tar")
            blobs, _ = sorted_out(tar.entries(content, packing), packing)
            if blobs is None or not (blobs.is_docker() if self._kind == "docker" else blobs.is_layout()):
                raise MalformedArchive(f"a tar, but none of a{'' if self._kind == 'docker' else 'n'} {self.scheme}")
            images = found_in(blobs, limits.platform, tag, self._kind)
        except (*DAMAGED, LimitReached) as error:
            raise UnreadableSource(f"{file}: {said(error)}") from None
        return sources_of(chosen(images, file, limits), packing.unpacker, (name,), 1)


SOURCES = (ImageArchive("oci-archive", "oci"), ImageArchive("docker-archive", "docker"))
