"""Strings, symbol columns and the order of hash chains."""

import struct
from random import Random

import pytest

from muslint.elf.columns import column, largest
from muslint.elf.dynamic import read
from muslint.elf.hashes import sysv_chain
from muslint.elf.machine import EM_S390
from muslint.elf.object import DT_GNU_HASH, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_VERSYM, ElfObject, Symbol
from muslint.elf.rows import SymbolRows
from muslint.elf.strings import string_at, strings
from muslint.errors import MalformedElf
from muslint.sources.bytes import MemoryBytes
from tests.differential import recipes
from tests.differential.synthetic import symbol, synthetic


def _read(content: bytes) -> ElfObject:
    return read(MemoryBytes(content), "x")


@pytest.mark.parametrize("little", [True, False])
def test_columns_of_either_byte_order(little: bool) -> None:
    data = struct.pack(("<" if little else ">") + "6H", 1, 2, 3, 4, 5, 0xFFFE)
    assert column(data, "H", 0, 1, little) == [1, 2, 3, 4, 5, 0xFFFE]
    assert column(data, "H", 1, 2, little) == [2, 4, 0xFFFE]
    assert column(data + b"\1", "H", 5, 9, little) == [0xFFFE]  # a torn last number is left out


@pytest.mark.parametrize("little", [True, False])
@pytest.mark.parametrize("most", [200, 60_000, 1 << 23, 1 << 32])
def test_the_largest_number_in_any_order(little: bool, most: int) -> None:
    random = Random(most)
    for count in (1, 5, 127, 128, 3000):
        numbers = [random.randrange(most) for _ in range(count)]
        for order in (numbers, sorted(numbers), [0] * count):
            data = struct.pack(f"{'<' if little else '>'}{count}I", *order)
            assert largest(data, little) == max(order)


def test_few_strings_of_a_large_table_are_those_of_all() -> None:
    random = Random(7)
    pieces = [random.choice((b"", b"a", b"caf\xc3\xa9", b"\xff", b"long" * 100)) for _ in range(20_000)]
    table = b"\0".join(pieces)
    offsets = [random.randrange(len(table) + 9) for _ in range(60)]
    whole = dict(zip(range(len(table)), strings(table, range(len(table)))))
    assert strings(table, offsets) == strings(memoryview(table), offsets) == [whole.get(o, "") for o in offsets]


def test_strings_end_at_a_nul_or_at_the_end_of_the_table() -> None:
    table = b"\0puts\0last"
    assert strings(table, [0, 1, 3, 6, 9, 10, 99]) == ["", "puts", "ts", "last", "t", "", ""]
    assert [string_at(table, o) for o in (0, 1, 3, 6, 9, 10, 99)] == ["", "puts", "ts", "last", "t", "", ""]
    odd = b"\0\xff\0caf\xc3\xa9\0"
    assert strings(odd, [1, 3]) == [string_at(odd, 1), string_at(odd, 3)] == ["\udcff", "café"]


def test_strings_without_end_do_not_fill_the_memory() -> None:
    """A million symbols that all point into one endless name would be a terabyte."""
    with pytest.raises(MalformedElf, match="overlap without end"):
        strings(b"A" * (1 << 20), [1] * (1 << 20))
    assert strings(b"\0" + b"ab\0" * (1 << 18), [1] * 2000) == ["ab"] * 2000
    with pytest.raises(MalformedElf, match="over 65536 bytes"):
        string_at(b"A" * (1 << 17), 0)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("little", [True, False])
@pytest.mark.parametrize(
    "sections", [[0, 0, 0, 7, 8], [0, 0, 256, 512, 7], [0, 1, 0, 256, 0], [5, 256, 1, 2], [0, 0, 0]]
)
def test_undefined_symbols_whatever_the_sections_of_the_others(bits: int, little: bool, sections: list[int]) -> None:
    """A section's number may end in a byte of 0."""
    rows = [symbol(0, 0, 0, 0, 0, 0, bits=bits, little=little)]
    rows += [symbol(0, 0x10, 0, section, 8, 0, bits=bits, little=little) for section in sections]
    counts = struct.pack(("<" if little else ">") + "II", 1, len(rows)) + bytes(4 + 4 * len(rows))
    tables = {DT_SYMTAB: b"".join(rows), DT_STRTAB: b"\0", DT_HASH: counts}
    symbols = _read(synthetic(tables, bits=bits, little=little)).symbols
    assert list(symbols.undefined(1)) == [at for at, section in enumerate(sections, 1) if section == 0]


# A SysV hash of two buckets over six entries; the chain of bucket 1 is 4, 2, 5, 1.
BUCKETS, CHAINS = [3, 4], [0, 0, 5, 0, 2, 1]


def test_a_sysv_chain_is_followed_not_sorted() -> None:
    names = ["", "a", "a", "b", "x", "a"]  # "a" hashes to 97, "b" to 98
    assert sysv_chain(names, "a", BUCKETS, CHAINS) == [2, 5, 1]
    assert sysv_chain(names, "b", BUCKETS, CHAINS) == [3]
    assert sysv_chain(names, "c", BUCKETS, CHAINS) == []
    assert sysv_chain(names, "a", [], []) == []


