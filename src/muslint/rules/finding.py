"""A finding: one thing that breaks or differs, as a value. Words and fields as in the JSON report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class When(StrEnum):
    """When it shows: at load, when that code is reached, or as other behaviour of a running program."""

    LOAD = "load"
    USE = "use"
    RUN = "run"


class Evidence(NamedTuple):
    """Something in the files that proves a finding."""

    kind: str  # "search", "definition", "version", "relocation" …
    where: str
    text: str


class Remedy(NamedTuple):
    """A way out. ``cures`` is true only where it alone is known to settle the finding."""

    kind: str  # "package", "rebuild", "target" …
    text: str
    cures: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding about one object."""

    rule: str
    severity: Severity
    when: When
    object: str  # the object it is about, as people are shown it
    message: str  # the loader's own line where there is one
    symbol: str | None = None
    version: str | None = None
    library: str | None = None
    needed_by: str | None = None
    relocation: int | None = None
    confidence: str = "certain"
    evidence: tuple[Evidence, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    suppressed: str | None = None

    @property
    def fingerprint(self) -> str:
        """A name for this finding that stays the same from run to run: 16 hexadecimal digits."""
        from hashlib import sha256

        parts = (self.rule, self.object, self.symbol, self.version, self.library, str(self.relocation))
        return sha256("\0".join(part or "" for part in parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
