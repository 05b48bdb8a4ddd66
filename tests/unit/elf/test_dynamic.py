"""muslint's own reader: what it takes from PT_DYNAMIC, what it refuses, and when it reads what."""

import pytest

from muslint.elf.dynamic import read
from muslint.elf.object import (
    DF_BIND_NOW,
    DT_BIND_NOW,
    DT_FLAGS,
    DT_FLAGS_1,
    DT_NEEDED,
    DT_RPATH,
    DT_RUNPATH,
    DT_SONAME,
    DT_STRTAB,
    DT_TEXTREL,
    PT_DYNAMIC,
    PT_GNU_STACK,
    PT_TLS,
    ElfObject,
    Kind,
)  # fmt: skip
from muslint.errors import MalformedElf
from muslint.sources.bytes import MemoryBytes
from tests.differential import recipes
from tests.differential.synthetic import synthetic

STRINGS = b"\0liba.so\0libb.so\0/r\0"


def _read(content: bytes) -> ElfObject:
    return read(MemoryBytes(content), "x")


def test_names_in_the_order_of_the_file() -> None:
    tags = [(DT_NEEDED, 9), (DT_SONAME, 1), (DT_NEEDED, 1), (DT_RUNPATH, 17), (DT_RPATH, 1)]
    obj = _read(synthetic({DT_STRTAB: STRINGS}, tags))
    assert obj.needed == ("libb.so", "liba.so")
    assert (obj.soname, obj.rpath, obj.runpath, obj.kind) == ("liba.so", "liba.so", "/r", Kind.SHARED_LIBRARY)
    assert (obj.interpreter, obj.mapped_interpreter, obj.path) == (None, None, "x")


def test_the_last_of_two_tags_counts_and_nothing_behind_the_null() -> None:
    obj = _read(synthetic({DT_STRTAB: STRINGS}, [(DT_SONAME, 1), (DT_SONAME, 9), (0, 0), (DT_NEEDED, 1)]))
    assert (obj.soname, obj.needed) == ("libb.so", ())
    assert obj.tag(DT_SONAME) == 9
    assert obj.tag(DT_NEEDED) is None


@pytest.mark.parametrize(
    ("tags", "eager"),
    [
        ([(DT_BIND_NOW, 0)], True), ([(DT_FLAGS, DF_BIND_NOW)], True), ([(DT_FLAGS_1, 1)], True),
        ([(DT_FLAGS, 4), (DT_FLAGS_1, 2)], False), ([], False),
    ],
)  # fmt: skip
def test_eager_binding(tags: list[tuple[int, int]], eager: bool) -> None:
    assert _read(synthetic({DT_STRTAB: b"\0"}, tags)).bind_now is eager


def test_textrel_is_the_tag_not_the_flag() -> None:
    """musl reads DT_TEXTREL alone."""
    assert _read(synthetic({DT_STRTAB: b"\0"}, [(DT_TEXTREL, 0)])).textrel
    assert not _read(synthetic({DT_STRTAB: b"\0"}, [(DT_FLAGS, 4)])).textrel


def test_interpreter_ends_at_its_nul() -> None:
    obj = _read(synthetic({DT_STRTAB: b"\0"}, interpreter=b"/lib/ld-musl-x86_64.so.1\0junk\0"))
    assert obj.interpreter == obj.mapped_interpreter == "/lib/ld-musl-x86_64.so.1"
    assert obj.kind is Kind.EXECUTABLE


def test_segments_that_matter() -> None:
    obj = _read(recipes.content("library-x86_64.so"))
    assert obj.tls is not None
    assert (obj.tls.type, obj.tls.memsz) == (PT_TLS, 4)
    assert obj.gnu_stack is not None
    assert (obj.gnu_stack.type, obj.gnu_stack.flags & 1) == (PT_GNU_STACK, 0)
    stack = _read(recipes.content("execstack.so")).gnu_stack
    assert stack is not None
    assert stack.flags & 1


def test_rpath_and_runpath_of_linked_files() -> None:
    old, new = _read(recipes.content("relr.so")), _read(recipes.content("hash-both.so"))
    assert (old.rpath, old.runpath) == ("/old/$ORIGIN", None)
    assert (new.rpath, new.runpath) == (None, "$ORIGIN/lib")
    assert new.soname == "libboth.so.1"


def test_a_static_program_has_no_dynamic_section() -> None:
    obj = _read(recipes.content("static"))
    assert (obj.has_dynamic, obj.dynamic, len(obj.symbols), obj.relocations) == (False, (), 0, ())
    assert obj.kind is Kind.STATIC_EXECUTABLE


@pytest.mark.parametrize(
    ("tables", "tags", "reason"),
    [
        ({}, [(DT_STRTAB, 1 << 40), (10, 5)], "address 0x10000000000 lies in no loaded segment"),
        ({}, [(DT_STRTAB, 0), (10, 1 << 40)], "inside its string table"),
    ],
)
def test_tables_outside_the_file(tables: dict[int, bytes], tags: list[tuple[int, int]], reason: str) -> None:
    with pytest.raises(MalformedElf, match=reason):
        _read(synthetic(tables, tags))


def test_a_name_outside_the_string_table_is_empty() -> None:
    assert _read(synthetic({DT_STRTAB: STRINGS}, [(DT_NEEDED, 1 << 40), (DT_SONAME, 999)])).needed == ("",)


class _Counted(MemoryBytes):
    """Bytes that remember what was asked of them."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.asked = 0

    def at(self, offset: int, size: int) -> bytes:
        self.asked += 1
        return super().at(offset, size)


def test_late_facts_are_read_when_asked_for() -> None:
    """Versions and notes cost nothing until somebody wants them, and then only once."""
    data = _Counted(recipes.content("hash-both.so"))
    obj = read(data, "x")
    before = data.asked
    assert [len(table) for table in obj.relocations]
    assert obj.symbols.names
    assert data.asked == before
    assert obj.versions_needed
    after = data.asked
    assert after > before
    assert obj.versions_needed
    assert data.asked == after


def test_a_debug_file_has_a_dynamic_segment_without_bytes() -> None:
    content = bytearray(synthetic({DT_STRTAB: STRINGS}, [(DT_NEEDED, 1)]))
    content[64 + 32 : 64 + 40] = bytes(8)  # p_filesz of the PT_LOAD
    obj = _read(bytes(content))
    assert obj.has_dynamic
    assert [s.type for s in obj.segments if s.type == PT_DYNAMIC]
    assert obj.dynamic == ()
