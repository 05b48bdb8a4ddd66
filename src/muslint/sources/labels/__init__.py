"""What packages claim: the architecture and C library that a name, a tag or a metadata file stands for.

One file a kind of package, each with a constant ``LABEL``, found by walking the package.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from muslint.sources.labels.label import Claim, Label


@lru_cache(maxsize=1)
def labels() -> tuple[Label, ...]:
    """Every kind of label."""
    found = (getattr(import_module(f"{__name__}.{m.name}"), "LABEL", None) for m in iter_modules(__path__))
    return tuple(sorted((label for label in found if label is not None), key=lambda label: label.id))


@lru_cache(maxsize=1)
def label_files() -> frozenset[str]:
    """Names of the files that labels are written in."""
    return frozenset().union(*(label.files for label in labels()))


def claims_of(kind: str, name: str, texts: Mapping[str, bytes], paths: Sequence[str]) -> Iterator[Claim]:
    """Every claim of an archive: its format, its file name, the texts kept of it, the paths of its ELF files."""
    for label in labels():
        yield from label.claims(kind, name, texts, paths)
