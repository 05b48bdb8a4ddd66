"""Relocation tables, the MIPS GOT and DT_RELR."""

import struct

import lief
import pytest

from muslint.elf.dynamic import read
from muslint.elf.header import LAYOUTS, AddressMap
from muslint.elf.object import DT_JMPREL, DT_PLTREL, DT_REL, DT_RELA, DT_RELR, DT_RELRSZ, DT_STRTAB, Relocation
from muslint.elf.relocations import MipsGot, RawRelocations, picked, relr_addresses
from muslint.elf.rows import RelocationRows
from muslint.errors import MalformedElf
from muslint.sources.bytes import MemoryBytes
from tests.differential import recipes
from tests.differential.synthetic import synthetic


def test_rela_and_rel_of_64_bits() -> None:
    info = (5 << 32) | 6
    table = RawRelocations("RELA", struct.pack("<QQq", 0x10, info, -1) * 2, LAYOUTS[64, True], 3, False)
    assert list(table) == [Relocation(0x10, 6, 5)] * 2
    assert (table.references(), list(table.all_references()), len(table)) == ([(6, 5)], [(6, 5), (6, 5)], 2)
    table = RawRelocations("REL", struct.pack(">QQ", 0x10, info) + b"torn", LAYOUTS[64, False], 2, False)
    assert list(table) == [Relocation(0x10, 6, 5)]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("run", [0, 1, 2, 3, 7, 8, 1000])
def test_a_run_at_the_head_is_told_once_and_nothing_is_lost(order: str, bits: int, run: int) -> None:
    """Entries without a symbol, then others, among them one more of the first kind."""
    code, shift = ("Q", 32) if bits == 64 else ("I", 8)
    pairs = [(8, 0)] * run + [(6, 1), (8, 8), (8, 0), (6, 1)]
    data = b"".join(struct.pack(order + 2 * code, 16, symbol << shift | kind) for kind, symbol in pairs)
    table = RawRelocations("REL", data, LAYOUTS[bits, order == "<"], 2, False)
    assert list(table.all_references()) == pairs
    assert table.references() == list(dict.fromkeys(pairs))
    every = table.picked(bytes((0, 1)), lambda kind: kind == 8)
    assert every == ({6, 8}, pairs[run - 1 :] if run > 1 else pairs)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize(
    ("rows", "reach"),
    [
        ([], None),
        ([(0, 0, 0)] * 3, None),
        ([(0, 0, 0)] * 3 + [(0x30, 6, 1)], (0x30, 0x30)),
        ([(0x20, 8, 0)], (0x20, 0x20)),
        ([(0x20, 8, 0), (0x28, 8, 0), (0x40, 8, 0), (0x30, 6, 1)], (0x20, 0x40)),
        ([(0x20, 8, 0), (0x28, 8, 0), (0x10, 6, 1), (0x30, 6, 2)], (0x10, 0x30)),
    ],
)
def test_reach(order: str, bits: int, rows: list[tuple[int, int, int]], reach: tuple[int, int] | None) -> None:
    """The ends of what is written; a run of type 0 at the head writes nothing."""
    code, shift = ("Q", 32) if bits == 64 else ("I", 8)
    data = b"".join(struct.pack(order + 2 * code, place, symbol << shift | kind) for place, kind, symbol in rows)
    assert RawRelocations("REL", data, LAYOUTS[bits, order == "<"], 2, False).reach() == reach
    assert RelocationRows("REL", [Relocation(*row) for row in rows]).reach() == reach


def test_types_beyond_a_byte() -> None:
    """AArch64 has types over 255; the highest bit is no part of one (musl ``R_TYPE``)."""
    infos = [1 << 32 | 1025, 2 << 32 | 0x80000007]
    data = b"".join(struct.pack("<QQ", 0, info) for info in infos)
    table = RawRelocations("REL", data, LAYOUTS[64, True], 2, False)
    assert list(table.all_references()) == [(1025, 1), (7, 2)]
    assert table.picked(bytes((0, 1, 0)), lambda kind: kind == 7) == ({1025, 7}, [(1025, 1), (7, 2)])


@pytest.mark.parametrize("marked", [(), (5,), (5, 255, 256, 700), (300, 65535), tuple(range(0, 5000, 200))])
@pytest.mark.parametrize("most", [200, 3000, 70000])
def test_picked_by_any_number_of_symbols(marked: tuple[int, ...], most: int) -> None:
    """Indexes of one, two and three bytes, marks on few and on many pages."""
    pairs = [(kind, at * 37 % most) for at in range(4000) for kind in (6, 7)]
    data = b"".join(struct.pack("<QQq", 0, symbol << 32 | kind, 0) for kind, symbol in pairs)
    table = RawRelocations("RELA", data, LAYOUTS[64, True], 3, False)
    marks = bytearray(max(marked, default=0) + 1)
    for at in marked:
        marks[at] = 1
    for odd in set[int]().__contains__, {7}.__contains__:
        assert table.picked(bytes(marks), odd) == picked(pairs, bytes(marks), odd)


