"""What a library known only by name may be taken to give.

A table may say that a base image holds ``libz.so.1`` without saying what it exports. Taking it to
give everything would hide what libc lacks; taking it to give nothing would be a false alarm. The
reference itself often says whose name it is: by its version, or by being a name glibc defines.
"""

from __future__ import annotations

from functools import lru_cache

from muslint.elf.object import ElfObject
from muslint.libc.catalog import VERSIONED_ONLY, cxx_level_of, newest_alpine, runtime
from muslint.libc.glibc import is_glibc


@lru_cache(maxsize=64)
def _origins(obj: ElfObject) -> dict[str, tuple[str, str]]:
    """Undefined symbol → (version, library that version is expected in)."""
    symbols = obj.symbols
    versyms, undefined = symbols.versyms, symbols.undefined(0)
    if versyms is None:
        return {}
    libraries = {version.name: version.library for version in obj.versions_needed}
    names = {**dict(obj.version_definitions), **{index & 0x7FFF: need.name for index, need in obj.version_needs}}
    versions = [names.get(versyms[index] & 0x7FFF) if versyms[index] & 0x7FFF > 1 else None for index in undefined]
    return {
        name: (version, libraries.get(version, ""))
        for name, version in zip(symbols.names_of(undefined), versions)
        if version
    }


def origin(obj: ElfObject, name: str) -> tuple[str, str] | None:
    """(version, library) an object expects a name from; None when the reference is unversioned."""
    return _origins(obj).get(name)


def gives(obj: ElfObject, name: str, sonames: tuple[str, ...], release: str | None) -> bool:
    """Whether one of the libraries ``sonames`` may be taken to give ``name`` to ``obj``.

    ``release`` is the Alpine release whose packages they are, None for another root.
    """
    if name in VERSIONED_ONLY:
        return False
    version, library = origin(obj, name) or ("", "")
    if library in sonames:
        return not beyond(version, release)
    # Where another library is needed in place of the one it was linked with, any may have the name.
    if version.startswith("GLIBC_") or library in obj.needed:
        return False
    return not is_glibc(name, obj.arch)


def beyond(version: str, release: str | None) -> bool:
    """Whether a GLIBCXX, CXXABI or GCC version is newer than the compiler runtime of an Alpine release."""
    level = cxx_level_of(version)
    have = runtime(release or newest_alpine())
    if level is None or have is None:
        return False
    held = {"GLIBCXX": have.glibcxx, "CXXABI": have.cxxabi, "GCC": have.libgcc}.get(level[0])
    limit = cxx_level_of(held) if held else None
    return limit is not None and level[1] > limit[1]
