"""An object known from a table: a soname, the names it exports, their versions, and what it needs; no bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from muslint.elf.machine import machine_number, word
from muslint.elf.object import (
    DT_NEEDED,
    DT_STRTAB,
    DT_VERDEF,
    ET_DYN,
    STB_GLOBAL,
    STT_FUNC,
    STT_OBJECT,
    ElfObject,
    Ident,
    Kind,
    Note,
    Symbol,
    Version,
)
from muslint.elf.rows import SymbolRows


class _Listed:
    """The `LateFacts` of such an object: it defines versions and needs none."""

    def __init__(self, definitions: tuple[tuple[int, str], ...] = ()) -> None:
        self._definitions = definitions

    def versions_needed(self) -> tuple[Version, ...]:
        return ()

    def versions_defined(self) -> tuple[str, ...]:
        return tuple(name for _, name in self._definitions)

    def needs_by_index(self) -> tuple[tuple[int, Version], ...]:
        return ()

    def definitions_by_index(self) -> tuple[tuple[int, str], ...]:
        return self._definitions

    def notes(self) -> tuple[Note, ...]:
        return ()


def listed_library(path: str, arch: str, exports: Iterable[str], needed: tuple[str, ...]) -> ElfObject:
    """A shared library of ``arch`` that defines ``exports`` (functions, unversioned) and asks for nothing."""
    rows = [Symbol(name, STB_GLOBAL, STT_FUNC, 0, 1, 1, 0, None, False) for name in sorted(exports)]
    return _listed(path, arch, rows, None, (), needed)


class Export(NamedTuple):
    """One versioned name of a listed library."""

    name: str
    version: str
    default: bool  # what a reference without a version finds (``name@@version``)
    function: bool


def listed_versions(
    path: str, arch: str, exports: Iterable[Export], versions: Iterable[str], needed: tuple[str, ...]
) -> ElfObject:
    """A shared library of ``arch`` that defines ``versions`` and, under them, ``exports``."""
    soname = path.rpartition("/")[2]
    definitions = ((1, soname), *enumerate(versions, 2))
    indexes = {version: index for index, version in definitions}
    rows, versyms = [], [0]
    for export in exports:
        kind = STT_FUNC if export.function else STT_OBJECT
        rows.append(Symbol(export.name, STB_GLOBAL, kind, 0, 1, 1, 0, export.version, not export.default))
        versyms.append(indexes[export.version] | (0 if export.default else 0x8000))
    return _listed(path, arch, rows, versyms, definitions, needed)


def _listed(
    path: str, arch: str, rows: list[Symbol], versyms: list[int] | None,
    definitions: tuple[tuple[int, str], ...], needed: tuple[str, ...],
) -> ElfObject:  # fmt: skip
    bits, little = word(arch)
    rows = [Symbol("", 0, 0, 0, 0, 0, 0, None, False), *rows]
    return ElfObject(
        path=path, ident=Ident(bits, little, machine_number(arch), ET_DYN, 0, 0), arch=arch, kind=Kind.SHARED_LIBRARY,
        segments=(), interpreter=None, mapped_interpreter=None, has_dynamic=True,
        dynamic=(*((DT_NEEDED, 0) for _ in needed), (DT_STRTAB, 0), (DT_VERDEF, 0)) if definitions else (),
        needed=needed,
        soname=path.rpartition("/")[2], rpath=None, runpath=None,
        symbols=SymbolRows(rows, [0] * len(rows), versyms, 1), relocations=(), relr_words=0,
        has_hash=True, has_gnu_hash=False, gnu_stack=None, tls=None, _late=_Listed(definitions),
    )  # fmt: skip
