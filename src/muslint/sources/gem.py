"""Ruby gems: a tar of ``metadata.gz`` and ``data.tar.gz``; the files are those of the latter (``Gem::Package``)."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.sources.archive import MAX_TEXT, Packing, compression_of
from muslint.sources.entry import Content, Entry
from muslint.sources.tar import tar_entries

_FIRST = ("metadata.gz", "data.tar.gz", "checksums.yaml.gz")


class GemFormat:
    """A Ruby gem."""

    name, order, seeks, installs = "gem", 40, False, False
    starts: tuple[bytes, ...] = ()

    def accepts(self, head: bytes) -> bool:
        """A tar whose first member has one of the names that a gem's members have."""
        return head[257:262] == b"ustar" and head[:100].rstrip(b"\0") in [name.encode() for name in _FIRST]

    def entries(self, content: Content, packing: Packing) -> Iterator[Entry]:
        """The files of ``data.tar.gz``, and what else lies beside it; the metadata is the text ``gem/metadata``."""
        for entry in tar_entries(content):
            if entry.content is None or entry.path not in ("metadata.gz", "data.tar.gz"):
                if entry.path not in _FIRST:
                    yield entry
                continue
            found = compression_of(entry.content.head())
            inside = packing.unpacked(entry.content, found) if found is not None else entry.content
            if entry.path == "metadata.gz":
                packing.texts["gem/metadata"] = inside.stream().read(MAX_TEXT)
            else:
                yield from tar_entries(inside)


ARCHIVE = GemFormat()
