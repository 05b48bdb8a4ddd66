"""An OCI layout on disk: a directory with ``oci-layout`` and ``index.json`` (image-spec image-layout.md)."""

from __future__ import annotations

import os

from muslint.errors import MalformedArchive, UnreadableSource
from muslint.sources.archive import Unpacker
from muslint.sources.images.found import Found
from muslint.sources.images.merge import sources_of
from muslint.sources.images.oci import INDEX, LAYOUT, oci_images
from muslint.sources.images.store import DirectoryBlobs
from muslint.sources.limits import Limits
from muslint.sources.source import Source


def is_layout(directory: str) -> bool:
    """Whether a directory is an OCI layout."""
    return all(os.path.isfile(os.path.join(directory, name)) for name in (LAYOUT, INDEX))


def split_tag(text: str) -> tuple[str, str | None]:
    """``PATH[:TAG]`` in its parts; a path that is there as it is written has no tag."""
    if os.path.exists(text) or ":" not in text:
        return text, None
    path, _, tag = text.rpartition(":")
    first, _, rest = text.partition(":")  # a tag may hold a colon of its own: localhost:5000/app
    return (first, rest) if not os.path.exists(path) and os.path.exists(first) else (path, tag or None)


def chosen(found: Found, name: str, limits: Limits) -> Found:
    """What was found, when it is anything. Raises UnreadableSource with what there is instead."""
    if not found.images:
        raise UnreadableSource(f"{name}: {found.lack(limits.platform)}")
    return found


def open_layout(directory: str, name: str, limits: Limits, tag: str | None = None, passing: bool = False) -> Source:
    """Read the images of a layout; ``passing`` says that the directory goes away afterwards.

    Raises UnreadableSource.
    """
    try:
        found = oci_images(DirectoryBlobs(directory, passing), limits.platform, tag)
    except MalformedArchive as error:
        raise UnreadableSource(f"{name}: {error}") from None
    return sources_of(chosen(found, name, limits), Unpacker(limits), (name,), 1)


class OciDirectory:
    """``oci-dir:PATH[:TAG]`` and ``oci:PATH[:TAG]``."""

    order = 15

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme

    def file(self, path: str) -> str:
        """The part of ``PATH[:TAG]`` that is a path."""
        return split_tag(path)[0]

    def accepts(self, path: str, scheme: str | None) -> bool:
        """By the scheme, or a directory that is one."""
        return scheme == self.scheme or (scheme is None and self.scheme == "oci" and is_layout(path))

    def open(self, path: str, name: str, limits: Limits) -> Source:
        """Read the images in it, each with its layers laid over one another."""
        directory, tag = split_tag(path)
        if not is_layout(directory):
            raise UnreadableSource(f"{directory}: no OCI layout: {LAYOUT} and {INDEX} are not in it")
        return open_layout(directory, name, limits, tag)


SOURCES = (OciDirectory("oci"), OciDirectory("oci-dir"))
