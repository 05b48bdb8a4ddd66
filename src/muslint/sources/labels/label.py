"""What a label is, and what it claims."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from muslint.elf.machine import named_arch

_ARM = frozenset(("arm", "armhf"))


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim about the ELF files below a path of an archive."""

    below: str  # prefix of paths in the source, "/" for all
    text: str  # the label itself: "musllinux_1_2_x86_64"
    where: str  # where it stands: "wheel tag", "package.json"
    libcs: frozenset[str] = frozenset()  # C libraries its files may be built for; empty: any
    arches: frozenset[str] = frozenset()  # architectures, musl's names; empty: any
    each: bool = False  # of every shared library there; else it is broken only where nothing there agrees
    paths: frozenset[str] | None = None  # only these paths, where the label lists them

    def concerns(self, path: str) -> bool:
        """Whether it speaks of the file at ``path`` of the source."""
        return path.startswith(self.below) and (self.paths is None or path in self.paths)


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """One kind of label."""

    id: str
    files: frozenset[str]  # names of the files it is written in
    claims: Callable[[str, str, Mapping[str, bytes], Sequence[str]], Iterator[Claim]]
    """(archive format, file name as shown, texts, paths of ELF files) → claims."""


def arches(*names: str) -> frozenset[str]:
    """Architectures by any of their names; 32-bit ARM labels rarely tell the float ABI, so both are meant."""
    found: set[str] = set()
    for name in names:
        known = named_arch(name)
        found |= _ARM if known in _ARM or re.fullmatch(r"arm(v\d\w*)?", known) else {known}
    return frozenset(found)


def text_of(data: bytes) -> str:
    """A metadata file as text, whatever bytes are in it."""
    return data.decode("utf-8", "replace")


def fields(text: str) -> dict[str, list[str]]:
    """The fields of a ``Name: value`` file (RFC 822 style), names in lower case, as often as they come."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and name and not name[0].isspace():
            found.setdefault(name.strip().lower(), []).append(value.strip())
        elif not line.strip():
            break
    return found
