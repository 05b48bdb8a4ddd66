"""What the C library's allocator keeps of what was let go."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache

_M_MMAP_THRESHOLD = -3
"""malloc.h."""

_LARGE = 1 << 20
"""Bytes."""


@cache
def give_back() -> None:
    """Have everything of 1 MB and more go back to the system as soon as it is let go.

    glibc maps what is large and unmaps it again, but with each such piece it raises what counts as large, up to 32 MB
    (mallopt(3), M_MMAP_THRESHOLD): the segments of one library make it cut those of the next from a heap that seldom
    shrinks. Nothing changes where the C library has no such setting.
    """
    if sys.platform != "linux":
        return
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)
