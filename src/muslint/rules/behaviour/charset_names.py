"""Names of character sets among an object's constants."""

from __future__ import annotations

import re
from collections.abc import Iterator

from muslint.libc.iconv import charsets, split
from muslint.rules.behaviour.behaviour import Scene

TABLE = 6
"""More names than this in one object are a table (MIME, fonts, databases): nothing says which are converted."""

_SLASH = re.compile(rb"/(?=[/\0]|\Z)")
"""What may end the name in a text: ``UTF-8//IGNORE``, ``UTF-8/``."""


def named(scene: Scene) -> list[tuple[bytes, str]]:
    """Every constant that glibc takes for a character set, and its name in capitals."""
    if named not in scene.kept:
        scene.kept[named] = _named(scene)
    found: list[tuple[bytes, str]] = scene.kept[named]
    return found


def _named(scene: Scene) -> list[tuple[bytes, str]]:
    known = charsets()
    names = frozenset(name.encode() for name in known)
    texts = dict.fromkeys(text for piece in scene.strings().pieces() for text in _likely(piece, names))
    return [(text, name) for text in texts if (name := split(text)[0]) in known]


def _likely(piece: bytes, names: frozenset[bytes]) -> Iterator[bytes]:
    """The constants of a piece of memory that may be one of some names, which are told from all others at once."""
    upper = piece.upper().split(b"\0")
    numbers = set() if names.isdisjoint(upper) else {number for number, text in enumerate(upper) if text in names}
    number = at = 0
    for slash in _SLASH.finditer(piece):
        number, at = number + piece.count(b"\0", at, slash.start()), slash.start()
        if upper[number].partition(b"//")[0].rstrip(b"/") in names:
            numbers.add(number)
    texts = piece.split(b"\0") if numbers else []
    return (texts[number] for number in sorted(numbers))
