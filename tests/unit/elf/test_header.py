"""The ELF header, program headers, the address map and the kinds of objects."""

import pytest

from muslint.elf.header import AddressMap, Header, headers_mapped, identify, kind_of, read_header
from muslint.elf.object import DF_1_PIE, DT_DEBUG, DT_FLAGS_1, DT_STRTAB, PT_LOAD, Ident, Kind, Segment
from muslint.errors import MalformedElf
from muslint.sources.bytes import MemoryBytes
from tests.differential.synthetic import synthetic


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("little", [True, False])
def test_ident_of_each_class_and_byte_order(bits: int, little: bool) -> None:
    content = synthetic({DT_STRTAB: b"\0"}, bits=bits, little=little, machine=183, flags=0x400)
    ident, entry, _ = identify(content)
    assert ident == Ident(bits, little, 183, 3, 0x400, 0)
    assert entry == 0
    header = read_header(MemoryBytes(content), content)
    assert [s.type for s in header.segments] == [1, 2]
    assert header.segments[0] == Segment(PT_LOAD, 4, 0, 0, len(content), len(content), 4)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an ELF file"),
        (b"\x7fEL", "not an ELF file"),
        (b"#!/bin/sh\nexit 0 # 16", "not an ELF file"),
        (b"\x7fELF" + bytes(12), "unknown ELF class 0"),
        (b"\x7fELF\x02\x03" + bytes(10), "byte order 3"),
        (b"\x7fELF\x02\x01" + bytes(40), "inside its ELF header"),
    ],
)
def test_what_is_no_elf_file(content: bytes, reason: str) -> None:
    with pytest.raises(MalformedElf, match=reason):
        identify(content)


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [(54, 57, "program headers of 57 bytes"), (56, 0xFFFF, "65535 program headers"), (56, 200, "inside its program")],
)
def test_program_headers_that_cannot_be(at: int, value: int, reason: str) -> None:
    content = bytearray(synthetic({DT_STRTAB: b"\0"}))
    content[at : at + 2] = value.to_bytes(2, "little")
    with pytest.raises(MalformedElf, match=reason):
        read_header(MemoryBytes(bytes(content)), bytes(content))


def test_addresses_and_spans() -> None:
    loads = (Segment(PT_LOAD, 4, 0x100, 0x10100, 0x50, 0x90, 1), Segment(2, 4, 0, 0, 0x1000, 0x1000, 1))
    address_map = AddressMap(loads, 0x2000)
    assert address_map.offset(0x10100) == 0x100
    assert address_map.offset(0x1014F) == 0x14F
    assert address_map.span(0x10140) == 0x10
    assert address_map.span(0x10150) == address_map.span(0) == 0  # .bss has no bytes, PT_DYNAMIC maps nothing
    with pytest.raises(MalformedElf, match="0x10150 lies in no loaded segment"):
        address_map.offset(0x10150)


def _loads(*rows: tuple[int, int, int, int]) -> tuple[Segment, ...]:
    """PT_LOAD segments of (offset, address, size in the file, size in memory)."""
    return tuple(Segment(PT_LOAD, 6, *row, 0x1000) for row in rows)


@pytest.mark.parametrize(
    ("segments", "size", "address", "offset", "span"),
    [
        (_loads((0x200, 0x1200, 0x80, 0x80)), 0x5000, 0x1300, 0x300, 0xD00),  # behind it
        (_loads((0x200, 0x1200, 0x80, 0x80)), 0x5000, 0x1270, 0x270, 0xD90),  # from its last bytes on
        (_loads((0x200, 0x1200, 0x80, 0x80)), 0x5000, 0x1100, 0x100, 0xF00),  # before it
        (_loads((0x200, 0x1200, 0x80, 0x80)), 0x400, 0x1270, 0x270, 0x190),  # the file ends there
        (_loads((0x200, 0x1200, 0x80, 0x80)), 0x280, 0x1270, 0x270, 0x10),
        (_loads((0x200, 0x1200, 0x80, 0x90)), 0x5000, 0x1270, 0x270, 0x10),  # the rest is cleared
        (_loads((0, 0x1000, 0x80, 0x80), (0x2200, 0x1200, 0x80, 0x80)), 0x5000, 0x1100, 0x2100, 0xF00),  # laid over it
        (_loads((0, 0x1000, 0x80, 0x80), (0x2200, 0x2200, 0x80, 0x80)), 0x5000, 0x1100, 0x100, 0xF00),
    ],
)
def test_pages_hold_more_than_their_segment(
    segments: tuple[Segment, ...], size: int, address: int, offset: int, span: int
) -> None:
    address_map = AddressMap(segments, size)
    assert (address_map.offset(address), address_map.span(address)) == (offset, span)


@pytest.mark.parametrize(
    ("segments", "address"),
    [
        (_loads((0x200, 0x1200, 0x80, 0x90)), 0x1290),
        (_loads((0x200, 0x1200, 0x80, 0x80)), 0x2000),
        (_loads((0x200, 0x1200, 0x80, 0x80)), 0xFFF),
        (_loads((0, 0x1200, 0, 0)), 0x1300),
    ],
)
def test_what_no_page_brings_in(segments: tuple[Segment, ...], address: int) -> None:
    address_map = AddressMap(segments, 0x5000)
    assert address_map.span(address) == address_map.within(address) == 0
    with pytest.raises(MalformedElf, match="lies in no loaded segment"):
        address_map.offset(address)


def test_program_headers_outside_every_segment() -> None:
    ident = Ident(64, True, 62, 3, 0, 0)
    load = Segment(PT_LOAD, 4, 0, 0, 0x100, 0x100, 1)
    assert headers_mapped(Header(ident, 0, 64, 0x9C, (load,)))
    assert not headers_mapped(Header(ident, 0, 64, 0xC1, (load,)))


@pytest.mark.parametrize(
    ("elf_type", "interpreter", "soname", "tags", "needed", "kind"),
    [
        (1, None, None, {}, False, Kind.RELOCATABLE),
        (4, None, None, {}, False, Kind.CORE),
        (2, "/lib/ld.so", None, {}, True, Kind.EXECUTABLE),
        (2, None, None, {}, False, Kind.STATIC_EXECUTABLE),
        (3, "/lib/ld.so", None, {DT_FLAGS_1: DF_1_PIE}, True, Kind.EXECUTABLE),
        (3, "/lib/ld.so", None, {}, True, Kind.EXECUTABLE),  # from before DF_1_PIE
        (3, "/lib/ld.so", "libc.so.6", {}, False, Kind.SHARED_LIBRARY),  # a library that can be run
        (3, "/lib/ld.so", "x", {DT_FLAGS_1: DF_1_PIE}, True, Kind.EXECUTABLE),
        (3, None, None, {DT_FLAGS_1: DF_1_PIE}, False, Kind.STATIC_PIE),
        (3, None, None, {DT_DEBUG: 0}, False, Kind.STATIC_PIE),
        (3, None, None, {DT_DEBUG: 0}, True, Kind.SHARED_LIBRARY),
        (3, None, "libx.so", {DT_DEBUG: 0}, False, Kind.SHARED_LIBRARY),
        (3, None, None, {}, False, Kind.SHARED_LIBRARY),
    ],
)
def test_kinds(
    elf_type: int, interpreter: str | None, soname: str | None, tags: dict[int, int], needed: bool, kind: Kind
) -> None:
    assert kind_of(elf_type, interpreter, soname, tags, needed) is kind


def test_unknown_type() -> None:
    with pytest.raises(MalformedElf, match="ELF type 7"):
        kind_of(7, None, None, {}, False)
