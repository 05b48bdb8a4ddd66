"""The images of an OCI layout: ``index.json``, nested indexes, manifests (image-spec 1.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from muslint.elf.object import Readable
from muslint.errors import MalformedArchive
from muslint.sources.images.found import (
    Blobs,
    Found,
    FoundImage,
    StoredLayer,
    fits,
    is_digest,
    is_for_linux,
    parsed,
    platform_of,
)

LAYOUT, INDEX = "oci-layout", "index.json"
_REF = "org.opencontainers.image.ref.name"
_IMAGE_NAME = "io.containerd.image.name"
_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
_ATTESTS = re.compile(r"in-toto|cosign|sigstore|notary|dsse")
"""Media types of what cosign, BuildKit and notation store beside an image."""
_DEPTH, _MANIFESTS = 8, 4096
"""Bounds on indexes inside one another and on manifests."""


def oci_images(blobs: Blobs, platform: str | None, tag: str | None = None, sparse: bool = False) -> Found:
    """Every image of a layout that is for Linux and for ``platform``; only those tagged ``tag`` when one is named.

    ``sparse`` says that an index may name manifests that are not there (``docker save``).
    Raises MalformedArchive where there is no index.
    """
    index = blobs.named(INDEX)
    if index is None:
        raise MalformedArchive(f"no {INDEX}")
    walk = _Walk(blobs, platform, sparse)
    document = parsed(index, INDEX)
    described = _objects(document.get("manifests")) if isinstance(document, dict) else []
    if tag is not None:
        described = [one for one in described if tag in (*_tags(one), one.get("digest"))]
        if not described:
            raise MalformedArchive(f"no image called {tag}")
    for one in described:
        walk.descriptor(one, _tags(one), 0)
    return walk.found


class _Walk:
    """Goes from descriptor to descriptor."""

    def __init__(self, blobs: Blobs, platform: str | None, sparse: bool) -> None:
        self.blobs, self.platform, self.sparse = blobs, platform, sparse
        self.found = Found()
        self.count = 0

    def descriptor(self, one: Mapping[str, Any], tags: tuple[str, ...], depth: int) -> None:
        """Follow one descriptor: an index, or the manifest of an image."""
        self.count += 1
        if depth > _DEPTH or self.count > _MANIFESTS:
            if self.count <= _MANIFESTS + 1:
                self.found.skipped.append((INDEX, "too many manifests, or too deep: the rest was not read"))
            return
        said = one.get("platform")
        platform = platform_of(said) if isinstance(said, dict) and said.get("architecture") else ""
        annotations = one.get("annotations")
        kind = annotations.get("vnd.docker.reference.type") if isinstance(annotations, dict) else None
        if kind is not None or platform == "unknown/unknown":
            return  # an attestation: says something of an image and is none
        label = " ".join((*tags[:1], platform or str(one.get("digest"))))
        if platform and not is_for_linux(platform):
            if self.platform is None:
                self.found.skipped.append((label, "an image that is not for Linux"))
            return
        if platform and not fits(self.platform, platform):
            self.found.others.append(platform)
            return
        try:
            document = self._document(one)
            if document is None:
                return
            if isinstance(document.get("manifests"), list):
                for inner in _objects(document["manifests"]):
                    self.descriptor(inner, tags or _tags(inner), depth + 1)
            else:
                self._manifest(document, str(one.get("digest")), platform, tags)
        except MalformedArchive as error:
            self.found.skipped.append((label, str(error)))

    def _document(self, one: Mapping[str, Any]) -> dict[str, Any] | None:
        """What a descriptor points to; None where it may be left out."""
        data = self._blob(one)
        if data is None:
            if self.sparse:
                return None
            raise MalformedArchive(f"the manifest {one.get('digest')} is not there")
        document = parsed(data, "its manifest")
        if not isinstance(document, dict):
            raise MalformedArchive("its manifest is no object")
        _check(data, str(one.get("digest")), "its manifest")
        return document

    def _blob(self, one: Mapping[str, Any]) -> Readable | None:
        digest = one.get("digest")
        if not is_digest(digest):
            raise MalformedArchive(f"{digest!r} is no digest")
        algorithm, _, hexadecimal = str(digest).partition(":")
        return self.blobs.named(f"blobs/{algorithm}/{hexadecimal}")

    def _manifest(self, document: Mapping[str, Any], digest: str, platform: str, tags: tuple[str, ...]) -> None:
        described = document.get("config")
        if not isinstance(described, dict) or not isinstance(document.get("layers"), list):
            raise MalformedArchive("a manifest of the old schema 1, or of no image: convert it with skopeo copy")
        kind = described.get("mediaType")
        if kind not in _CONFIGS or document.get("artifactType"):
            raise MalformedArchive(f"not a container image ({document.get('artifactType') or kind})")
        layers = _objects(document["layers"])
        if layers and not any(map(_is_layer, layers)):
            media = str(layers[0]["mediaType"])
            if _ATTESTS.search(media):
                return  # a signature or a statement, stored as if it were an image of its own
            raise MalformedArchive(f"not a container image ({media})")
        data = self._blob(described)
        if data is None:
            raise MalformedArchive("its configuration is not there")
        config = parsed(data, "its configuration")
        _check(data, str(described.get("digest")), "its configuration")
        if not isinstance(config, dict):
            raise MalformedArchive("its configuration is no object")
        platform = platform or platform_of(config)  # umoci writes no platform into the index
        if not fits(self.platform, platform):
            self.found.others.append(platform)
            return
        if not is_for_linux(platform):
            self.found.skipped.append((" ".join((*tags[:1], platform)), "an image that is not for Linux"))
            return
        stored = tuple(self._layer(one) for one in layers)
        self.found.add(FoundImage(platform, tags, digest, config, stored))

    def _layer(self, one: Mapping[str, Any]) -> StoredLayer:
        try:
            data = self._blob(one)
        except MalformedArchive as error:
            return StoredLayer("", None, str(error))
        if data is not None:
            return StoredLayer(str(one["digest"]), data)
        foreign = "foreign" in str(one.get("mediaType")) or "nondistributable" in str(one.get("mediaType"))
        why = "a foreign layer: its content lies elsewhere" if foreign else "its content is not there"
        return StoredLayer(str(one["digest"]), None, why)


def _is_layer(one: Mapping[str, Any]) -> bool:
    """Whether a descriptor may be that of a layer: OCI's and Docker's types name tar; some writers give none."""
    media = one.get("mediaType")
    return not isinstance(media, str) or not media or "tar" in media or ".layer." in media


def _check(data: Readable, digest: str, what: str) -> None:
    """Raise MalformedArchive when the bytes are not those the digest was made of."""
    if digest.startswith("sha256:") and sha256(data.at(0, data.size)).hexdigest() != digest[7:]:
        raise MalformedArchive(f"{what} does not have the digest it is named by")
    data.close()


def _tags(one: Mapping[str, Any]) -> tuple[str, ...]:
    annotations = one.get("annotations")
    if not isinstance(annotations, dict):
        return ()
    return tuple(str(annotations[key]) for key in (_IMAGE_NAME, _REF) if annotations.get(key))


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
