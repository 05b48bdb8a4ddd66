"""What may hold programs and is not read: it is said, so that nobody takes silence for an answer.

7z and RAR: no kept library reads them in little (``py7zr`` brings nine packages, some of them copyleft), and Linux
programs rarely come in them. LZ4 and lzip: an unpacker more, for one file in a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator

from muslint.sources.archive import Packing
from muslint.sources.entry import Content, Entry

_MARKS = {
    b"7z\xbc\xaf\x27\x1c": ("7z", "7z x"), b"Rar!\x1a\x07": ("RAR", "unrar x"), b"LZIP\x01": ("lzip", "lzip -d"),
    b"\x04\x22\x4d\x18": ("LZ4", "lz4 -d"), b"\x02\x21\x4c\x18": ("LZ4", "lz4 -d"),
    b"DWARFS\x02": ("DwarFS", "dwarfsextract"), b"QFI\xfb\0\0\0": ("qcow2", "virt-copy-out"),
}  # fmt: skip
"""How each begins, what it is called, and what unpacks it."""


class UnreadFormat:
    """A format that is known and not read."""

    name, order, seeks, installs = "unread", 90, False, False
    starts = tuple(_MARKS)

    def accepts(self, head: bytes) -> bool:
        """By the magic number."""
        return head.startswith(self.starts)

    def entries(self, content: Content, packing: Packing) -> Iterator[Entry]:
        """Nothing, and why."""
        head = content.head()
        name, tool = next(known for mark, known in _MARKS.items() if head.startswith(mark))
        packing.skip(packing.parents[-1], f"{name}, which is not read: unpack it ({tool}) and check what comes out")
        return iter(())


ARCHIVE = UnreadFormat()
