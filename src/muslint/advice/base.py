"""One row of `muslint bases`, as a value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SHOWN = 2  # names, where nothing else is said

NO_IMAGE = "no-image"
"""In place of a verdict: the image is not published for the architecture of the source."""


@dataclass(frozen=True, slots=True)
class Base:
    """One base image and what becomes of the whole source in it; None stands for what is not known."""

    image: str  # as --on takes it: debian:13-slim, alpine:3.24+gcompat
    reference: str  # as FROM takes it, with registry and tag
    libc: str | None  # glibc, musl, uclibc-ng; None for an image without one
    version: str | None
    rolls: bool  # its C library is that version or newer
    verdict: str  # of the image as it is: a verdict of check, or NO_IMAGE
    why: str  # the deciding reason; "" where it runs
    failing: int  # objects of the source that do not run, or differ, as the verdict says
    judged: int  # objects that were judged
    packages: tuple[str, ...]  # to install, by the names of the image's package manager
    add: str | None  # how people say that: apt-get install libstdc++6
    install: str | None  # the whole shell command that installs them
    then: str | None  # verdict with the packages; None without any
    then_why: str  # what still decides with them
    instead: str | None  # a larger image of the family, where nothing can be installed
    end_of_life: str | None  # ISO 8601
    long_term: str | None  # ISO 8601: end of free long-term updates, where that is to come
    ended: bool  # its regular updates are over
    compressed_mb: float | None
    confidence: str  # high, medium, low: of what the catalogue says of the image
    assumed: tuple[str, ...] = ()  # libraries in it that are taken to give what is asked of them
    opens_missing: tuple[str, ...] = ()  # libraries the source opens by name that it does not hold
    opens_unknown: tuple[str, ...] = ()  # the same, of which it is not known whether it holds them

    @property
    def best(self) -> str:
        """The verdict that can be reached by installing packages alone."""
        return self.then or self.verdict


def unopened(row: Base) -> Iterator[str]:
    """What the source opens by name and does not find in the image, or may not find, in words; not what decides."""
    if names := tuple(name for name in row.opens_missing if name not in row.why):
        yield f"{some(names)}, which it opens by name, {are(names)} not there"
    if names := tuple(name for name in row.opens_unknown if name not in row.why):
        yield f"not known whether {some(names)}, which it opens by name, {are(names)} there"


def some(names: Sequence[str], shown: int = _SHOWN) -> str:
    """The first names, and how many more there are."""
    more = f" (+{len(names) - shown})" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def are(names: Sequence[str]) -> str:
    """The verb for so many names."""
    return "is" if len(names) == 1 else "are"
