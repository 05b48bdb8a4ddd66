"""Which places of the frame a call of an import leaves as they are.

Sizes are those of glibc's headers for 64 bits, the larger of x86-64 and aarch64; what an import writes through
pointers that it finds in its arguments' memory is the import's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from muslint.elf.frame import Place
from muslint.elf.values import Symbol

if TYPE_CHECKING:
    from muslint.elf.flow import Body

_NOTHING = frozenset((
    "strlen", "strnlen", "strcmp", "strncmp", "strcasecmp", "strncasecmp", "strcoll", "strchr", "strrchr", "strchrnul",
    "strstr", "strcasestr", "strspn", "strcspn", "strpbrk", "memcmp", "memchr", "memrchr", "strdup", "strndup",
    "malloc", "calloc", "free", "getenv", "setenv", "unsetenv", "atoi", "atol", "atoll", "atof", "strerror",
    "puts", "fputs", "fputc", "putc", "putchar", "fwrite", "fflush", "perror", "fopen", "fopen64", "fclose", "feof",
    "ferror", "fileno", "open", "open64", "close", "access", "unlink", "mkdir", "chdir", "isatty", "getpid", "getuid",
    "geteuid", "sleep", "usleep", "setlocale", "nl_langinfo", "sysconf", "umask", "signal",
    "__errno_location", "__ctype_b_loc", "__ctype_tolower_loc", "__ctype_toupper_loc", "tolower", "toupper",
))  # fmt: skip
"""Imports that write to nothing a caller gives them, and call nobody back."""
_SIZES = {
    "pthread_attr_": 64, "pthread_mutexattr_": 8, "pthread_condattr_": 8, "pthread_rwlockattr_": 8,
    "sigemptyset": 128, "sigfillset": 128, "sigaddset": 128, "sigdelset": 128,
}  # fmt: skip
"""How many bytes behind their first argument the functions write whose names begin so, and nothing else."""
_GETS = "_get"  # what writes through its other arguments
_SECOND = {
    "localtime_r": 56, "gmtime_r": 56, "clock_gettime": 16, "stat": 144, "stat64": 144, "lstat": 144, "lstat64": 144,
    "fstat": 144, "fstat64": 144,
}  # fmt: skip
"""As `_SIZES`, behind the second argument."""


def spared(body: Body, place: Place, number: int) -> bool:
    """Whether a place of the frame is after the call at a step what it was before, though its address is known."""
    name = body.callee(body.steps[number])
    if name is None:
        return False
    if name in _NOTHING:
        return True
    index, size = _written(name)
    if not size:
        return False
    given = body.given(index, number)
    return given.whole and not given.open and all(
        isinstance(item, Symbol) and item.kind == "frame" and not item.stride
        and not Place(item.offset, size).overlaps(place)
        for item in given.known
    )  # fmt: skip


def _written(name: str) -> tuple[int, int]:
    """Which argument an import writes behind, and how many bytes; none where that is not known."""
    if name in _SECOND:
        return 1, _SECOND[name]
    return 0, next((size for begin, size in _SIZES.items() if name.startswith(begin) and _GETS not in name), 0)
