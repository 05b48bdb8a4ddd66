"""How much of an archive is read: bounds that keep a hostile one from eating the machine."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields, replace

from muslint.errors import LimitReached, WrongUse

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}

RATIO_FREE = 1 << 30
"""Unpacked bytes of a stream before its ratio is looked at: a layer may hold a large file of zeros."""

MEMBER_FREE = 64 << 20
"""Bytes that the members of one archive which grow beyond the ratio may have together: patchelf pads libraries with
zeros, and real wheels hold some that grow more than 200 times."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what is unpacked; each can be set with ``--limit NAME=VALUE``. 0 means no bound."""

    depth: int = 16  # archives inside one another
    members: int = 500_000  # of all archives of a source together
    bytes: int = 64 << 30  # unpacked, of all archives of a source together
    member: int = 4 << 30  # unpacked bytes of one member
    ratio: int = 200  # most times an archive or member may grow when unpacked
    path: int = 4096  # bytes of a member's path
    seconds: int = 600  # for reading all archives of a source
    platform: str | None = None  # of images: only those for this one, "linux/arm64"; not a number, has its own option


def parsed(given: tuple[str, ...], base: Limits | None = None) -> Limits:
    """Limits with ``NAME=VALUE`` applied; a value may end in K, M, G or T. Raises WrongUse."""
    limits = base or Limits()
    names = [field.name for field in fields(Limits) if field.name != "platform"]
    for item in given:
        name, equals, text = item.partition("=")
        unit = text[-1:].lower() if text[-1:].isalpha() else ""
        number = text[: len(text) - len(unit)]
        if name not in names or not equals:
            raise WrongUse(f"--limit {item}: write one of {', '.join(f'{n}=NUMBER' for n in names)}")
        if not number.isascii() or not number.isdigit() or unit not in _UNITS:
            raise WrongUse(f"--limit {item}: {text or 'nothing'} is no number; write {name}=1000 or {name}=4G")
        limits = replace(limits, **{name: int(number) * _UNITS[unit]})  # type: ignore[arg-type]
    return limits


class Budget:
    """What is left of the limits while a source is read."""

    __slots__ = ("_deadline", "limits", "members", "unpacked")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.members = 0
        self.unpacked = 0
        self._deadline = time.monotonic() + limits.seconds if limits.seconds else None

    def member(self) -> None:
        """Count one more member; raises LimitReached."""
        self.members += 1
        if self.limits.members and self.members > self.limits.members:
            raise LimitReached(f"more than {self.limits.members} members: the rest was not read (--limit members=N)")
        if not self.members & 0x3FF:
            self.clock()

    def clock(self) -> None:
        """Raise LimitReached when the time is over."""
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise LimitReached(
                f"reading took more than {self.limits.seconds} s: the rest was not read (--limit seconds=N)"
            )

    def grow(self, count: int, unpacked: int, packed: int) -> None:
        """Count ``count`` more unpacked bytes of something that now is ``unpacked`` from ``packed`` bytes."""
        self.unpacked += count
        if self.limits.bytes and self.unpacked > self.limits.bytes:
            raise LimitReached(f"more than {self.limits.bytes} bytes unpacked: the rest was not read (--limit bytes=N)")
        if self.limits.ratio and unpacked > RATIO_FREE and unpacked > self.limits.ratio * max(packed, 1):
            raise LimitReached(f"grows more than {self.limits.ratio} times when unpacked (--limit ratio=N)")
        self.clock()
