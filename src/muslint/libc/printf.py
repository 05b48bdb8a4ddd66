"""Which conversions of ``printf`` musl refuses: it then returns -1 with EINVAL and the whole text is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_INTEGERS, _FLOATS = b"diouxX", b"efgaEFGA"
_LENGTHS: dict[bytes, bytes] = {
    b"": _INTEGERS + _FLOATS + b"cCsSpnm",
    b"l": _INTEGERS + _FLOATS + b"csn",
    b"ll": _INTEGERS + b"n",
    b"h": _INTEGERS + b"n",
    b"hh": _INTEGERS + b"n",
    b"L": _FLOATS + b"n",
    b"z": _INTEGERS + b"n",
    b"t": _INTEGERS + b"n",
    b"j": _INTEGERS + b"n",
}
"""Conversions musl takes after each length (``states`` in ``src/stdio/vfprintf.c``, alike in every release asked)."""

SUSPECT = re.compile(
    rb"%(?!%|[#0\- +']*[0-9*]*(?:\.[0-9*-]*)?"
    rb"(?:(?:hh|ll|[hzjt])?[diouxXn]|l?[diouxXefgaEFGAcsn]|[CSpm]|L[efgaEFGAn]))|%\d+\$"
)
"""What a conversion that is refused begins like; much else does too."""

_POSITION = re.compile(rb"([0-9]{1,4})\$")
_CONVERSION = re.compile(rb"%(?:[0-9]+\$)?([#0\- +'I]*)[0-9*$]*(?:\.[-0-9*$]*)?()(hh|ll|[hlLqjzZt])?(.?)", re.S)
"""Flags, the place of the length, the length, the letter."""
_OLD_LENGTHS = (b"q", b"L", b"Z")  # glibc: long long, long long, size_t


class Conversion(NamedTuple):
    """One conversion of a format."""

    text: str  # as written
    positions: tuple[int, ...]  # n of each n$, its own, the width's and the precision's
    flags: bytes
    length: bytes
    letter: bytes  # empty at the end of the text

    @property
    def taken(self) -> bool:
        """Whether musl knows it. (One that the text ends in is refused by glibc too.)"""
        return not self.letter or self.letter in _LENGTHS.get(self.length, b"")

    @property
    def gnu(self) -> bool:
        """Whether it is one that only GNU's printf and its likes know: ``%Ld``, ``%qu``, ``%Zd``, ``%I64d``."""
        return not self.taken and self.letter != b"" and self.letter in _INTEGERS + b"Z" and self.length in _OLD_LENGTHS


def conversions(text: bytes) -> Iterator[Conversion]:
    """The conversions of a format, ``%%`` left out."""
    at = text.find(b"%")
    while at >= 0:
        if text[at + 1 : at + 2] == b"%":
            at = text.find(b"%", at + 2)
            continue
        found, end = _conversion(text, at)
        yield found
        at = text.find(b"%", end)


def _conversion(text: bytes, start: int) -> tuple[Conversion, int]:
    found = _CONVERSION.match(text, start)
    assert found is not None  # a percent sign alone matches
    chosen, _, size, letter = found.groups(b"")
    positions = tuple(int(number) for number in _POSITION.findall(text[start : found.start(2)]))
    if b"I" in chosen:  # a flag in glibc, an unknown conversion in musl
        size = b"q"
    return Conversion(found[0].decode("latin-1"), positions, chosen, size, letter), found.end()


def refused(text: bytes) -> str | None:
    """The first conversion of a format that makes musl's printf fail where glibc's does not, or None.

    glibc prints a conversion it does not know as it stands (``vfprintf-internal.c``, form_unknown).
    """
    used: set[int] = set()
    for conversion in conversions(text):
        if not conversion.taken:
            return conversion.text
        used.update(conversion.positions)
    if used and len(used) != max(used):
        return f"%{max(used)}$ with a number left out before it"  # musl: nl_type has a hole
    return None


def gnu_only(text: bytes) -> str | None:
    """The first conversion of a text that only GNU's printf knows, if all its others are printf's: surely a format."""
    if not _GNU.search(text):
        return None
    found = list(conversions(text))
    if not all(conversion.gnu or (conversion.letter and conversion.taken) for conversion in found):
        return None
    return next(
        (c.text for c in found if c.gnu and not text.partition(c.text.encode("latin-1"))[2][:1].isalpha()), None
    )


_GNU = re.compile(rb"%[^%]*?[IqLZ]")  # what is none of GNU's own has no such letter

TEMPLATE = re.compile(rb"%%[-+ #0]*(?:[0-9.]*%[0-9.]*(?:l{0,2}[diu]|z?u|s))+[qLZ][diouxX]")
"""What a conversion that only GNU's printf knows looks like in a format that makes a format."""


def template(text: bytes) -> str | None:
    """The conversion only GNU's printf knows in what such a format makes (``"%%%dLd"``: ``%1Ld``), or None."""
    if not TEMPLATE.search(text):
        return None
    pieces = re.sub(rb"%(?:%|[-0-9.*+ #]*(?:l{0,2}[diu]|z?u|s))", _rendered, text)
    return gnu_only(pieces)


def _rendered(conversion: re.Match[bytes]) -> bytes:
    return b"%" if conversion[0] == b"%%" else b"" if conversion[0].endswith(b"s") else b"1"
