"""What GNU's regular expressions have beyond musl's: patterns that ``regcomp`` refuses there, or reads otherwise."""

from __future__ import annotations

import re

REG_EXTENDED = 1
"""In ``regcomp``'s flags, in both libraries."""

REG_STARTEND = 4
"""In ``regexec``'s flags; musl has no such flag and ignores it."""

_MOST = 255  # RE_DUP_MAX of musl; glibc takes 32767

_LETTERS = b"dDntrfaex"
"""musl's regcomp (TRE, ``src/regex/regcomp.c``: tre_expand_macro, parse_atom) gives ``\\d``, ``\\n``, ``\\x41`` the
meaning they have in Perl; GNU's takes the letter itself."""

_BOUNDS = re.compile(rb"(\d*)(?:,(\d*))?")


def gnu_only(pattern: bytes, extended: bool) -> str | None:
    """The first part of a pattern that means one thing to glibc and is an error or another thing to musl, or None."""
    at = 0
    open_ = closed = 0  # groups
    while at < len(pattern):
        letter = pattern[at : at + 1]
        if extended and letter == b"(":
            open_ += 1
        elif extended and letter == b")" and open_:
            open_, closed = open_ - 1, closed + 1
        if letter == b"[":
            found, at = _bracket(pattern, at)
        elif letter == b"\\":
            found, at = _escape(pattern, at, extended, closed)
        elif letter == b"{" and extended and at:
            found, at = _bounds(pattern, at + 1, b"}")
        else:
            found, at = None, at + 1
        if found:
            return found
    return None


def _bracket(pattern: bytes, start: int) -> tuple[str | None, int]:
    at = start + 1
    if pattern[at : at + 1] == b"^":
        at += 1
    if pattern[at : at + 1] == b"]":
        at += 1
    while at < len(pattern) and pattern[at : at + 1] != b"]":
        kind = pattern[at + 1 : at + 2]
        if pattern[at : at + 1] == b"[" and kind in (b".", b"=", b":") and kind:
            end = pattern.find(kind + b"]", at + 2)
            if end < 0:
                return None, len(pattern)
            if kind != b":":
                return pattern[at : end + 2].decode("latin-1"), end
            at = end + 2
            continue
        at += 1
    return None, at + 1


def _escape(pattern: bytes, start: int, extended: bool, groups: int) -> tuple[str | None, int]:
    """A reference back to none of the ``groups`` so far is an error to both."""
    letter, end = pattern[start + 1 : start + 2], start + 2
    text = pattern[start:end].decode("latin-1")
    if not letter:
        return None, end
    if letter in b"`'" + _LETTERS or (extended and letter.isdigit() and 0 < int(letter) <= groups):
        return text, end
    if not extended and letter in b"+?" and start == 0:
        return text, end
    if not extended and letter == b"{" and start:
        return _bounds(pattern, end, b"\\}")
    return None, end


def _bounds(pattern: bytes, start: int, close: bytes) -> tuple[str | None, int]:
    end = pattern.find(close, start)
    inside = _BOUNDS.fullmatch(pattern[start:end]) if end >= 0 else None
    if inside is None:
        return None, start
    low, high = inside.groups()
    if (low == b"" and high) or any(int(number) > _MOST for number in (low, high) if number):
        return "{" + pattern[start:end].decode("latin-1") + "}", end
    return None, end


def surely(text: bytes) -> bool:
    """Whether a text with such a part can hardly be anything but a pattern: a collating element or an open bound."""
    return re.search(rb"\[\[[.=][^\]]{1,12}[.=]\]|[\])\w.]\\?\{,\d+\\?\}", text) is not None
