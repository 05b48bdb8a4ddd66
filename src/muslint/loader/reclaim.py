"""What the mapping of an object leaves unused, musl gives to malloc, and writes there as soon as it is mapped.

The ends of writable segments are "donated" (musl ``ldso/dynlink.c`` ``reclaim_gaps``, ``__malloc_donate``): those of
the program, and of each library that is loaded with it; not of what ``dlopen`` loads. Where a later read-only segment
shares the page, the write kills the loader. Tools that move the dynamic section to a new writable segment in front of
the others make such files. Others leave the dynamic section itself behind the end of its segment: it is cleared
after ``decode_dyn`` has read it and before ``load_direct_deps`` and ``reloc_all`` do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from muslint.elf.header import PAGE
from muslint.elf.object import (
    DT_JMPREL,
    DT_NEEDED,
    DT_REL,
    DT_RELA,
    DT_RELR,
    PT_DYNAMIC,
    PT_GNU_RELRO,
    ElfObject,
    Segment,
)
from muslint.libc.musl import release_key
from muslint.loader.written import Pages, loads_of

_READ_WRITE = 6  # PF_R | PF_W
_TABLES = {"JMPREL": DT_JMPREL, "REL": DT_REL, "RELA": DT_RELA}
_MALLOCNG, _NO_EMPTY = (1, 2, 1), (1, 2, 6)


def dies_reclaiming(obj: ElfObject, version: str, by_kernel: bool = False, size: int | None = None) -> int:
    """The signal musl ``version`` dies of giving the gaps of ``obj`` to malloc; 0 where it does not.

    ``by_kernel`` says who mapped it: the kernel a program that it starts, the loader libraries and what it lists.
    ``size`` is that of a file that is cut short.
    """
    if not obj.headers_mapped:
        return 0  # dso->phdr is unset: nothing is given
    release = release_key(version)
    loads = loads_of(obj.segments)
    mapping = Pages(obj, False, by_kernel, size)
    given = (s for s, e in _gaps(obj, loads, release) if _written(s, e, release, obj.ident.bits // 8))
    return next((signal for start in given if (signal := mapping.killed_at(start))), 0)


def after_reclaiming(obj: ElfObject, version: str) -> ElfObject:
    """``obj`` as far as its dynamic section is not cleared by malloc of musl ``version``; mostly ``obj`` itself.

    What ``decode_dyn`` and ``fixup_rpath`` read before that stays: symbols, hash tables, rpath. The malloc before
    1.2.1 clears nothing, and what little it writes is not told.
    """
    release = release_key(version)
    place = next((s.vaddr for s in reversed(obj.segments) if s.type == PT_DYNAMIC), 0)
    size = obj.ident.bits // 4
    end = place + size * len(obj.dynamic)
    if not obj.headers_mapped or release < _MALLOCNG:
        return obj
    cleared = [
        max(start, place) for start, stop in _gaps(obj, loads_of(obj.segments), release) if start < end and place < stop
    ]
    if not cleared:
        return obj
    dynamic = obj.dynamic[: (min(cleared) - place) // size]
    tags = [tag for tag, _ in dynamic]
    return replace(
        obj, dynamic=dynamic, needed=obj.needed[: tags.count(DT_NEEDED)],
        relocations=tuple(table for table in obj.relocations if _TABLES.get(table.table) in tags),
        relr_words=obj.relr_words if DT_RELR in tags else 0,
    )  # fmt: skip


def _gaps(obj: ElfObject, loads: list[Segment], release: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """The parts of pages before and behind each writable segment, less what becomes read-only later (``reclaim``)."""
    relro = next((s for s in reversed(obj.segments) if s.type == PT_GNU_RELRO), None)
    low, high = (relro.vaddr & -PAGE, (relro.vaddr + relro.memsz) & -PAGE) if relro is not None else (0, 0)
    for load in loads:
        if load.flags & _READ_WRITE != _READ_WRITE or (load.memsz == 0 and release >= _NO_EMPTY):
            continue
        last = load.vaddr + load.memsz
        for start, end in ((load.vaddr & -PAGE, load.vaddr), (last, (last + PAGE - 1) & -PAGE)):
            start = high if low <= start < high else start
            end = low if low <= end < high else end
            if start < end:
                yield start, end


def _written(start: int, end: int, release: tuple[int, ...], word: int) -> bool:
    """Whether malloc writes to a gap: mallocng clears it all, the older one needs room for a chunk."""
    if release >= _MALLOCNG:
        return True
    overhead, align = 2 * word, 4 * word
    return end - start > overhead + ((-start - overhead) & (align - 1)) + (end & (align - 1))
