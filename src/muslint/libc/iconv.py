"""Character sets by name, as glibc's and musl's ``iconv_open`` take them. Table: ``data/iconv/charsets.txt``."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from muslint.libc.musl import release_key
from muslint.libc.table import read_text, rows


class Charset(NamedTuple):
    """A name that glibc converts both ways, and the first musl release that does; None for no release."""

    name: str
    read: str | None  # takes it to convert from
    written: str | None  # takes it to convert to


ORDER_OPEN = frozenset({"UTF-16", "UTF16", "UTF-32", "UTF32", "UCS-2", "UCS2"})
"""Names that leave the byte order open. glibc writes the machine's own order, with a byte order mark for the UTF
names, and musl big-endian without one (musl ``src/locale/iconv.c``); UCS-4 is big-endian in both."""

_UNICODE = ("UTF", "UCS", "WCHAR_T", "GB18030", "ISO-10646", "10646", "UNICODE", "INTERNAL", "CSUCS", "CSUNICODE")


@lru_cache(maxsize=1)
def charsets() -> dict[str, Charset]:
    """Every name glibc knows, in capitals as it looks them up."""
    found = {}
    for name, read, written in rows(read_text("iconv/charsets.txt")):
        found[name] = Charset(name, None if read == "-" else read, None if written == "-" else written)
    return found


def split(name: bytes) -> tuple[str, str]:
    """The character set in an argument of ``iconv_open``, in capitals, and the suffix behind it (``//TRANSLIT``).

    glibc ``iconv/gconv_charspec.c``: the name ends at the first ``//``, or at a slash that ends the text; letters
    of either case mean the same.
    """
    text = name.decode("latin-1").upper()
    charset, slashes, rest = text.partition("//")
    if not slashes and text.endswith("/") and text not in charsets():
        return text[:-1], "/"
    return charset, slashes + rest


def taken(name: str, musl: str | None, *, write: bool) -> bool | None:
    """Whether a musl release converts from a character set glibc knows (or to it: ``write``); None for another name.

    Without a release the newest one of the table is meant.
    """
    charset = charsets().get(name)
    if charset is None:
        return None
    since = charset.written if write else charset.read
    return since is not None and (musl is None or since == _FIRST or release_key(since) <= release_key(musl))


_FIRST = "1.2.2"  # stands for that or an earlier release


def unicode(name: str) -> bool:
    """Whether a character set (in capitals) holds every character there is."""
    return name.startswith(_UNICODE)
