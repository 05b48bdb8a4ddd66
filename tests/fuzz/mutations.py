"""Seeded ways to damage an ELF file where a reader looks: headers, dynamic section and the tables it names."""

import random
import struct
from collections.abc import Callable, Mapping

from muslint.elf.dynamic import read
from muslint.elf.header import AddressMap
from muslint.elf.object import (
    DT_GNU_HASH,
    DT_HASH,
    DT_JMPREL,
    DT_REL,
    DT_RELA,
    DT_RELR,
    DT_STRTAB,
    DT_SYMTAB,
    DT_VERDEF,
    DT_VERNEED,
    DT_VERSYM,
    PT_DYNAMIC,
    PT_NOTE,
)
from muslint.sources.bytes import MemoryBytes

TABLES = (
    DT_HASH, DT_GNU_HASH, DT_SYMTAB, DT_STRTAB, DT_VERSYM, DT_VERNEED, DT_VERDEF, DT_RELA, DT_REL, DT_JMPREL, DT_RELR,
)  # fmt: skip
GROWTH = 1 << 20  # bytes

Regions = Mapping[str, tuple[int, int]]
"""What lies where: name → (offset, size in bytes)."""


def regions(content: bytes) -> Regions:
    """The parts of an intact file that are worth damaging."""
    obj = read(MemoryBytes(content), "seed")
    address_map = AddressMap(obj.segments, len(content))
    word = obj.ident.bits // 8
    found = {"header": (0, 52 if word == 4 else 64)}
    found["program headers"] = (52 if word == 4 else 64, len(obj.segments) * (32 if word == 4 else 56))
    for segment in obj.segments:
        if segment.type in (PT_DYNAMIC, PT_NOTE) and segment.filesz:
            found["dynamic" if segment.type == PT_DYNAMIC else "notes"] = (segment.offset, segment.filesz)
    starts = sorted(address_map.offset(v) for t, v in obj.dynamic if t in TABLES and v)
    for tag, value in obj.dynamic:
        if tag in TABLES and value:
            start = address_map.offset(value)
            end = next((s for s in starts if s > start), start + 256)
            found[f"table {tag:#x}"] = (start, min(end, len(content)) - start)
    return {name: (offset, size) for name, (offset, size) in found.items() if size > 0}


def mutated(content: bytes, parts: Regions, chance: random.Random) -> tuple[str, bytes]:
    """A damaged copy and what was done to it; the same ``chance`` gives the same damage."""
    changed = bytearray(content)
    done = []
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        name = chance.choice(sorted(parts))
        way = chance.choice(_WAYS)
        way(changed, *parts[name], chance)
        done.append(f"{way.__name__.strip('_')} in {name}")
    return ", ".join(done), bytes(changed)


def _order(data: bytearray) -> str:
    return ">" if data[5] == 2 else "<"


def _extremes(data: bytearray, chance: random.Random) -> int:
    return chance.choice((
        0, 1, 2, 3, 7, 8, 15, 16, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 1,
        1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, (1 << 64) - 8, len(data), len(data) - 1, len(data) + 1,
        chance.randrange(len(data) + 1), chance.getrandbits(64),
    ))  # fmt: skip


def _bit_flip(data: bytearray, offset: int, size: int, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 3))):
        at = offset + chance.randrange(size)
        if at < len(data):
            data[at] ^= 1 << chance.randrange(8)


def _extreme_number(data: bytearray, offset: int, size: int, chance: random.Random) -> None:
    width = chance.choice((2, 4, 4, 8))
    at = offset + chance.randrange(max(size // width, 1)) * width
    if at + width <= len(data):
        number = _extremes(data, chance) & (1 << 8 * width) - 1
        struct.pack_into(_order(data) + {2: "H", 4: "I", 8: "Q"}[width], data, at, number)


def _zeros(data: bytearray, offset: int, size: int, chance: random.Random) -> None:
    at = offset + chance.randrange(size)
    end = min(at + chance.randrange(1, 65), offset + size, len(data))
    data[at:end] = bytes(max(end - at, 0))


def _filling(data: bytearray, offset: int, size: int, chance: random.Random) -> None:
    end = min(offset + size, len(data))
    data[offset:end] = bytes([chance.choice((0x01, 0x7F, 0xFF))]) * max(end - offset, 0)


def _self_reference(data: bytearray, offset: int, size: int, chance: random.Random) -> None:
    """A word that is its own index or distance: chains that loop, lists that stand still."""
    index = chance.randrange(max(size // 4, 1))
    if offset + 4 * index + 4 <= len(data):
        number = chance.choice((index, index - 2, 4 * index, 16, 20, 0)) & 0xFFFFFFFF
        struct.pack_into(_order(data) + "I", data, offset + 4 * index, number)


def _copy(data: bytearray, offset: int, size: int, chance: random.Random) -> None:
    """Another piece of the same table, so that tags and entries occur twice or move."""
    width = chance.choice((4, 8, 16, 24))
    source, to = (offset + chance.randrange(max(size // width, 1)) * width for _ in range(2))
    if max(source, to) + width <= len(data):
        data[to : to + width] = data[source : source + width]


def _truncation(data: bytearray, offset: int, size: int, chance: random.Random) -> None:
    del data[max(offset + chance.randrange(size + 1), 6) :]


def _growth(data: bytearray, _offset: int, _size: int, chance: random.Random) -> None:
    """A mebibyte behind the end that every segment is said to hold."""
    if not 64 <= len(data) < GROWTH:
        return
    wide = data[4] == 2
    start, size, where = (64, 56, 32) if wide else (52, 32, 16)
    data += bytes([chance.choice((0, 0, 1, 0x41, 0xFF))]) * GROWTH
    count = struct.unpack_from(_order(data) + "H", data, 56 if wide else 44)[0]
    for index in range(min(count, 16)):
        at = start + index * size + where
        struct.pack_into(_order(data) + ("Q" if wide else "I"), data, at, len(data))


_WAYS: tuple[Callable[[bytearray, int, int, random.Random], None], ...] = (
    _bit_flip, _bit_flip, _bit_flip, _extreme_number, _extreme_number, _extreme_number, _extreme_number,
    _self_reference, _self_reference, _zeros, _filling, _copy, _truncation, _growth,
)  # fmt: skip
