"""A finding: one thing that breaks or differs, as a value. Words and fields as in the JSON report."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
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


UNLISTED = "unlisted"
"""Kind of the evidence that no table lists what an image holds beside its C library and the compiler's."""


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


class Effect(StrEnum):
    """What a way out does to an object, as the model has it."""

    CURES = "cures"  # nothing is left that stands against it
    HELPS = "helps"  # less is left, and it is named
    HIDES = "hides"  # nothing is told any more, but what was missing is a stub that does not do its work
    UNTRIED = "untried"  # cannot be tried without what is not here: another package, another build


class Tried(NamedTuple):
    """A way out of all that stands against an object, tried in the model before it is offered."""

    kind: str  # "package", "preload", "binary", "release", "image", "rebuild", "static", "download"
    commands: tuple[str, ...]  # to be pasted, in this order
    text: str  # what it does, and what it was tried with
    effect: Effect
    remains: tuple[str, ...] = ()  # names, libraries and behaviour rules that are left; of a stub, what it does
    loads: bool = False  # it loads then, whatever of its behaviour is left

    @property
    def cures(self) -> bool:
        """Whether it is enough."""
        return self.effect is Effect.CURES


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
    def unlisted(self) -> bool:
        """Whether it is only not known that the target has the library: no table lists what the image holds."""
        return any(evidence.kind == UNLISTED for evidence in self.evidence)

    @property
    def decides(self) -> bool:
        """Whether it moves the verdict: an error, or anything but information about how the program runs."""
        return self.suppressed is None and (
            self.severity is Severity.ERROR or (self.when is When.RUN and self.severity is not Severity.INFO)
        )

    @property
    def told(self) -> str:
        """The message, with what is not known about it."""
        return " ".join([self.message, *(f"({one.text})" for one in self.evidence if one.kind == UNLISTED)])

    @property
    def fingerprint(self) -> str:
        """A name for this finding that outlives rebuilds, moves and copies: 16 hexadecimal digits.

        Made of the rule, the object's `stem`, and what is missing or wrong. A symbol is named without its
        version and its old library, which change with the glibc a file is built on. Not unique: two copies of
        one file share theirs.
        """
        from hashlib import sha256

        about = (self.symbol, None, None) if self.symbol else (None, self.version, _library(self.library))
        parts = (self.rule, stem(self.object), *about, str(self.relocation or ""))
        return sha256("\0".join(part or "" for part in parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]


_HASH = re.compile(r"-[0-9a-f]{8,}(?=[-.]|$)")  # auditwheel and others put a hash of the content into names
_TAG = re.compile(r"\.(?:cpython-\d+\w*|cp\d+|pypy\d+-pp\d+|abi\d+)(?:-[\w-]+)?(?=\.so$)")  # PEP 3149
_VERSION = re.compile(r"[-.]v?\d+(?:[._]\d+)*(?:[._]?(?:a|b|rc|dev|post|p|r)\d*)?(?=[-.+~]|$)")


@lru_cache(maxsize=4096)
def stem(path: str) -> str:
    """The file name without folders, version, content hash and ABI tag: ``libssl.so.1.1`` → ``libssl.so``."""
    name = path.rpartition("/")[2]
    short = _VERSION.sub("", _TAG.sub("", _HASH.sub("", name)))
    return short or name


def _library(library: str | None) -> str | None:
    """A library's name without folders and content hash; its version stays, for that is its ABI."""
    return _HASH.sub("", library.rpartition("/")[2]) if library else None
