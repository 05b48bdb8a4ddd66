"""Python wheels: the platform tags of the file name, or of ``WHEEL`` where the name is none (PEP 425, 600, 656)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from muslint.sources.labels.label import Claim, Label, arches, fields, text_of

_NAME = re.compile(r"[^-]+-[^-]+(-\d[^-]*)?-[^-]+-[^-]+-(?P<platforms>[^-]+)\.whl")
_PLATFORM = re.compile(r"(?P<kind>manylinux|musllinux|linux)(?P<level>\d+|_\d+_\d+)?_(?P<arch>[a-z0-9_]+)")
_LIBCS = {"manylinux": "glibc", "musllinux": "musl"}


def _claims(kind: str, name: str, texts: Mapping[str, bytes], paths: Sequence[str]) -> Iterator[Claim]:  # noqa: ARG001
    named = _NAME.fullmatch(name.rpartition("/")[2])
    for path in sorted(texts):
        if not path.endswith(".dist-info/WHEEL"):
            continue
        root, _, info = path.removesuffix("/WHEEL").rpartition("/")
        root = f"/{root}/" if root else "/"
        # In an archive everything is the wheel's; where it is installed, RECORD says what is.
        whole = root == "/" and kind in ("zip", "wheel")
        record = texts.get(f"{path.removesuffix('WHEEL')}RECORD", b"")
        listed = None if whole else frozenset(_recorded(root, text_of(record)))
        if whole and named:
            yield from _claim(root, named["platforms"].split("."), "the wheel's file name", listed)
        else:
            tags = fields(text_of(texts[path])).get("tag", [])
            yield from _claim(root, [tag.rpartition("-")[2] for tag in tags], f"{info}/WHEEL", listed)


def _recorded(root: str, text: str) -> Iterator[str]:
    for line in text.splitlines():
        path = line.split(",", 1)[0].strip('"')
        if path and not path.startswith(("/", "..")):
            yield root + path


def _claim(root: str, platforms: Iterable[str], where: str, listed: frozenset[str] | None) -> Iterator[Claim]:
    platforms = sorted(set(platforms))
    found = [match for platform in platforms if (match := _PLATFORM.fullmatch(platform))]
    if not found or len(found) < len(platforms):
        return  # "any", or another system beside Linux: nothing is promised
    libcs = frozenset(_LIBCS.get(match["kind"], "") for match in found)
    yield Claim(
        root, ".".join(platforms), where, frozenset() if "" in libcs else libcs,
        arches(*(match["arch"] for match in found)), each=True, paths=listed,
    )  # fmt: skip


LABEL = Label("wheel", frozenset(("WHEEL", "RECORD")), _claims)
