"""Where relocations are written, and whether a loader may write there (mmap(2), musl ``do_relocs``).

A loader writes each relocation without a look at what is mapped. musl makes a whole mapping writable for the tag
DT_TEXTREL only (``map_library``), glibc for the flag DF_TEXTREL too; an object that has neither is not helped. What a
damaged file places behind its last page kills the loader as well.
"""

from __future__ import annotations

from operator import itemgetter

from muslint.elf.header import PAGE
from muslint.elf.object import PT_LOAD, ElfObject, Segment
from muslint.loader.scope import SIGBUS, SIGSEGV

_WRITE = 2  # PF_W
_address = itemgetter(3)  # of a segment


class Pages:
    """What a loader has mapped of an object when it relocates it; also what it lists, for it maps that itself."""

    def __init__(self, obj: ElfObject, whole: bool, again: bool = False, size: int | None = None) -> None:
        """``whole``: all of it was made writable. ``again``: see `writable`. ``size`` of a file that is cut short."""
        self._object, self._loads, self._size = obj, loads_of(obj.segments), size
        self._low = min([load.vaddr for load in self._loads], default=0) & -PAGE
        self._high = max([load.vaddr + load.memsz for load in self._loads], default=0) + PAGE - 1 & -PAGE
        self._whole, self._again = whole, again

    def killed_at(self, address: int) -> int:
        """The signal that a write to ``address`` ends in; 0 where it does no harm."""
        if not self._low <= address < self._high:
            return SIGSEGV
        if not self._whole and not writable(self._loads, address, self._again):
            return SIGSEGV
        return self.beyond(address)

    def beyond(self, address: int) -> int:
        """SIGBUS where ``address`` lies in a page that the file does not reach, else 0."""
        if self._size is None:
            return 0
        place = place_of(self._loads, address)
        return SIGBUS if place is not None and place >= (self._size + PAGE - 1 & -PAGE) else 0

    def written_astray(self) -> bool:
        """Whether some relocation lies where the loader cannot write."""
        if not self._loads:
            return False
        tables = self._object.relocations
        if not any(self.killed_at(address) for table in tables for address in table.reach() or ()):
            return False
        return any(entry.type and self.killed_at(entry.offset) for table in tables for entry in table)


def loads_of(segments: tuple[Segment, ...]) -> list[Segment]:
    """Those that are mapped, in order."""
    return [segment for segment in segments if segment.type == PT_LOAD]


def writable(loads: list[Segment], address: int, again: bool) -> bool:
    """Whether the page of ``address`` ends up writable: segments are mapped in order, each over what was there.

    musl maps the lowest segment together with the room for all, and none that begins in its page again
    (``map_library``, "Reuse the existing mapping"); the kernel and glibc map each, ``again``.
    """
    page = address & -PAGE
    lowest = min(loads, key=_address)
    base, found = lowest.vaddr & -PAGE, lowest.flags & _WRITE
    for load in loads:
        first = load.vaddr & -PAGE
        if first <= page < load.vaddr + load.memsz and (again or first != base):
            found = load.flags & _WRITE
    return bool(found)


def clears_read_only(loads: list[Segment]) -> bool:
    """Whether musl dies in ``map_library`` clearing what a writable segment has behind its bytes from the file.

    So it does where the segment begins in the page of the lowest, which is read-only: it is not mapped again.
    """
    lowest = min(loads, key=_address, default=None)
    if lowest is None or lowest.flags & _WRITE:
        return False
    base = lowest.vaddr & -PAGE
    return any(
        load.flags & _WRITE and load.memsz > load.filesz and load.vaddr & -PAGE == base
        and (load.vaddr + load.filesz) % PAGE
        for load in loads
    )  # fmt: skip


def place_of(loads: list[Segment], address: int) -> int | None:
    """Where in the file the byte lies that musl maps at ``address``; None where it is cleared.

    The lowest segment is mapped with the room for all, the others over it (``map_library``). ``p_filesz`` counts only
    in a writable segment, whose rest is cleared.
    """
    lowest = min(loads, key=_address)
    base, page = lowest.vaddr & -PAGE, address & -PAGE
    found: int | None = (lowest.offset & -PAGE) + address - base
    for load in loads:
        first, filled = load.vaddr & -PAGE, load.vaddr + load.filesz
        if first <= page < load.vaddr + load.memsz:
            if first != base:
                found = (load.offset & -PAGE) + address - first
            if load.flags & _WRITE and load.memsz > load.filesz and address >= filled:
                found = None
    return found