def test_rel_of_32_bits() -> None:
    table = RawRelocations("REL", struct.pack("<II", 8, 0x123407), LAYOUTS[32, True], 2, False)
    assert list(table) == [Relocation(8, 0x07, 0x1234)]


def test_references_keep_the_order_they_occur_in() -> None:
    infos = [(1 << 32) | 7, (2 << 32) | 6, (1 << 32) | 7, (1 << 32) | 6]
    data = b"".join(struct.pack("<QQq", 0, info, 0) for info in infos)
    table = RawRelocations("JMPREL", data, LAYOUTS[64, True], 3, False)
    assert table.references() == [(7, 1), (6, 2), (6, 1)]
    assert list(table.all_references()) == [(7, 1), (6, 2), (7, 1), (6, 1)]


@pytest.mark.parametrize("order", ["<", ">"])
def test_mips64_packs_three_types(order: str) -> None:
    """REL32 and 64 as one number, 0x1203 (musl arch/mips64/reloc.h)."""
    data = struct.pack(order + "Q", 0x20) + struct.pack(order + "I", 9) + bytes([0, 0, 0x12, 0x03])
    table = RawRelocations("REL", data, LAYOUTS[64, order == "<"], 2, True)
    assert list(table) == [Relocation(0x20, 4611, 9)]


def test_the_global_got_of_mips_has_one_slot_a_symbol() -> None:
    got = MipsGot(3, 5, 0x1000, 4)
    assert list(got) == [Relocation(0x1000, 127, 3), Relocation(0x1004, 127, 4)]
    assert (got.references(), list(got.all_references()), len(got)) == ([(127, 3), (127, 4)],) * 2 + (2,)
    assert got.reach() == (0x1000, 0x1004)
    assert len(MipsGot(9, 5, 0, 4)) == 0
    assert MipsGot(9, 5, 0, 4).reach() is None
    linked = read(MemoryBytes(recipes.content("library-mips.so")), "x")
    assert linked.relocations[0].table == "MIPS_GOT"
    assert "getenv" in {linked.symbols[r.symbol].name for r in linked.relocations[0]}


def test_tables_come_in_the_order_musl_works_them() -> None:
    """JMPREL, REL, RELA (musl reloc_all), whatever the order of the tags; DT_PLTREL says what JMPREL holds."""
    rela, rel = struct.pack("<QQq", 8, 8, 0), struct.pack("<QQ", 16, 8)
    content = synthetic({DT_RELA: rela, DT_REL: rel, DT_JMPREL: rela, DT_STRTAB: b"\0"}, [(DT_PLTREL, DT_RELA)])
    tables = read(MemoryBytes(content), "x").relocations
    assert [(t.table, len(t)) for t in tables] == [("JMPREL", 1), ("REL", 1), ("RELA", 1)]
    as_rel = synthetic({DT_JMPREL: rela, DT_STRTAB: b"\0"}, [(DT_PLTREL, DT_REL)])
    assert [len(t) for t in read(MemoryBytes(as_rel), "x").relocations] == [1]


def test_a_table_longer_than_the_file() -> None:
    content = synthetic({DT_STRTAB: b"\0"}, [(DT_RELA, 8), (8, 1 << 62)])
    with pytest.raises(MalformedElf, match="inside its DT_RELA relocations"):
        read(MemoryBytes(content), "x")


def test_relr_words() -> None:
    """An address, then bitmaps over the words behind it (gABI)."""
    assert list(relr_addresses([0x1000], 8)) == [0x1000]
    assert list(relr_addresses([0x1000, 0b1011], 8)) == [0x1000, 0x1008, 0x1018]
    assert list(relr_addresses([0x1000, 1 | 1 << 63, 0b11], 8)) == [0x1000, 0x1008 + 62 * 8, 0x1008 + 63 * 8]
    assert list(relr_addresses([0x1000, 1, 0b11, 0x9000], 4)) == [0x1000, 0x1004 + 31 * 4, 0x9000]
    assert list(relr_addresses([], 4)) == []


@pytest.mark.parametrize("name", ["relr.so", "relr-32.so", "relr-aarch64.so", "relr-be.so"])
def test_relr_addresses_of_linked_files_as_lief_has_them(name: str) -> None:
    content = recipes.content(name)
    obj = read(MemoryBytes(content), name)
    address, size = obj.tag(DT_RELR), obj.tag(DT_RELRSZ)
    assert address is not None
    assert size is not None
    word = obj.ident.bits // 8
    at = AddressMap(obj.segments, len(content)).offset(address)
    code = ("<" if obj.ident.little else ">") + str(obj.relr_words) + ("Q" if word == 8 else "I")
    words = struct.unpack(code, content[at : at + size])
    binary = lief.ELF.parse(content)
    assert isinstance(binary, lief.ELF.Binary)
    relative = lief.ELF.Relocation.ENCODING.RELR
    theirs = sorted(r.address for r in binary.dynamic_relocations if r.encoding == relative)
    assert sorted(relr_addresses(words, word)) == theirs
    assert len(theirs) == 102
