"""Initialised writable data of an object: what its variables hold before anything runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from muslint.elf.image import Image


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

        All zero but the word ``__kind`` (glibc ``sysdeps/*/nptl/bits/struct_mutex.h``), which is 1 (recursive), 2
        (error-checking) or 3 (adaptive). Other data may look the same: a rule ties an address to a call of
        pthread_mutex_lock.
        """
        wide = self._image.word_size == 8
        before, size = (16, 40) if wide else (12, 24)
        order = self._image.order
        if order == "big":
            before += 3
        # The one byte that is not 0 is searched for: zeros are everywhere.
        pattern = re.compile(rb"[\1-\3](?=\0{%d})(?<=\0{%d}.)" % (size - before - 1, before), re.S)
        for part in self._image.initialised():
            for found in pattern.finditer(part.content):
                address = part.address + found.start() - before
                if address % self._image.word_size == 0:
                    yield address, found[0][0]
