"""Conversions of ``strftime`` and ``strptime`` that musl lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from muslint.libc import printf
from muslint.libc.musl import release_key

_MUSL = b"aAbBcCdDeFgGhHIjmMnprRsStTuUVwWxXyYzZ%"
"""Letters of musl's ``src/time/strftime.c``."""

_GLIBC = _MUSL + b"Pkl+"
"""Letters of glibc's ``time/strftime_l.c``; it prints any other conversion as it stands."""

_READ = b"aAbBcCdDehHIjmMnprRStTUwWxXyY%"
"""Letters of musl's ``src/time/strptime.c`` in every release asked."""

_READ_SINCE_126 = b"FgGsuVzZ"
_GLIBC_READ = _READ + _READ_SINCE_126 + b"kl"
_GLIBC_MODIFIED = {b"": _GLIBC_READ, b"E": b"cCxXY", b"O": b"bBdehHImMSUVwWy"}
"""Letters of glibc's ``time/strptime_l.c``, by the modifier before them."""

_CONVERSION = re.compile(rb"%([_\-0^#+]*)(\d*)([EO]?)(.?)", re.S)

_ONLY_TIME = b"YymHIMBjTDR"  # letters that printf has not
_GNU_LETTERS = b"Pkl"
_NO_CASE = b"TRDFsnt%"  # letters whose text has no case: SQLite's own printf has a %#T


class Conversion(NamedTuple):
    """One conversion of a time format."""

    text: str  # as written
    flags: bytes
    width: bytes
    modifier: bytes  # E, O or nothing
    letter: bytes  # empty at the end of the text


def conversions(text: bytes) -> Iterator[Conversion]:
    """The conversions of a time format."""
    for found in _CONVERSION.finditer(text):
        yield Conversion(found.group().decode("latin-1"), *found.groups())


def lost(text: bytes) -> str | None:
    """The first conversion that makes musl's strftime return 0, so that the whole text is lost, or None.

    musl takes one of the flags ``-``, ``_`` and ``0``, then a ``+`` (``strftime.c``, __strftime_l).
    """
    for found in conversions(text):
        if not found.letter or found.letter not in _MUSL or not re.fullmatch(rb"[_\-0]?\+?", found.flags):
            return found.text
    return None


def unpadded(text: bytes) -> str | None:
    """The first conversion whose width musl ignores, or None: it looks at that of C, F, G and Y only."""
    for found in conversions(text):
        if found.width and found.letter not in b"CFGY":
            return found.text
    return None


def time_format(text: bytes) -> bool:
    """Whether a text can be a format of strftime or strptime, and holds what printf does not know."""
    found = list(conversions(text))
    return all(c.letter and c.letter in _GLIBC for c in found) and any(c.letter in _ONLY_TIME for c in found)


def gnu_only(text: bytes) -> str | None:
    """The first conversion of a text that is lost on musl, if the text can only be a format of strftime."""
    if printf.refused(text) is None:
        return None
    found = list(conversions(text))
    if not all(c.letter and c.letter in _GLIBC for c in found) or not any(c.letter in _ONLY_TIME for c in found):
        return None
    for conversion in found:
        turned = conversion.flags in (b"^", b"#") and conversion.letter not in _NO_CASE
        if conversion.letter in _GNU_LETTERS or turned:
            return conversion.text
    return None


def unread(text: bytes, musl: str | None) -> str | None:
    """The first conversion of a format of strptime that glibc reads and a musl release does not, or None.

    Up to 1.2.5 it knows what POSIX.1-2008 has; 1.2.6 adds F, g, G, s, u, V, z and Z (commit fced99e9), but ``%s``
    sets nothing and ``%Z`` wants a name of tzname. No release takes a flag (a 0 is part of the width), a modifier,
    or k and l. Without a release the newest one is meant.
    """
    later = musl is None or release_key(musl) >= (1, 2, 6)
    known = _READ + _READ_SINCE_126 if later else _READ
    for found in conversions(text):
        if not found.letter or found.letter not in _GLIBC_MODIFIED[found.modifier]:
            return None  # glibc fails there too
        no_room = found.letter == b"F" and found.flags == b"0" and not found.width  # a date of width 0
        if found.letter not in known or found.modifier or found.flags.strip(b"+0") or no_room:
            return found.text
    return None


def only_read(text: bytes, musl: str | None) -> str | None:
    """As `unread`, if the text can only be a time format."""
    found = list(conversions(text))
    if printf.refused(text) is None or not any(c.letter in _ONLY_TIME + b"F" for c in found):
        return None
    return unread(text, musl) if all(c.letter and c.letter in _GLIBC_MODIFIED[c.modifier] for c in found) else None
