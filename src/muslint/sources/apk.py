"""Alpine packages of the second format: gzip members after one another that together are one tar (apk-v2(5)).

First the signatures, then ``.PKGINFO`` and the scripts, then the files.
"""

from __future__ import annotations

from collections.abc import Iterator

from muslint.sources.archive import MAX_TEXT, Packing
from muslint.sources.entry import Content, Entry, EntryKind
from muslint.sources.tar import tar_entries


class ApkFormat:
    """An Alpine package, format 2."""

    name, order, seeks, installs = "apk", 20, False, True
    starts: tuple[bytes, ...] = ()

    def accepts(self, head: bytes) -> bool:
        """A tar whose first member is a signature or the metadata."""
        return head[257:262] == b"ustar" and (head.startswith(b".SIGN.") or head[:9] == b".PKGINFO\0")

    def entries(self, content: Content, packing: Packing) -> Iterator[Entry]:
        """The files; the control files are not among them, ``.PKGINFO`` is kept as a text of that name."""
        control = True
        for entry in tar_entries(content):
            # Control files come first, and only they lie at the top with a dot in front.
            control = control and entry.path.startswith(".") and "/" not in entry.path
            if not control:
                yield entry
            elif entry.path == ".PKGINFO" and entry.kind is EntryKind.FILE and entry.content is not None:
                packing.texts[".PKGINFO"] = entry.content.stream().read(MAX_TEXT)


ARCHIVE = ApkFormat()
