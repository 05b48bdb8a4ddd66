"""``-``: an archive on standard input. A file there is read in place; what comes through a pipe is set aside first."""

from __future__ import annotations

import os
import stat
import sys

from muslint.errors import LimitReached, UnreadableSource
from muslint.sources.archive import DAMAGED, Unpacker, said
from muslint.sources.bytes import FileBytes
from muslint.sources.entry import Content, Held, Passing
from muslint.sources.limits import Limits
from muslint.sources.source import NO_KIND, Source, read_at_all

_NAME = "standard input"


class StandardInput:
    """``-``."""

    scheme, order, elsewhere = "stdin", 5, True

    def accepts(self, path: str, scheme: str | None) -> bool:
        """The name ``-`` alone."""
        return scheme is None and path == "-"

    def open(self, path: str, name: str, limits: Limits) -> Source:  # noqa: ARG002
        """Read the archive or image on standard input, and what is inside it."""
        unpacker = Unpacker(limits)
        try:
            content = _content(unpacker)
            found = unpacker.unpack(name, content, ())
        except (*DAMAGED, LimitReached) as error:
            raise UnreadableSource(f"{_NAME}: {said(error)}") from None
        if found is None:
            raise UnreadableSource(f"{_NAME}: {NO_KIND if content.size else 'nothing comes from it'}")
        return read_at_all(found, _NAME)


def _content(unpacker: Unpacker) -> Content:
    stream = sys.stdin.buffer
    descriptor = stream.fileno()
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return Held(FileBytes(f"/dev/fd/{descriptor}", keep_open=True))
    if stream.isatty():
        raise UnreadableSource(f"{_NAME} is a terminal: write docker save IMAGE | muslint check -")
    return Held(unpacker.spool.keep(Passing(stream, None).stream(), None))


SOURCES = (StandardInput(),)
