"""More small changes to a finished x86-64 ELF file, besides those of `tests.loader.patch`."""

import struct
from collections.abc import Callable

from tests.loader.patch import _dynamic, _entries, _place, _segments, _string, _symbol, _write

DT_STRTAB, DT_FLAGS_1 = 5, 0x6FFFFFFB
DT_VERSYM, DT_VERDEF, DT_VERNEED = 0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFE


def ident(data: bytes, at: int, value: int) -> bytes:
    """Set one byte of ``e_ident``."""
    return _write(data, at, "B", value)


def phentsize(data: bytes, value: int) -> bytes:
    """Set ``e_phentsize``."""
    return _write(data, 54, "<H", value)


def visibility(data: bytes, name: str, value: int) -> bytes:
    """Set ``st_other`` of a dynamic symbol."""
    return _write(data, _symbol(data, name)[1] + 5, "B", value)


def size(data: bytes, name: str, value: int) -> bytes:
    """Set ``st_size`` of a dynamic symbol."""
    return _write(data, _symbol(data, name)[1] + 16, "<Q", value)


def version_index(data: bytes, name: str, value: int) -> bytes:
    """Set the version index of a dynamic symbol."""
    at = _place(data, _dynamic(data)[DT_VERSYM]) + 2 * _symbol(data, name)[0]
    return _write(data, at, "<H", value)


def weak_version(data: bytes, version: str) -> bytes:
    """Set VER_FLG_WEAK on a required version."""
    return _write(data, _vernaux(data, version) + 4, "<H", 2)


def hidden_need(data: bytes, version: str) -> bytes:
    """Set bit 15 of a required version's index."""
    at = _vernaux(data, version) + 6
    return _write(data, at, "<H", struct.unpack_from("<H", data, at)[0] | 0x8000)


def _vernaux(data: bytes, version: str) -> int:
    tags = _dynamic(data)
    at, strings = _place(data, tags[DT_VERNEED]), _place(data, tags[DT_STRTAB])
    while True:
        _, _, _, aux, step = struct.unpack_from("<HHIII", data, at)
        where = at + aux
        while True:
            _, _, _, name, following = struct.unpack_from("<IHHII", data, where)
            if _string(data, strings + name) == version:
                return where
            if not following:
                break
            where += following
        if not step:
            raise ValueError(f"no version {version}")
        at += step


def flags_1(data: bytes, value: int) -> bytes:
    """Set the value of DT_FLAGS_1, which must be there."""
    for at, tag, _value in _entries(data):
        if tag == DT_FLAGS_1:
            return _write(data, at + 8, "<Q", value)
    raise ValueError("no DT_FLAGS_1")


def segment_type(data: bytes, kind: int, other: int) -> bytes:
    """Turn every program header of one type into another."""
    for row in list(_segments(data)):
        if row.type == kind:
            data = _write(data, row.at, "<I", other)
    return data


def tag_value(data: bytes, tag: int, value: int) -> bytes:
    """Set the value of a dynamic entry."""
    for at, found, _value in _entries(data):
        if found == tag:
            return _write(data, at + 8, "<Q", value)
    raise ValueError(f"no dynamic entry {tag:#x}")


PATCHES: dict[str, Callable[..., bytes]] = {
    call.__name__: call
    for call in (
        ident, phentsize, visibility, size, version_index, weak_version, hidden_need, flags_1, segment_type, tag_value,
    )
}  # fmt: skip
