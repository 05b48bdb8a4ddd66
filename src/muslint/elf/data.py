"""Initialised writable data of an object: what its variables hold before anything runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from muslint.elf.image import Image

_KINDS = (1, 2, 3)  # PTHREAD_MUTEX_RECURSIVE_NP, _ERRORCHECK_NP, _ADAPTIVE_NP


class Initialised:
    """The writable memory that gets its content from the file, RELRO left out."""

    __slots__ = ("_image",)

    def __init__(self, image: Image) -> None:
        self._image = image

    def read(self, address: int, size: int) -> bytes | None:
        """``size`` bytes from ``address``; None where they are not all initialised writable data."""
        for part in self._image.initialised():
            if part.address <= address and address + size <= part.end:
                return part.content[address - part.address : address - part.address + size]
        return None

    def static_mutexes(self) -> Iterator[tuple[int, int]]:
        """(address, kind) of what looks like a pthread_mutex_t with a static glibc initialiser of a kind not 0.

        All zero but the word ``__kind`` (glibc ``sysdeps/*/nptl/bits/struct_mutex.h``), which is 1, 2 or 3. Other
        data may look the same: a rule ties an address to a call of pthread_mutex_lock.
        """
        wide = self._image.word_size == 8
        before, size = (16, 40) if wide else (12, 24)
        order = self._image.order
        kinds = b"|".join(re.escape(kind.to_bytes(4, order)) for kind in _KINDS)
        pattern = re.compile(
            b"(?=(" + b"\\0" * before + b"(" + kinds + b")" + b"\\0" * (size - before - 4) + b"))", re.S
        )
        for part in self._image.initialised():
            for found in pattern.finditer(part.content):
                address = part.address + found.start()
                if address % self._image.word_size == 0:
                    yield address, int.from_bytes(found.group(2), order)
