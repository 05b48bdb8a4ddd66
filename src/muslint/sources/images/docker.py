"""The images of a Docker archive: ``manifest.json`` (Docker Image Specification v1.2), or ``repositories`` (v1)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from muslint.errors import MalformedArchive
from muslint.sources.images.found import (
    Blobs,
    Found,
    FoundImage,
    StoredLayer,
    fits,
    is_for_linux,
    parsed,
    platform_of,
    texts,
)

MANIFEST, REPOSITORIES = "manifest.json", "repositories"
_DEFAULTS = ("docker.io/", "docker.io/library/", "localhost/")
_MOST = 4096
"""Bound on the images of an archive, and on the layers of one."""


def docker_images(blobs: Blobs, platform: str | None, tag: str | None = None) -> Found:
    """Every image of a Docker archive that is for Linux and for ``platform``; those tagged ``tag`` when one is named.

    Raises MalformedArchive where it is no such archive.
    """
    found = Found()
    manifest = blobs.named(MANIFEST)
    if manifest is None:
        _of_repositories(blobs, platform, tag, found)
        return found
    document = parsed(manifest, MANIFEST)
    if not isinstance(document, list) or not all(isinstance(one, dict) and "Config" in one for one in document):
        raise MalformedArchive(f"{MANIFEST} is no list of images")
    for item in document[:_MOST]:
        tags = texts(item.get("RepoTags") or ())
        if tag is None or any(_called(name, tag) for name in tags):
            _one(blobs, item, tags, platform, found)
    if tag is not None and not found.images and not found.skipped:
        raise MalformedArchive(f"no image called {tag}")
    return found


def _one(blobs: Blobs, item: Mapping[str, Any], tags: tuple[str, ...], platform: str | None, found: Found) -> None:
    name = str(item.get("Config"))
    label = tags[0] if tags else name
    try:
        data = blobs.named(name)
        if data is None:
            raise MalformedArchive(f"its configuration {name} is not there")
        config = parsed(data, "its configuration")
        if not isinstance(config, dict):
            raise MalformedArchive("its configuration is no object")
    except MalformedArchive as error:
        found.skipped.append((label, str(error)))
        return
    rootfs = config.get("rootfs")
    plain = texts(rootfs.get("diff_ids") or ()) if isinstance(rootfs, dict) else ()
    layers = []
    for number, path in enumerate(texts(item.get("Layers") or ())[:_MOST]):
        digest = _digest(path) or (plain[number] if number < len(plain) else "")
        content = blobs.named(path)
        layers.append(StoredLayer(digest, content, "" if content is not None else "its content is not there"))
    _take(found, FoundImage(platform_of(config), tags, name, config, tuple(layers)), platform, label)


def _called(name: str, asked: str) -> bool:
    """Whether an image's full name is meant by what the user wrote: ``docker.io/library/app:1`` by ``app:1``."""
    full = asked if ":" in asked.rpartition("/")[2] else f"{asked}:latest"
    return name == full or (name.endswith(f"/{full}") and name[: -len(full)] in _DEFAULTS)


def _digest(path: str) -> str:
    """The digest a layer's file is named by, "" where the name is none: ``HEX.tar`` is of the plain tar."""
    at = re.fullmatch(r"(?:blobs/sha256/)?(?:sha256:)?([0-9a-f]{64})(?:\.tar|\.tar\.gz)?", path)
    return f"sha256:{at[1]}" if at else ""


def _take(found: Found, image: FoundImage, platform: str | None, label: str) -> None:
    if not fits(platform, image.platform):
        found.others.append(image.platform)
        return
    if is_for_linux(image.platform):
        found.add(image)
    else:
        found.skipped.append((label, "an image that is not for Linux"))


def _of_repositories(blobs: Blobs, platform: str | None, tag: str | None, found: Found) -> None:
    """Docker before 1.10: a file names the top layer of each tag, and each layer its parent."""
    named = blobs.named(REPOSITORIES)
    if named is None:
        raise MalformedArchive(f"neither {MANIFEST} nor {REPOSITORIES}")
    document = parsed(named, REPOSITORIES)
    tops: dict[str, list[str]] = {}
    for name, tags in document.items() if isinstance(document, dict) else ():
        for text, top in tags.items() if isinstance(tags, dict) else ():
            if tag in (None, f"{name}:{text}"):
                tops.setdefault(str(top), []).append(f"{name}:{text}")
    for top, names in tops.items():
        try:
            image = _chain(blobs, top, tuple(names))
        except MalformedArchive as error:
            found.skipped.append((names[0], str(error)))
        else:
            _take(found, image, platform, names[0])


def _chain(blobs: Blobs, top: str, tags: tuple[str, ...]) -> FoundImage:
    layers: list[StoredLayer] = []
    history: list[dict[str, Any]] = []
    config: dict[str, Any] = {}
    at: object = top
    while isinstance(at, str) and at and len(layers) < _MOST:
        data = blobs.named(f"{at}/json")
        document = parsed(data, f"{at}/json") if data is not None else None
        if not isinstance(document, dict):
            raise MalformedArchive(f"its layer {at} is not described")
        config = config or document
        ran = document.get("container_config")
        history.append({"created_by": " ".join(texts(ran.get("Cmd") or ())) if isinstance(ran, dict) else ""})
        content = blobs.named(f"{at}/layer.tar")
        layers.append(StoredLayer("", content, "" if content is not None else "its content is not there"))
        at = document.get("parent")
    config = {**config, "history": history[::-1]}
    return FoundImage(platform_of(config), tags, top, config, tuple(reversed(layers)))


def linked(name: str, target: str) -> str:
    """The name in the archive that a symbolic link called ``name`` leads to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), target)).lstrip("/")
