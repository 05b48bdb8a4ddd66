"""What the configuration of an image says (image-spec config.md): environment, what it starts, its history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muslint.sources.images.found import FoundImage, texts
from muslint.sources.source import Image, Layer


def image_of(found: FoundImage) -> Image:
    """The facts of an image; what its configuration says wrongly counts as not said."""
    said = found.config.get("config")
    config: Mapping[str, Any] = said if isinstance(said, dict) else {}
    environment = []
    for item in texts(config.get("Env") or ()):
        name, equals, value = item.partition("=")
        if equals:
            environment.append((name, value))
    rootfs = found.config.get("rootfs")
    plain = texts(rootfs.get("diff_ids") or ()) if isinstance(rootfs, dict) else ()
    made_by = instructions(found.config.get("history"), len(found.layers))
    layers = tuple(
        Layer(number, stored.digest, made_by[number - 1], plain[number - 1] if number <= len(plain) else "")
        for number, stored in enumerate(found.layers, 1)
    )
    return Image(
        found.platform, layers, (*texts(config.get("Entrypoint") or ()), *texts(config.get("Cmd") or ())),
        tuple(environment), str(config.get("WorkingDir") or "/"), str(config.get("User") or ""), found.tags,
    )  # fmt: skip


def instructions(history: object, count: int) -> tuple[str, ...]:
    """What made each of ``count`` layers: the entries of the history that are not marked as making none.

    A history that does not fit the layers says nothing: a wrong instruction would be worse than none.
    """
    entries = [item for item in history if isinstance(item, dict)] if isinstance(history, list) else []
    made = [str(item.get("created_by") or "") for item in entries if not item.get("empty_layer")]
    return tuple(made) if len(made) == count else ("",) * count
