"""``/etc/ld.so.cache``: a sorted table of library names (glibc ``dl-cache.c``, ``dl-cache.h``).

Two formats are read: the one of glibc 2.2 and later, alone or behind the one of libc5. An entry may be for some
processors only: since 2.33 by the name of a ``glibc-hwcaps`` directory, before by bits of a capability mask.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import NamedTuple

from muslint.loader.glibc_rtld import Rtld
from muslint.loader.target import Tree

_OLD_MAGIC = b"ld.so-1.7.0"
_NEW_MAGIC = b"glibc-ld.so.cache1.1"
_OLD_HEADER, _OLD_ENTRY = 16, 12  # bytes: the magic is padded to a word boundary
_NEW_HEADER, _NEW_ENTRY = 48, 24
_EXTENSION_MAGIC = 0xEAA42174
_HWCAPS_SECTION = 1
_MOST_ENTRIES = 1 << 20

_EXTENSION = 1 << 62  # of an entry's capabilities: the low half is an index of the hwcaps section
_LEVEL_BITS = (1 << 10) - 1  # of the high half: an ISA level of the entry
_TLS = 1 << 63

FLAGS = {
    "x86_64": (0x0303,), "i386": (3,), "aarch64": (0x0A03,), "armhf": (0x0903,), "arm": (0x0B03,),
    "powerpc64le": (0x0503,), "s390x": (0x0403,), "riscv64": (0x1003,), "loongarch64": (0x1403,),
}  # fmt: skip
"""``FLAG_ELF_LIBC6`` and the bits of each architecture (``_DL_CACHE_DEFAULT_ID``)."""


class Entry(NamedTuple):
    """One library of the cache."""

    flags: int
    name: str
    path: str
    capabilities: int


class Cache:
    """The entries of one cache file, in file order, and the hwcaps names they refer to."""

    def __init__(self, entries: tuple[Entry, ...], hwcaps: tuple[str, ...]) -> None:
        self.entries, self.hwcaps = entries, hwcaps

    def find(self, name: str, rtld: Rtld) -> str | None:
        """The path the cache holds for ``name``; None when it knows none (``search_cache``)."""
        left, right = 0, len(self.entries) - 1
        while left <= right:
            middle = (left + right) // 2
            order = compare(name, self.entries[middle].name)
            if order == 0:
                return self._best(name, middle, right, rtld)
            if order < 0:
                left = middle + 1
            else:
                right = middle - 1
        return None

    def _best(self, name: str, middle: int, right: int, rtld: Rtld) -> str | None:
        """Among the entries of one name: the best hwcaps directory, else the first that suits."""
        left = middle
        while middle > 0 and compare(name, self.entries[middle - 1].name) == 0:
            middle -= 1
        best: str | None = None
        best_rank = 0
        exact = FLAGS.get(rtld.arch, (3,))
        for at in range(middle, right + 1):
            entry = self.entries[at]
            if at > left and compare(name, entry.name) != 0:
                break
            if entry.flags != 1 and entry.flags not in exact:
                continue
            named = _is_named(entry.capabilities)
            if named and rtld.release >= (2, 33):
                rank = self._rank(entry.capabilities, rtld)
                if rank and (best is None or rank < best_rank):
                    best, best_rank = entry.path, rank
                continue
            if best is not None and rtld.release >= (2, 33):
                break
            if not _suits(entry.capabilities, rtld):
                continue
            if best is None or entry.flags in exact:
                best = entry.path
            if entry.flags in exact:
                break
        return best

    def _rank(self, capabilities: int, rtld: Rtld) -> int:
        """1 for the directory tried first; 0 where the processor has not got it."""
        index = capabilities & 0xFFFFFFFF
        if ((capabilities >> 32) & _LEVEL_BITS) >= rtld.processor.level or index >= len(self.hwcaps):
            return 0
        directory = f"glibc-hwcaps/{self.hwcaps[index]}/"
        known = rtld.subdirectories
        return known.index(directory) + 1 if directory in known else 0


def _is_named(capabilities: int) -> bool:
    return (capabilities >> 32) & ~_LEVEL_BITS == _EXTENSION >> 32


def _suits(capabilities: int, rtld: Rtld) -> bool:
    """Whether an entry without a hwcaps name is for this processor; from 2.37 on no mask may be set."""
    if rtld.release >= (2, 37):
        return capabilities == 0
    allowed = 1 if rtld.arch == "x86_64" else 0  # HWCAP_X86_64
    return capabilities & ~(allowed | _TLS) == 0


@lru_cache(maxsize=1 << 16)
def compare(p1: str, p2: str) -> int:
    """Order of two names; runs of digits compare as numbers (``_dl_cache_libcmp``)."""
    a, b = 0, 0
    while a < len(p1):
        left, right = p1[a], p2[b] if b < len(p2) else "\0"
        if "0" <= left <= "9":
            if not "0" <= right <= "9":
                return 1
            start, a = a, _digits(p1, a)
            number = int(p1[start:a])
            start, b = b, _digits(p2, b)
            if number != int(p2[start:b]):
                return number - int(p2[start:b])
        elif "0" <= right <= "9":
            return -1
        elif left != right:
            return ord(left) - ord(right)
        else:
            a, b = a + 1, b + 1
    return 0 if b >= len(p2) else -ord(p2[b])


def _digits(text: str, at: int) -> int:
    while at < len(text) and "0" <= text[at] <= "9":
        at += 1
    return at


def read_cache(tree: Tree, rtld: Rtld) -> Cache | None:
    """The cache of a tree; None when there is none or it is not one (``_dl_load_cache_lookup``)."""
    found = tree.open(rtld.cache)
    if isinstance(found, int) or found.data is None:
        return None
    data = found.data.at(0, found.data.size)
    found.data.close()
    return parse(data, rtld.object.ident.little)


def parse(data: bytes, little: bool) -> Cache | None:
    """The entries of a cache file, None where the loader would not take it."""
    order = "<" if little else ">"
    start = 0
    if data.startswith(_OLD_MAGIC) and len(data) > _OLD_HEADER:
        (count,) = struct.unpack_from(order + "I", data, 12)
        if (len(data) - _OLD_HEADER) // _OLD_ENTRY < count:
            return None
        end = _OLD_HEADER + count * _OLD_ENTRY
        start = (end + 7) // 8 * 8
        if not data.startswith(_NEW_MAGIC, start) or len(data) < start + _NEW_HEADER:
            return Cache(_old_entries(data, order, count, end), ())
    elif not data.startswith(_NEW_MAGIC) or len(data) <= _NEW_HEADER:
        return None
    count, _, flags = struct.unpack_from(order + "IIB", data, start + 20)
    (extension,) = struct.unpack_from(order + "I", data, start + 32)
    if flags and flags & 3 != (2 if little else 3):
        return None
    if (len(data) - start - _NEW_HEADER) // _NEW_ENTRY < count or count > _MOST_ENTRIES:
        return None
    entries = [struct.unpack_from(order + "iIIIQ", data, start + _NEW_HEADER + n * _NEW_ENTRY) for n in range(count)]
    return Cache(
        tuple(Entry(e[0], _string(data, start + e[1]), _string(data, start + e[2]), e[4]) for e in entries),
        _hwcaps(data, order, extension) if start == 0 else (),
    )


def _old_entries(data: bytes, order: str, count: int, strings: int) -> tuple[Entry, ...]:
    rows = [struct.unpack_from(order + "iII", data, _OLD_HEADER + n * _OLD_ENTRY) for n in range(count)]
    return tuple(Entry(r[0], _string(data, strings + r[1]), _string(data, strings + r[2]), 0) for r in rows)


def _string(data: bytes, at: int) -> str:
    return data[at : data.find(b"\0", at)].decode("utf-8", "surrogateescape") if at < len(data) else ""


def _hwcaps(data: bytes, order: str, offset: int) -> tuple[str, ...]:
    """The names of the extension section that says which directories the entries' indexes mean."""
    if not offset or offset % 4 or offset + 8 > len(data):
        return ()
    magic, count = struct.unpack_from(order + "II", data, offset)
    if magic != _EXTENSION_MAGIC or offset + 8 + 16 * count > len(data):
        return ()
    for n in range(count):
        tag, _, where, size = struct.unpack_from(order + "IIII", data, offset + 8 + 16 * n)
        if tag == _HWCAPS_SECTION and where + size <= len(data) and size % 4 == 0:
            return tuple(_string(data, at) for at in struct.unpack_from(f"{order}{size // 4}I", data, where))
    return ()
