"""Where relocations are written, and whether the loader may write there (musl ``do_relocs``, mmap(2)).

musl writes each relocation without a look at what is mapped. It makes a whole mapping writable for the tag DT_TEXTREL
only (``map_library``); an object that has just the flag DF_TEXTREL, or neither, is not helped. What a damaged file
places behind its last page kills the loader as well.
"""

from __future__ import annotations

from muslint.elf.header import PAGE
from muslint.elf.object import PT_LOAD, ElfObject, Segment

_WRITE = 2  # PF_W


def writes_astray(obj: ElfObject) -> bool:
    """Whether some relocation of ``obj`` lies where the loader cannot write.

    It dies there unless the entry fails before: what is not found is not written.
    """
    mapping = Mapping(obj)
    if not mapping.loads:
        return False
    bounds = [address for table in obj.relocations for address in table.reach() or ()]
    if all(map(mapping.may_be_written, bounds)):
        return False
    return any(r.type and not mapping.may_be_written(r.offset) for table in obj.relocations for r in table)


class Mapping:
    """What musl has mapped of an object when it relocates it; also what it lists, for it maps that itself."""

    def __init__(self, obj: ElfObject) -> None:
        self.loads = [segment for segment in obj.segments if segment.type == PT_LOAD]
        self.low = min([load.vaddr for load in self.loads], default=0) & -PAGE
        self.high = (max([load.vaddr + load.memsz for load in self.loads], default=0) + PAGE - 1) & -PAGE
        self.whole = obj.textrel

    def may_be_written(self, address: int) -> bool:
        """Whether ``address`` lies in the mapping, in a page that is writable."""
        return self.low <= address < self.high and (self.whole or writable(self.loads, address, by_kernel=False))


def writable(loads: list[Segment], address: int, by_kernel: bool) -> bool:
    """Whether the page of ``address`` ends up writable: segments are mapped in order, each over what was there.

    musl maps the lowest segment together with the room for all, and none that begins in its page again
    (``map_library``, "Reuse the existing mapping"); the kernel maps each.
    """
    page = address & -PAGE
    lowest = min(loads, key=lambda load: load.vaddr)
    found = bool(lowest.flags & _WRITE)
    for load in loads:
        first = load.vaddr & -PAGE
        if not by_kernel and first == lowest.vaddr & -PAGE:
            continue
        if first <= page < (load.vaddr + load.memsz + PAGE - 1) & -PAGE:
            found = bool(load.flags & _WRITE)
    return found
