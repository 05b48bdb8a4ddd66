"""An object known from a table: a soname, the names it exports and what it needs; no bytes."""

from __future__ import annotations

from collections.abc import Iterable

from muslint.elf.machine import machine_number, word
from muslint.elf.object import ET_DYN, STB_GLOBAL, STT_FUNC, ElfObject, Ident, Kind, Note, Symbol, Version
from muslint.elf.rows import SymbolRows


class _NothingLate:
    def versions_needed(self) -> tuple[Version, ...]:
        return ()

    def versions_defined(self) -> tuple[str, ...]:
        return ()

    def notes(self) -> tuple[Note, ...]:
        return ()


def listed_library(path: str, arch: str, exports: Iterable[str], needed: tuple[str, ...]) -> ElfObject:
    """A shared library of ``arch`` that defines ``exports`` (functions, unversioned) and asks for nothing."""
    bits, little = word(arch)
    null = Symbol("", 0, 0, 0, 0, 0, 0, None, False)
    rows = [null, *(Symbol(name, STB_GLOBAL, STT_FUNC, 0, 1, 1, 0, None, False) for name in sorted(exports))]
    return ElfObject(
        path=path, ident=Ident(bits, little, machine_number(arch), ET_DYN, 0, 0), arch=arch, kind=Kind.SHARED_LIBRARY,
        segments=(), interpreter=None, mapped_interpreter=None, has_dynamic=True, dynamic=(), needed=needed,
        soname=path.rpartition("/")[2], rpath=None, runpath=None,
        symbols=SymbolRows(rows, [0] * len(rows), None, 1), relocations=(), relr_words=0,
        has_hash=True, has_gnu_hash=False, gnu_stack=None, tls=None, _late=_NothingLate(),
    )  # fmt: skip
