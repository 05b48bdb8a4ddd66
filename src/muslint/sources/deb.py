"""Debian packages: the files of ``data.tar``, as ``dpkg`` would put them into ``/`` (deb(5))."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.errors import MalformedArchive
from muslint.sources.ar import ar_members
from muslint.sources.archive import MAX_TEXT, Packing, compression_of
from muslint.sources.entry import Content, Entry
from muslint.sources.tar import tar_entries


class DebFormat:
    """A Debian package, ``.deb`` or ``.udeb``."""

    name, order, seeks, installs = "deb", 20, False, True
    starts: tuple[bytes, ...] = (b"!<arch>\ndebian-binary",)

    def accepts(self, head: bytes) -> bool:
        """By the name of the first member, which is fixed."""
        return head.startswith(b"!<arch>\ndebian-binary")

    def entries(self, content: Content, packing: Packing) -> Iterator[Entry]:
        """The files of ``data.tar``; ``control`` is kept as the text ``deb/control``.

        ``data.tar`` may be plain or compressed in any way muslint knows, whatever its name says.
        """
        files = False
        for member in ar_members(content):
            if member.content is None:
                continue
            if member.name.startswith("control.tar"):
                _keep_control(member.content, packing)
            elif member.name.startswith("data.tar"):
                files = True
                yield from tar_entries(_unpacked(member.content, packing))
        if not files:
            raise MalformedArchive("a Debian package without data.tar")


def _unpacked(content: Content, packing: Packing) -> Content:
    found = compression_of(content.head())
    return packing.unpacked(content, found) if found is not None else content


def _keep_control(content: Content, packing: Packing) -> None:
    for entry in tar_entries(_unpacked(content, packing)):
        if entry.path.removeprefix("./") == "control" and entry.content is not None:
            packing.texts["deb/control"] = entry.content.stream().read(MAX_TEXT)
            return


ARCHIVE = DebFormat()
