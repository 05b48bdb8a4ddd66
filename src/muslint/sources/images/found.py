"""An image as its index and manifest describe it, before any layer is read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from muslint.elf.object import Readable
from muslint.errors import MalformedArchive

MAX_JSON = 32 << 20
"""Largest index, manifest or configuration that is read, in bytes."""

_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[A-Za-z0-9=_-]{32,256}")
_SAME = {"arm64": "v8", "arm": "v7"}
"""The variant that an architecture without one means (containerd ``platforms.Normalize``)."""


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """One layer as it is stored."""

    digest: str  # "sha256:…" of the stored bytes; "" where nothing says it
    data: Readable | None  # None where it is not there
    trouble: str = ""  # why it is not there


@dataclass(frozen=True, slots=True)
class FoundImage:
    """One image of a layout or archive."""

    platform: str  # "linux/arm64/v8"
    tags: tuple[str, ...]
    digest: str  # of the manifest; "" where there is none
    config: Mapping[str, Any]
    layers: tuple[StoredLayer, ...]


@dataclass(slots=True)
class Found:
    """What a layout or archive holds."""

    images: list[FoundImage] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)  # what was not taken, and why
    others: list[str] = field(default_factory=list)  # platforms that are there and were not asked for

    def add(self, image: FoundImage) -> None:
        """Take one more image; one that is there under another tag already gets that tag too."""
        for at, known in enumerate(self.images):
            if known.digest and known.digest == image.digest:
                tags = tuple(dict.fromkeys((*known.tags, *image.tags)))
                self.images[at] = FoundImage(known.platform, tags, known.digest, known.config, known.layers)
                return
        self.images.append(image)

    def lack(self, platform: str | None) -> str:
        """Why there is no image for ``platform``, or none at all."""
        wanted = f" for {platform}" if platform else ""
        others = f": there is {', '.join(dict.fromkeys(self.others))}" if self.others else ""
        why = "; ".join(f"{path}: {reason}" for path, reason in self.skipped[:3])
        return f"no image{wanted} in it{others}" + (f" ({why})" if why else "")

    def labels(self) -> list[str]:
        """What tells the images apart: the platform; the tag too where several have it; the digest as a last resort."""
        platforms = [image.platform for image in self.images]
        tagged = [" ".join((*image.tags[:1], image.platform)) for image in self.images]
        return [
            platform if platforms.count(platform) == 1 else name if tagged.count(name) == 1 else f"{name} {digest}"
            for platform, name, digest in zip(platforms, tagged, self._digests())
        ]

    def _digests(self) -> list[str]:
        return [image.digest[:19] or f"({number})" for number, image in enumerate(self.images, 1)]


class Blobs(Protocol):
    """Where the parts of an image lie."""

    def named(self, name: str) -> Readable | None:
        """The file called ``name`` in the layout or archive."""
        ...


def is_digest(text: object) -> bool:
    """Whether it is a digest that can name a file without leading anywhere else."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def parsed(data: Readable, what: str) -> Any:
    """A JSON document; raises MalformedArchive."""
    if data.size > MAX_JSON:
        raise MalformedArchive(f"{what} has {data.size} bytes: more than any real one")
    try:
        return json.loads(data.at(0, data.size))
    except (ValueError, RecursionError) as error:
        raise MalformedArchive(f"{what} is no JSON: {error}") from None
    finally:
        data.close()


def platform_of(said: Mapping[str, Any]) -> str:
    """``os/architecture[/variant]`` of a platform object or a configuration; "linux" where it says nothing."""
    parts = [said.get("os") or "linux", said.get("architecture"), said.get("variant")]
    return "/".join(str(part) for part in parts if part)


def is_for_linux(platform: str) -> bool:
    """Whether an image may hold Linux programs."""
    return platform.partition("/")[0] in ("linux", "")


def fits(wanted: str | None, platform: str) -> bool:
    """Whether ``platform`` is the one the user named; a variant left out fits all."""
    if wanted is None:
        return True
    asked, has = wanted.lower().split("/"), platform.lower().split("/")
    if asked[:2] != has[:2]:
        return False
    default = _SAME.get(has[1]) if len(has) > 1 else None
    return len(asked) < 3 or asked[2] == (has[2] if len(has) > 2 else default)


def texts(value: object) -> tuple[str, ...]:
    """A list of strings of a configuration; a lone string is a list of one, anything else is left out."""
    if isinstance(value, str):
        return (value,)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, Iterable) else ()
