"""Facts put together from several parts of an object."""

from __future__ import annotations

import re

from muslint.elf.object import ElfObject, Kind

_FAMILIES = ("GLIBC", "GLIBCXX", "CXXABI", "GCC")
_NT_GNU_ABI_TAG = 1
_GCC_RUNTIME = "libgcc_s"
"""It has versions called ``GLIBC_2.0`` under musl too (gcc ``libgcc/config/libgcc-glibc.ver``): they tell nothing."""


def requires(obj: ElfObject) -> dict[str, str]:
    """Version family → highest numbered version the object requires (DT_VERNEED); weak ones left out."""
    highest: dict[str, tuple[tuple[int, ...], str]] = {}
    for version in obj.versions_needed:
        family, _, number = version.name.partition("_")
        if family == "GLIBC" and version.library.startswith(_GCC_RUNTIME):
            continue
        if family not in _FAMILIES or version.weak or not re.fullmatch(r"\d+(\.\d+)*", number):
            continue
        key = tuple(int(part) for part in number.split("."))
        if family not in highest or key > highest[family][0]:
            highest[family] = (key, number)
    return {family: highest[family][1] for family in _FAMILIES if family in highest}


def built_for(obj: ElfObject) -> str:
    """The C library an object was linked for: ``glibc``, ``musl``, ``bionic``, ``none`` or ``unknown``.

    It says where the file comes from, never whether it loads.
    """
    if obj.kind is Kind.RELOCATABLE:
        return "unknown"  # no linker has chosen one yet
    interpreter, needed = obj.interpreter or "", obj.needed
    if "/ld-musl-" in interpreter or any(name.startswith("libc.musl-") for name in needed):
        return "musl"
    if interpreter.startswith("/system/bin/linker") or any(note.owner == "Android" for note in obj.notes):
        return "bionic"
    if any(v.name.startswith("GLIBC_") and not v.library.startswith(_GCC_RUNTIME) for v in obj.versions_needed):
        return "glibc"
    if re.search(r"/ld(-linux[^/]*|64|)\.so\.\d$", interpreter) or any(
        re.fullmatch(r"libc\.so\.6(\.1)?|ld-linux.*", name) for name in needed
    ):
        return "glibc"
    if "libc.so" in needed:
        return "bionic" if any(name in needed for name in ("liblog.so", "libandroid.so")) else "musl"
    if any(note.owner == "GNU" and note.type == _NT_GNU_ABI_TAG for note in obj.notes):
        return "glibc"
    return "unknown" if needed or obj.relocations else "none"


def mapped_end(obj: ElfObject) -> int:
    """How many bytes of its file its segments reach into."""
    return max((segment.offset + segment.filesz for segment in obj.segments), default=0)
