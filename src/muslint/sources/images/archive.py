"""Images in a tar: OCI archives, and what ``docker save``, podman, skopeo, buildah, kaniko, jib and Nix write."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.errors import MalformedArchive
from muslint.sources.archive import Packing
from muslint.sources.entry import Entry
from muslint.sources.images.docker import docker_images
from muslint.sources.images.found import Found
from muslint.sources.images.merge import sources_of
from muslint.sources.images.oci import oci_images
from muslint.sources.images.store import ArchiveBlobs, sorted_out
from muslint.sources.source import Source


def images_in(entries: Iterator[Entry], packing: Packing) -> tuple[Source | None, Iterator[Entry]]:
    """The images of a tar; None, and all its entries, when it holds none."""
    blobs, entries = sorted_out(entries, packing)
    if blobs is None:
        return None, entries
    try:
        found = found_in(blobs, packing.unpacker.budget.limits.platform, None, None)
    except MalformedArchive:
        return None, entries  # files that happen to have such names
    return sources_of(found, packing.unpacker, packing.parents, packing.depth), entries


def found_in(blobs: ArchiveBlobs, platform: str | None, tag: str | None, kind: str | None) -> Found:
    """The images of an archive: by the OCI layout where there is one, which also knows platforms.

    ``kind`` "docker" or "oci" takes that description alone. Raises MalformedArchive.
    """
    if kind == "docker" or (kind is None and not blobs.is_layout()):
        return docker_images(blobs, platform, tag)
    return oci_images(blobs, platform, tag, sparse=blobs.is_docker())
