"""Version tables and notes: linked lists that a damaged file may bend."""

import struct
import time

import pytest

from muslint.elf.dynamic import read
from muslint.elf.object import (
    DT_STRTAB,
    DT_VERDEF,
    DT_VERDEFNUM,
    DT_VERNEED,
    DT_VERNEEDNUM,
    ElfObject,
    Note,
    Version,
)  # fmt: skip
from muslint.elf.versions import notes_in
from muslint.errors import MalformedElf
from muslint.sources.bytes import MemoryBytes
from tests.differential import recipes
from tests.differential.synthetic import note, synthetic

STRINGS = b"\0libc.so.6\0GLIBC_2.17\0GLIBC_2.34\0"
LIBC, V17, V34 = 1, 11, 22


def _needs(count: int, tables: bytes) -> ElfObject:
    return read(MemoryBytes(synthetic({DT_STRTAB: STRINGS, DT_VERNEED: tables}, [(DT_VERNEEDNUM, count)])), "x")


def _defines(count: int, tables: bytes) -> ElfObject:
    return read(MemoryBytes(synthetic({DT_STRTAB: STRINGS, DT_VERDEF: tables}, [(DT_VERDEFNUM, count)])), "x")


def _need(entries: int, next_: int = 0) -> bytes:
    return struct.pack("<HHIII", 1, entries, LIBC, 16, next_)


def _version(name: int, index: int, flags: int = 0, next_: int = 0) -> bytes:
    return struct.pack("<IHHII", 0, flags, index, name, next_)


def test_needed_versions_with_their_library_and_weakness() -> None:
    obj = _needs(1, _need(2) + _version(V17, 2, next_=16) + _version(V34, 3, flags=2))
    assert obj.versions_needed == (
        Version("libc.so.6", "GLIBC_2.17", False), Version("libc.so.6", "GLIBC_2.34", True),
    )  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 0xFFFFFFFF])
def test_a_list_ends_where_it_says_so_whatever_the_count(count: int) -> None:
    assert len(_needs(count, _need(0xFFFF) + _version(V17, 2)).versions_needed) == 1


@pytest.mark.parametrize("step", [1 << 20, 0xFFFFFFFF])
def test_a_step_out_of_the_table(step: int) -> None:
    with pytest.raises(MalformedElf, match="DT_VERNEED runs past"):
        _ = _needs(2, _need(1, next_=step) + _version(V17, 2)).versions_needed
    with pytest.raises(MalformedElf, match="DT_VERNEED runs past"):
        _ = _needs(1, _need(2) + _version(V17, 2, next_=step)).versions_needed
    with pytest.raises(MalformedElf, match="DT_VERDEF runs past"):
        _ = _defines(2, struct.pack("<HHHHIII", 1, 0, 1, 1, 0, 20, step) + struct.pack("<II", V17, 0)).versions_defined


def test_entries_that_overlap_end_in_bounded_time() -> None:
    """Each entry claims 65,535 versions inside the next ones: a small file asks for hundreds of millions of steps."""
    table = b"".join(_need(0xFFFF, next_=16) for _ in range(4000)) + _version(V17, 2, next_=1) * 2000
    obj = _needs(0xFFFFFFFF, table)
    begin = time.perf_counter()
    try:
        found = len(obj.versions_needed)
    except MalformedElf:
        found = 0
    assert found <= 1 << 15  # an index has 15 bits
    assert time.perf_counter() - begin < 2


def test_a_large_string_table_costs_nothing_more_an_entry() -> None:
    """Thousands of versions beside a string table of megabytes take milliseconds."""
    table = _need(20_000) + b"".join(_version(V17, 2, next_=16) for _ in range(20_000))
    content = synthetic({DT_STRTAB: STRINGS + b"x\0" * (1 << 21), DT_VERNEED: table}, [(DT_VERNEEDNUM, 1)])
    begin = time.perf_counter()
    assert len(read(MemoryBytes(content), "x").versions_needed) == 20_000
    assert time.perf_counter() - begin < 2


def test_defined_versions_of_a_linked_library() -> None:
    obj = read(MemoryBytes(recipes.content("versioned.so")), "x")
    assert obj.versions_defined == ("libversioned.so.1", "V_1", "V_2")
    found = {(s.name, s.version, s.hidden) for s in obj.symbols if s.name in ("size", "plain")}
    assert found == {("size", "V_1", True), ("size", "V_2", False), ("plain", "V_1", False)}


@pytest.mark.parametrize("little", [True, False])
def test_notes(little: bool) -> None:
    data = note(b"GNU", 3, b"12345", little=little) + note(b"Go", 4, b"", little=little)
    expected = [Note("GNU", 3, b"12345"), Note("Go", 4, b"")]
    assert list(notes_in(data, 4, "<" if little else ">")) == expected
    content = synthetic({DT_STRTAB: b"\0"}, notes=data, little=little)
    assert read(MemoryBytes(content), "x").notes == tuple(expected)


def test_notes_that_end_early() -> None:
    data = note(b"GNU", 3, b"1234")
    assert list(notes_in(data + b"\1\0\0", 4, "<")) == [Note("GNU", 3, b"1234")]
    assert list(notes_in(struct.pack("<III", 4, 0xFFFFFFF0, 1) + b"GNU\0", 4, "<")) == []
    assert list(notes_in(struct.pack("<III", 0xFFFFFFFF, 4, 1) + b"GNU\0", 4, "<")) == []


def test_notes_of_eight_byte_alignment() -> None:
    """GNU properties: the description starts, and the next note begins, at a multiple of eight."""
    one = struct.pack("<III", 4, 8, 5) + b"GNU\0" + b"12345678"
    odd = struct.pack("<III", 4, 4, 5) + b"GNU\0" + b"1234" + bytes(4)
    assert [n.description for n in notes_in(odd + one, 8, "<")] == [b"1234", b"12345678"]
