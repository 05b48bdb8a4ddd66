"""What distribution an image is of: os-release(5), and apk's list of installed packages."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from muslint.sources.packed import PackedTree

_PACKAGES = ("/lib/apk/db/installed", "/usr/lib/apk/db/installed")


@dataclass(frozen=True, slots=True)
class System:
    """The distribution of an image; empty where the image does not say."""

    name: str = ""  # "alpine 3.23.6"
    musl: str = ""  # version of the package musl: "1.2.5-r23"
    packages: int | None = None  # how many are installed; None where that is not known


def system_of(tree: PackedTree) -> System:
    """What the files of an image say of it."""
    name = _release(_text(tree, "/etc/os-release") or _text(tree, "/usr/lib/os-release"))
    for path in _PACKAGES:
        if installed := _text(tree, path):
            paragraphs = [part.split("\n") for part in installed.split("\n\n") if part.strip()]
            musl = next((lines for lines in paragraphs if "P:musl" in lines), [])
            version = next((line[2:] for line in musl if line.startswith("V:")), "")
            return System(name, version, len(paragraphs))
    return System(name)


def _release(text: str) -> str:
    said: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and key in ("ID", "VERSION_ID"):
            try:
                said[key] = " ".join(shlex.split(value))
            except ValueError:
                said[key] = value
    return " ".join(said[key] for key in ("ID", "VERSION_ID") if said.get(key))


def _text(tree: PackedTree, path: str) -> str:
    found = tree.open(path)
    if isinstance(found, int) or found.data is None:
        return ""
    data = found.data.at(0, found.data.size)
    found.data.close()
    return data.decode("utf-8", "replace")
