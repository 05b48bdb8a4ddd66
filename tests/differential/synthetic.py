"""Small ELF files put together table by table, for what no linker can be made to write."""

import struct
from collections.abc import Mapping, Sequence

from muslint.elf.object import (
    DT_JMPREL,
    DT_NULL,
    DT_PLTRELSZ,
    DT_REL,
    DT_RELA,
    DT_RELASZ,
    DT_RELR,
    DT_RELRSZ,
    DT_RELSZ,
    DT_STRSZ,
    DT_STRTAB,
    ET_DYN,
    PT_DYNAMIC,
    PT_INTERP,
    PT_LOAD,
    PT_NOTE,
)

_SIZES = {DT_STRTAB: DT_STRSZ, DT_REL: DT_RELSZ, DT_RELA: DT_RELASZ, DT_RELR: DT_RELRSZ, DT_JMPREL: DT_PLTRELSZ}


def symbol(
    name: int, info: int, other: int, shndx: int, value: int, size: int, *, bits: int = 64, little: bool = True
) -> bytes:
    """One Elf_Sym; ``name`` is an offset into the string table."""
    order = "<" if little else ">"
    if bits == 64:
        return struct.pack(order + "IBBHQQ", name, info, other, shndx, value, size)
    return struct.pack(order + "IIIBBH", name, value, size, info, other, shndx)


def note(owner: bytes, kind: int, description: bytes, *, little: bool = True) -> bytes:
    """One entry of a PT_NOTE segment, padded to four bytes; ``owner`` without its NUL."""
    head = struct.pack(("<" if little else ">") + "III", len(owner) + 1, len(description), kind)
    return head + _padded(owner + b"\0", 4) + _padded(description, 4)


def _padded(data: bytes, size: int) -> bytes:
    return data + bytes(-len(data) % size)


def synthetic(
    tables: Mapping[int, bytes],
    tags: Sequence[tuple[int, int]] = (),
    *,
    bits: int = 64,
    little: bool = True,
    machine: int = 62,
    kind: int = ET_DYN,
    flags: int = 0,
    notes: bytes = b"",
    interpreter: bytes | None = None,
) -> bytes:
    """An ELF file whose one PT_LOAD holds ``tables`` (address tag → bytes) and a dynamic section.

    The dynamic section lists each table (and its size, where a tag for that exists) in the order given, then
    ``tags``. Addresses equal file offsets.
    """
    order, word = ("<" if little else ">"), ("Q" if bits == 64 else "I")
    header_size, segment_size = (64, 56) if bits == 64 else (52, 32)
    parts = [(PT_NOTE, notes)] if notes else []
    parts += [(PT_INTERP, interpreter)] if interpreter is not None else []
    count = 2 + len(parts)
    body = bytearray(_padded(bytes(header_size + segment_size * count), 8))
    entries: list[tuple[int, int]] = []
    for tag, content in tables.items():
        entries.append((tag, len(body)))
        if tag in _SIZES:
            entries.append((_SIZES[tag], len(content)))
        body += _padded(content, 8)
    placed = []
    for segment, content in parts:
        placed.append((segment, len(body), len(content)))
        body += _padded(content, 8)
    dynamic = b"".join(struct.pack(order + 2 * word, *entry) for entry in [*entries, *tags, (DT_NULL, 0)])
    segments = [(PT_LOAD, 0, len(body) + len(dynamic)), (PT_DYNAMIC, len(body), len(dynamic)), *placed]
    body += dynamic
    for index, (segment, offset, size) in enumerate(segments):
        at = header_size + index * segment_size
        if bits == 64:
            struct.pack_into(order + "IIQQQQQQ", body, at, segment, 4, offset, offset, offset, size, size, 4)
        else:
            struct.pack_into(order + "IIIIIIII", body, at, segment, offset, offset, offset, size, size, 4, 4)
    ident = bytes([0x7F, *b"ELF", bits // 32, 1 if little else 2, 1]) + bytes(9)
    struct.pack_into(
        order + "16sHHI" + 3 * word + "IHHHHHH", body, 0,
        ident, kind, machine, 1, 0, header_size, 0, flags, header_size, segment_size, count, 0, 0, 0,
    )  # fmt: skip
    return bytes(body)
