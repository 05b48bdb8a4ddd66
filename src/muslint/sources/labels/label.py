"""What a label is, and what it claims."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim about the ELF files below a path of an archive."""

    below: str  # prefix of paths in the archive, "/" for all
    text: str  # the label itself: "musllinux_1_2_x86_64"
    where: str  # where it stands: "wheel tag", "package.json"
    libcs: frozenset[str] = frozenset()  # C libraries its files may be built for; empty: any
    arches: frozenset[str] = frozenset()  # architectures, musl's names; empty: any


@dataclass(frozen=True, slots=True)
class Label:
    """One kind of label."""

    id: str
    wants: Callable[[str], bool]  # path in the archive → whether its text is needed
    claims: Callable[[str, str, Mapping[str, bytes], Sequence[str]], Iterator[Claim]]
    """(archive format, file name as shown, texts, paths of ELF files) → claims."""
