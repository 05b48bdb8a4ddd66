"""``archive:PATH``: a file that is an archive, or compressed."""

from __future__ import annotations

from muslint.errors import UnreadableSource
from muslint.sources.archive import Unpacker, format_of
from muslint.sources.bytes import FileBytes
from muslint.sources.entry import Held
from muslint.sources.limits import Limits
from muslint.sources.source import NO_KIND, Source, read_at_all


class ArchiveSource:
    """``archive:PATH``, and any file that is an archive or compressed."""

    scheme, order = "archive", 30

    def accepts(self, path: str, scheme: str | None) -> bool:
        """By the scheme, or an archive by its first bytes."""
        if scheme is not None:
            return scheme == self.scheme
        try:
            data = FileBytes(path)
        except OSError:
            return False
        content = Held(data)
        head = content.head()
        return Unpacker(Limits()).may_hold(head) or format_of(head, content) is not None

    def open(self, path: str, name: str, limits: Limits) -> Source:
        """Read it through, and what is inside it."""
        try:
            data = FileBytes(path, keep_open=True)
        except OSError as error:
            raise UnreadableSource(f"{path}: {error.strerror}") from None
        found = Unpacker(limits).unpack(name, Held(data), ())
        if found is None:
            raise UnreadableSource(f"{path}: {NO_KIND}")
        return read_at_all(found, path)


SOURCES = (ArchiveSource(),)