@pytest.mark.parametrize("chains", [[0, 1, 1, 1, 1, 1], [0, 4, 5, 0, 2, 1], [0, 0, 0, 0, 99, 0]])
def test_a_sysv_chain_that_loops_or_leaves_the_table_ends(chains: list[int]) -> None:
    found = sysv_chain(["", "a", "a", "a", "a", "a"], "a", BUCKETS, chains)
    assert len(found) == len(set(found)) <= 5


def test_chains_of_a_linked_file() -> None:
    """Two versions of one name: index order in a GNU hash, the linker's order in a SysV hash."""
    versioned = _read(recipes.content("versioned.so")).symbols
    found = versioned.chain("size")
    assert [versioned[i].name for i in found] == ["size", "size"]
    assert list(found) == sorted(found)
    assert list(versioned.chain("absent")) == []
    mips = _read(recipes.content("library-mips.so")).symbols
    assert all(mips[i].name == name for name in mips.names[1:] for i in mips.chain(name))
    assert all(len(mips.chain(name)) == 1 for name in mips.names[1:])


def test_undefined_symbols_before_the_gnu_hash_are_out_of_reach() -> None:
    symbols = _read(recipes.content("hash-gnu.so")).symbols
    assert symbols.first_hashed > 1
    assert all(symbols.shndxs[i] == 0 for i in range(symbols.first_hashed))
    assert list(symbols.chain("getenv")) == []
    assert len(_read(recipes.content("hash-sysv.so")).symbols.chain("getenv")) == 1


def test_rows_and_columns_say_the_same() -> None:
    symbols = _read(recipes.content("library-s390x.so")).symbols
    for index, row in enumerate(symbols):
        assert symbols[index] == row
        assert (row.bind << 4 | row.type, row.name) == (symbols.infos[index], symbols.names[index])
        assert (row.shndx, row.value) == (symbols.shndxs[index], symbols.values[index])
        assert row.visibility == symbols.others[index] & 3
        assert row.defined is bool(row.shndx)


def _with_hash(tag: int, table: bytes, count: int, **options: int) -> bytes:
    little = options.get("machine") != EM_S390
    rows = b"".join(symbol(0, 0x12, 0, 1, i, 0, little=little) for i in range(count))
    return synthetic({tag: table, DT_SYMTAB: rows, DT_STRTAB: b"\0"}, little=little, **options)


def test_hash_entries_of_s390x_have_64_bits() -> None:
    content = _with_hash(DT_HASH, struct.pack(">6Q", 1, 3, 1, 0, 2, 0), 3, machine=EM_S390)
    assert len(_read(content).symbols) == 3


@pytest.mark.parametrize(
    ("tag", "table", "reason"),
    [
        (DT_HASH, struct.pack("<2I", 0xFFFFFFFF, 1), "DT_HASH is larger"),
        (DT_HASH, struct.pack("<2I", 0, 0x7FFFFFFF), "DT_HASH is larger"),
        (DT_GNU_HASH, struct.pack("<4I", 0xFFFFFFFF, 1, 1, 0), "DT_GNU_HASH is larger"),
        (DT_GNU_HASH, struct.pack("<4I", 1, 1, 0xFFFFFFFF, 0), "DT_GNU_HASH is larger"),
        (DT_GNU_HASH, struct.pack("<4IQI", 1, 1, 1, 0, 0, 0x40000000), "has no end"),
    ],
)
def test_hash_tables_that_cannot_be(tag: int, table: bytes, reason: str) -> None:
    with pytest.raises(MalformedElf, match=reason):
        _read(_with_hash(tag, table, 3))


def test_an_empty_gnu_hash_counts_by_what_lies_behind() -> None:
    """Three rows, the last two null: what no relocation refers to is padding."""
    empty = struct.pack("<4IQI", 1, 1, 1, 0, 0, 0)
    rows = symbol(0, 0, 0, 0, 0, 0) + symbol(1, 0x10, 0, 0, 0, 0) + bytes(48)
    content = synthetic({DT_GNU_HASH: empty, DT_SYMTAB: rows, DT_STRTAB: b"\0a\0"})
    assert list(_read(content).symbols.names) == ["", "a"]


def test_the_version_table_must_cover_the_symbols() -> None:
    table = struct.pack("<5I", 1, 2, 1, 0, 0)
    rows = symbol(0, 0, 0, 0, 0, 0) + symbol(1, 0x12, 0, 1, 8, 0)
    content = synthetic({DT_HASH: table, DT_SYMTAB: rows, DT_STRTAB: b"\0a\0"}, [(DT_VERSYM, 0x100000)])
    with pytest.raises(MalformedElf, match="no loaded segment"):
        _read(content)


def test_decoded_rows_keep_the_protocol() -> None:
    rows = [Symbol("", 0, 0, 0, 0, 0, 0, None, False), Symbol("a", 1, 2, 3, 4, 5, 6, "V", True)]
    table = SymbolRows(rows, [0, 3], [0, 0x8002], 1)
    assert (len(table), list(table), table[1]) == (2, rows, rows[1])
    assert (table.names, table.infos, table.shndxs, table.values) == (["", "a"], [0, 0x12], [0, 4], [0, 5])
    assert (table.versyms, table.first_hashed, table.chain("a")) == ([0, 0x8002], 1, [1])
    assert SymbolRows(rows, [0, 3], None, 1, lambda _name: [7]).chain("a") == [7]
