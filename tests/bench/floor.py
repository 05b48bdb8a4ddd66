"""The least a program can do that gets the bytes a loader reads of an ELF file, without being told where they are.

It reads the file's head, goes through program headers and dynamic section to learn where the tables lie, and reads
these. Nothing is decoded of a table, nothing is checked and nothing kept. Written without muslint, to be held
against it; little-endian files only, as all that are measured.
"""

import os
from struct import Struct

PT_LOAD, PT_DYNAMIC = 1, 2
STRTAB, SYMTAB, RELA, REL, JMPREL = 5, 6, 7, 17, 23
HASH, GNU_HASH, VERSYM = 4, 0x6FFFFEF5, 0x6FFFFFF0
SIZES = {STRTAB: 10, RELA: 8, REL: 18, JMPREL: 2}
"""Tag of a table → tag of its size in bytes. Of the others it is not said: they lie among these."""

# By EI_CLASS: e_phoff and e_phnum; p_type, p_offset, p_vaddr and p_filesz; an entry of the dynamic section.
CLASSES = {
    1: (Struct("<28xI12xH"), Struct("<IIIxxxxIxxxxxxxxxxxx"), Struct("<II")),
    2: (Struct("<32xQ16xH"), Struct("<IxxxxQQxxxxxxxxQxxxxxxxxxxxxxxxx"), Struct("<QQ")),
}


def tables(path: str) -> int:
    """Read the tables of one file; the number of bytes read."""
    fd = os.open(path, os.O_RDONLY)
    try:
        head = os.pread(fd, 4096, 0)
        header, segment, entry = CLASSES[head[4]]
        start, count = header.unpack_from(head)
        loads, dynamic = [], None
        for kind, offset, address, size in segment.iter_unpack(head[start : start + count * segment.size]):
            if kind == PT_LOAD:
                loads.append((address, address + size, offset - address))
            elif kind == PT_DYNAMIC:
                dynamic = offset, size
        if dynamic is None:
            return len(head)
        section = head[dynamic[0] : sum(dynamic)] if sum(dynamic) <= len(head) else os.pread(fd, dynamic[1], dynamic[0])
        read = len(head) + (len(section) if sum(dynamic) > len(head) else 0)
        tags = dict(entry.iter_unpack(section))
        low, high = 1 << 64, 0
        for tag in (STRTAB, SYMTAB, RELA, REL, JMPREL, HASH, GNU_HASH, VERSYM):
            if tag in tags:
                address = tags[tag]
                size = tags.get(SIZES.get(tag, -1), 0)
                for first, last, delta in loads:
                    if first <= address < last:
                        low, high = min(low, address + delta), max(high, address + delta + size)
                        break
        if high <= len(head):
            return read
        return read + len(os.pread(fd, high - low, low))
    finally:
        os.close(fd)
