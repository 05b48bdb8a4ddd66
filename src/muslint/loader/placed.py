"""The target of every place of a source: what lies in a whole file system is loaded there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from muslint.elf.object import Reader
from muslint.errors import UnknownTarget
from muslint.loader.named import Target, check_loader, parse_target
from muslint.sources.resolve import is_root
from muslint.sources.source import MOUNT, Source


class Targets:
    """The target of every place of a source: named once, with the place hung into it."""

    def __init__(self, on: str | Target | None, reader: Reader | None) -> None:
        self._on, self._reader = on, reader
        self._named: Target | None = on if isinstance(on, Target) else None

    def of(self, place: Source, root: Source | None) -> Target:
        """The target for ``place``, which lies in the whole file system ``root`` or in none.

        What lies in a whole file system is loaded there: a library in a jar in an image finds the image's libraries.
        """
        if self._on in (None, "self"):
            if place.closed and (self._on == "self" or is_root(place.tree)):
                own = parse_target("self", place.tree, self._reader)
                if self._on == "self":
                    check_loader(own)
                return own
            if root is not None and (self._on == "self" or is_root(root.tree)):
                target = parse_target("self", root.tree, self._reader)
                target.extra = ((place.mount, place.tree),)
                return target
        if self._named is None:
            assert not isinstance(self._on, Target)
            self._named = parse_target(self._on, None, self._reader)
        return replace(self._named, extra=((place.mount if not place.closed else MOUNT, place.tree),), _loaders={})


def check_own(target: Target, holder: str, archs: Iterable[str]) -> None:
    """Raise UnknownTarget where a file system that is to be its own target has a loader for none of ``archs``.

    Those are the architectures of the dynamic objects in it; ``holder`` is what people know it by. Nothing would be
    judged, and a gate would be open for that.
    """
    from muslint.loader.glibc_rtld import INTERPRETERS
    from muslint.loader.root import PREFIX, SUFFIX

    names = sorted(set(archs))
    if names and all(target.loader(arch) is None for arch in names):
        places = [
            place for arch in names for place in (f"/lib/{PREFIX}{arch}{SUFFIX}", INTERPRETERS.get(arch)) if place
        ]
        raise UnknownTarget(
            f"--on self: no interpreter in {holder}: none of {', '.join(places)} is there and can be read; "
            "name a target such as --on alpine:3.23"
        )
