"""Names of character sets among an object's constants."""

from __future__ import annotations

from muslint.libc.iconv import charsets, split
from muslint.rules.behaviour.behaviour import Scene

TABLE = 6
"""More names than this in one object are a table (MIME, fonts, databases): nothing says which are converted."""

_LONGEST = 31  # bytes of glibc's longest name


def named(scene: Scene) -> list[tuple[bytes, str]]:
    """Every constant that glibc takes for a character set, and its name in capitals."""
    if named not in scene.kept:
        scene.kept[named] = _named(scene)
    found: list[tuple[bytes, str]] = scene.kept[named]
    return found


def _named(scene: Scene) -> list[tuple[bytes, str]]:
    known = charsets()
    names = {name.encode() for name in known}
    texts = dict.fromkeys(
        text
        for text in scene.strings()
        if len(text) <= _LONGEST and text.partition(b"//")[0].rstrip(b"/").upper() in names
    )  # most constants are none: look twice only at what may be one
    return [(text, name) for text in texts if (name := split(text)[0]) in known]
