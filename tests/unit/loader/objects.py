"""Objects and file trees made of plain values."""

import errno
from collections.abc import Mapping, Sequence

from muslint.elf.listed import listed_library
from muslint.elf.object import (
    ET_DYN,
    PT_TLS,
    STB_GLOBAL,
    STT_FUNC,
    ElfObject,
    Ident,
    Kind,
    Relocation,
    Segment,
    Symbol,
)
from muslint.elf.rows import RelocationRows, SymbolRows
from muslint.libc.musl import model
from muslint.loader.musl import MuslLoader
from muslint.sources.tree import Opened

GLOB_DAT, JUMP_SLOT, ABSOLUTE, COPY, TPOFF, IRELATIVE = 6, 7, 1, 5, 18, 37
"""Relocation types of x86-64."""


def symbol(
    name: str,
    *,
    defined: bool = True,
    bind: int = STB_GLOBAL,
    kind: int = STT_FUNC,
    value: int = 1,
    hidden: bool = False,
) -> Symbol:
    """One row of a symbol table; ``value`` counts only where it is defined."""
    return Symbol(name, bind, kind, 0, int(defined), value if defined else 0, 0, None, hidden)


def library(
    path: str,
    symbols: Sequence[Symbol] = (),
    relocations: Sequence[tuple[int, str]] = (),
    *,
    needed: Sequence[str] = (),
    rpath: str | None = None,
    tags: Mapping[int, int] | None = None,
    tls: int | None = None,
) -> ElfObject:
    """An x86-64 library: ``relocations`` are (type, symbol name) with an empty name for none, ``tls`` its p_memsz."""
    null = Symbol("", 0, 0, 0, 0, 0, 0, None, False)
    rows = [null, *symbols]
    index = {row.name: i for i, row in enumerate(rows)}
    table = RelocationRows("RELA", [Relocation(16 + 8 * i, t, index[name]) for i, (t, name) in enumerate(relocations)])
    versyms = [0x8000 if row.hidden else 1 for row in rows]
    listed = listed_library(path, "x86_64", (), ())
    return ElfObject(
        path=path, ident=Ident(64, True, 62, ET_DYN, 0, 0), arch="x86_64", kind=Kind.SHARED_LIBRARY, segments=(),
        interpreter=None, mapped_interpreter=None, has_dynamic=True, dynamic=tuple((tags or {0x6000000D: 0}).items()),
        needed=tuple(needed), soname=None, rpath=rpath, runpath=None,
        symbols=SymbolRows(rows, bytes(len(rows)), versyms, 1), relocations=(table,) if relocations else (),
        relr_words=0, has_hash=True, has_gnu_hash=False, gnu_stack=None,
        tls=None if tls is None else Segment(PT_TLS, 4, 0, 0, tls, tls, 8), _late=listed._late,
    )  # fmt: skip


class Files:
    """A tree of such objects; a number in place of one is the error of opening it. It counts what is opened."""

    def __init__(self, *objects: ElfObject, errors: Mapping[str, int] | None = None) -> None:
        self.objects = {obj.path: obj for obj in objects}
        self.errors = dict(errors or {})
        self.asked: list[str] = []

    def open(self, path: str) -> Opened | int:
        """As `Tree.open`."""
        self.asked.append(path)
        if path in self.errors:
            return self.errors[path]
        found = self.objects.get(path)
        return errno.ENOENT if found is None else Opened(path, path, False, None, found)


def loader(*objects: ElfObject, errors: Mapping[str, int] | None = None, version: str = "1.2.5") -> MuslLoader:
    """musl of ``version`` on x86-64 with these files."""
    return MuslLoader(Files(*objects, errors=errors), model(version, "x86_64"))
