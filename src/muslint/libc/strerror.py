"""Texts of ``strerror`` that glibc and musl word differently. Table: ``data/strerror/texts.txt``."""

from __future__ import annotations

from functools import lru_cache

from muslint.libc.table import read_text


@lru_cache(maxsize=1)
def texts() -> dict[str, str]:
    """glibc's text → musl's (glibc ``sysdeps/gnu/errlist.h``, musl ``src/errno/__strerror.h``)."""
    lines = (line for line in read_text("strerror/texts.txt").splitlines() if line[:1] not in ("#", "@"))
    pairs = (line.partition(" ")[2].partition(" | ") for line in lines)
    return {glibc: musl for glibc, _bar, musl in pairs}
