"""Relocation types as glibc's ``dl-machine.h`` of each architecture takes them.

Classes: ``PLT`` (jump slots and thread-local storage: an undefined symbol never answers, ``ELF_RTYPE_CLASS_PLT``),
``COPY`` (the program itself never answers), ``DATA`` (any other look-up), ``SIZE`` (reads the symbol: dies without;
on LoongArch thread-local storage too),
``NARROW`` (32 bits: says so when the address does not fit), ``NONE`` (no look-up at all). Which types each knows was
seen by writing every number into a library and tracing it with the real loader of sid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from muslint.elf.object import DT_PLTREL, DT_RELA, ElfObject, RelocationTable

_TYPES: Mapping[str, Mapping[str, tuple[int, ...]]] = {
    "x86_64": {
        "NONE": (0, 8, 37, 38), "DATA": (1, 6), "PLT": (7, 16, 17, 18, 36), "COPY": (5,), "SIZE": (32, 33),
        "NARROW": (2, 10), "JUMP_SLOT": (7,),
    },
    "i386": {
        "NONE": (0, 8, 42), "DATA": (1, 2, 6), "PLT": (7, 14, 35, 36, 37, 41), "COPY": (5,), "SIZE": (38,),
        "JUMP_SLOT": (7,),
    },
    "aarch64": {
        "NONE": (0, 1027, 1032), "DATA": (257, 258, 1025), "PLT": (1026, 1028, 1029, 1030, 1031), "COPY": (1024,),
        "JUMP_SLOT": (1026,),
    },
    "arm": {
        "NONE": (0, 23, 160), "DATA": (2, 3, 21, 1), "PLT": (22, 13, 17, 18, 19), "COPY": (20,), "JUMP_SLOT": (22,),
    },
    "riscv64": {
        "NONE": (0, 3, 58), "DATA": (2,), "PLT": (5, 7, 9, 11), "COPY": (4,), "JUMP_SLOT": (5,),
    },
    "s390x": {
        "NONE": (0, 12, 61), "DATA": (22, 10, 4, 23, 5, 3, 1, 16, 17, 19), "PLT": (11, 54, 55, 56), "COPY": (9,),
        "JUMP_SLOT": (11,),
    },
    "powerpc64le": {
        "NONE": (0, 22, 247, 248),
        "DATA": (38, 20, *range(1, 10), *range(24, 27), *range(39, 45), 56, 57, 110, 111),
        "PLT": (21, *range(68, 74), 78, *range(95, 101), 112, 113), "COPY": (19,), "JUMP_SLOT": (21,),
    },
    "loongarch64": {
        "NONE": (0, 3, 12), "DATA": (2, 14), "PLT": (5,), "COPY": (4,), "SIZE": (7, 9, 11), "JUMP_SLOT": (5,),
    },
}  # fmt: skip


_GLOB_DAT = {"aarch64": 1025, "arm": 21, "armhf": 21, "riscv64": -1, "loongarch64": -1, "s390x": 10, "powerpc64le": 20}


class Types(NamedTuple):
    """The relocation types of one architecture."""

    classes: Mapping[int, str]
    jump_slot: int
    glob_dat: int

    def tables(self, obj: ElfObject) -> Iterable[RelocationTable]:
        """The tables in the loader's order: DT_REL, DT_RELA, and DT_JMPREL behind those of its kind."""
        by_name = {table.table: table for table in obj.relocations}
        with_rela = obj.tag(DT_PLTREL) == DT_RELA
        order = ("REL", "RELA", "JMPREL") if with_rela else ("REL", "JMPREL", "RELA")
        return [by_name[name] for name in order if name in by_name]


def types_of(arch: str) -> Types:
    """The types of an architecture (musl's name); those of x86_64 where no table has it."""
    table = _TYPES.get({"armhf": "arm"}.get(arch, arch), _TYPES["x86_64"])
    classes = {number: name for name, numbers in table.items() if name != "JUMP_SLOT" for number in numbers}
    return Types(classes, table["JUMP_SLOT"][0], _GLOB_DAT.get(arch, 6))
