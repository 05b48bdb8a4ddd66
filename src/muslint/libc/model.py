"""The C library as a loader sees it: names it exports and relocations it knows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from muslint.elf.machine import named_arch as musl_arch
from muslint.errors import UnknownLibc

__all__ = ["LFS64_NAMES", "Lfs64", "LibcModel", "UnknownLibc", "lfs64_target", "musl_arch"]


class Lfs64(StrEnum):
    """How a name such as ``open64`` is satisfied (three eras of musl)."""

    EXPORTED = "exported"
    """Real aliases in the symbol table: musl up to 1.2.3, Alpine 3.18."""

    REMAP_SHORT = "remap-short"
    """1.2.4 and 1.2.5: the loader maps ``X64`` to ``X`` through a buffer of 16
    bytes, so names longer than 16 characters (``posix_fallocate64``) fail."""

    REMAP = "remap"
    """1.2.6 and later: the same list without that limit."""


# In the order of get_lfs64's own list.
_LFS64_LIST = (
    "aio_cancel aio_error aio_fsync aio_read aio_return aio_suspend aio_write alphasort creat fallocate fgetpos"
    " fopen freopen fseeko fsetpos fstat fstatat fstatfs fstatvfs ftello ftruncate ftw getdents getrlimit glob"
    " globfree lio_listio lockf lseek lstat mkostemp mkostemps mkstemp mkstemps mmap nftw open openat"
    " posix_fadvise posix_fallocate pread preadv prlimit pwrite pwritev readdir scandir sendfile setrlimit stat"
    " statfs statvfs tmpfile truncate versionsort __fxstat __fxstatat __lxstat __xstat"
)

LFS64_NAMES: frozenset[str] = frozenset(_LFS64_LIST.split())
"""The 59 names the loader maps, without their ``64`` (musl ``get_lfs64``)."""

_SHORT_LIMIT = 16
"""Longest name the remap of musl 1.2.4 and 1.2.5 can hold, in characters."""


def lfs64_target(name: str, lfs64: Lfs64) -> str | None:
    """Return the libc name that the loader tries in place of ``name``, or None.

    Implements ``get_lfs64`` of musl's ``ldso/dynlink.c``. The loader calls it only
    for a name the whole scope lacks, and looks the result up in libc alone: the
    caller must still ask whether libc exports it.
    """
    if lfs64 is Lfs64.EXPORTED or (lfs64 is Lfs64.REMAP_SHORT and len(name) > _SHORT_LIMIT):
        return None
    if name == "readdir64_r":
        return "readdir_r"
    base = name[:-2]
    return base if name.endswith("64") and base in LFS64_NAMES else None


@dataclass(frozen=True, slots=True)
class LibcModel:
    """One release of a C library on one architecture."""

    family: str
    """``musl`` or ``glibc``."""

    version: str
    """As the library says of itself, e.g. ``1.2.5``."""

    arch: str
    """Architecture in musl's LDSO_ARCH spelling: ``x86_64``, ``i386``, ``armhf`` …"""

    exports: frozenset[str] = field(repr=False)
    """Names a relocation can bind to in libc: functions, objects and TLS."""

    kinds: Mapping[str, str] = field(hash=False, repr=False)
    """Name to ``F`` function, ``O`` object, ``T`` TLS or ``N`` untyped."""

    lfs64: Lfs64
    """What happens to ``open64`` and its like."""

    relr: bool
    """DT_RELR is applied; where it is not, it is ignored without a word."""

    relocations: Mapping[int, str] = field(hash=False, repr=False)
    """Dynamic relocation number to the class the loader handles it as."""

    zero_length_load: bool
    """A PT_LOAD of no length is accepted (musl 1.2.3 and later)."""

    provenance: str
    """Where the table comes from, in one line."""

    package: str | None = None
    """Distribution package the model stands for, e.g. ``1.2.5-r23``, if any."""
