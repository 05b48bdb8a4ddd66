"""What the loader is told: ``LD_LIBRARY_PATH`` and ``LD_PRELOAD`` of an image's configuration, and of a plugin what its
host has loaded before it."""

from __future__ import annotations

from dataclasses import dataclass

from muslint.sources.source import MOUNT, Member, Source

_SET_ID = 0o6000
_ROOT = ("", "0", "root")


@dataclass(frozen=True, slots=True)
class Environment:
    """What the loader is told, and by whom it is run."""

    library_path: str = ""
    preload: str = ""
    root: bool = True  # the container runs as root
    loaded: tuple[str, ...] = ()  # of a plugin: paths of what its host has loaded before it

    def secure(self, member: Member) -> bool:
        """Whether the kernel says AT_SECURE: a set-ID program, taken to be root's, that somebody else starts."""
        return not self.root and bool(member.mode & _SET_ID)


UNTOLD = Environment()
"""Where nothing is set."""


def environment_of(source: Source, hung: bool, own: bool) -> Environment:
    """The environment of what lies in ``source``, or in an archive inside it.

    ``own`` says that the target is the image itself; ``hung`` that its files hang in another target: their own
    directories are then looked in first, wherever a variable names them.
    """
    image = source.image
    if image is None or not (own or hung):
        return UNTOLD
    said = dict(image.environment)
    path, preload = said.get("LD_LIBRARY_PATH", ""), said.get("LD_PRELOAD", "")
    if hung:
        there = [f"{MOUNT}{entry}" for entry in path.replace("\n", ":").split(":") if entry.startswith("/")]
        path = ":".join((*there, path)) if path else ""
        preload = " ".join(f"{MOUNT}{name}" if name.startswith("/") else name for name in _names(preload))
    return Environment(path, preload, image.user.partition(":")[0] in _ROOT)


def _names(preload: str) -> list[str]:
    """The names in LD_PRELOAD: blanks and colons separate (musl ``load_preload``)."""
    return preload.replace(":", " ").split()
