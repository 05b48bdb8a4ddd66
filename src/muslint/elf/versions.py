"""Symbol versions and notes: the parts of an object most questions do not need.

Both version tables are linked lists whose entries count themselves; a damaged one may loop or
claim millions of entries, so each walk is bounded by the file's size and refuses to stand still.
Source: LSB "Symbol Versioning"; musl reads neither table.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from muslint.elf.header import AddressMap, Layout
from muslint.elf.object import PT_NOTE, Note, Readable, Segment, Version
from muslint.elf.pieces import Piece
from muslint.elf.strings import string_at
from muslint.errors import MalformedElf

_VER_FLG_WEAK = 2
_LARGEST_TABLE = 1 << 22
_LARGEST_NOTES = 1 << 20  # bytes of all segments together
_LONGEST_NAME = 4096
_MOST_VERSIONS = 1 << 15  # an index has 15 bits


class VersionTables:
    """The `LateFacts` of an object, read from its bytes when asked for and kept."""

    __slots__ = (
        "_data",
        "_defined",
        "_layout",
        "_map",
        "_needed",
        "_needs",
        "_segments",
        "_strtab",
        "_verdef",
        "_verneed",
    )

    def __init__(
        self,
        data: Readable,
        layout: Layout,
        address_map: AddressMap,
        string_table: Piece,
        verneed: tuple[int, int] | None,
        verdef: tuple[int, int] | None,
        segments: tuple[Segment, ...],
    ) -> None:
        self._data, self._layout, self._map, self._strtab = data, layout, address_map, string_table
        self._verneed, self._verdef = verneed, verdef
        self._segments = segments
        self._needs: tuple[tuple[int, Version], ...] | None = None
        self._defined: tuple[tuple[int, str], ...] | None = None

    def _table(self, address: int) -> bytes:
        span = self._map.span(address)
        return self._data.at(self._map.offset(address), min(span, _LARGEST_TABLE)) if span else b""

    def _needed_entries(self) -> tuple[tuple[int, Version], ...]:
        if self._needs is None:
            self._needs = tuple(self._walk_verneed()) if self._verneed else ()
        return self._needs

    def _walk_verneed(self) -> Iterator[tuple[int, Version]]:
        assert self._verneed is not None
        address, count = self._verneed
        strings = self._strtab.content
        table, order = self._table(address), self._layout.order
        outer, inner = struct.Struct(order + "HHIII"), struct.Struct(order + "IHHII")
        at, budget = 0, min(len(table) // 16, _MOST_VERSIONS)
        for _ in range(min(count, budget)):
            if at + 16 > len(table):
                raise MalformedElf("DT_VERNEED runs past its segment")
            _, entries, file_name, aux, step = outer.unpack_from(table, at)
            library = string_at(strings, file_name, _LONGEST_NAME)
            where = at + aux
            for _ in range(min(entries, budget)):
                if where + 16 > len(table):
                    raise MalformedElf("DT_VERNEED runs past its segment")
                _, flags, index, name, next_ = inner.unpack_from(table, where)
                version = Version(library, string_at(strings, name, _LONGEST_NAME), bool(flags & _VER_FLG_WEAK))
                yield index, version
                budget -= 1
                if next_ == 0:
                    break
                where += next_
            if step == 0:
                return
            at += step

    def _defined_entries(self) -> tuple[tuple[int, str], ...]:
        if self._defined is None:
            self._defined = tuple(self._walk_verdef()) if self._verdef else ()
        return self._defined

    def _walk_verdef(self) -> Iterator[tuple[int, str]]:
        assert self._verdef is not None
        address, count = self._verdef
        strings = self._strtab.content
        table, order = self._table(address), self._layout.order
        outer, inner = struct.Struct(order + "HHHHIII"), struct.Struct(order + "II")
        at = 0
        for _ in range(min(count, len(table) // 20, _MOST_VERSIONS)):
            if at + 20 > len(table):
                raise MalformedElf("DT_VERDEF runs past its segment")
            _, _, index, _, _, aux, step = outer.unpack_from(table, at)
            if at + aux + 8 > len(table):
                raise MalformedElf("DT_VERDEF runs past its segment")
            name, _ = inner.unpack_from(table, at + aux)
            yield index & 0x7FFF, string_at(strings, name, _LONGEST_NAME)
            if step == 0:
                return
            at += step

    def names(self) -> dict[int, str]:
        """Version index → name, from both tables."""
        return {**dict(self._defined_entries()), **{i & 0x7FFF: v.name for i, v in self._needed_entries()}}

    def versions_needed(self) -> tuple[Version, ...]:
        """DT_VERNEED in file order."""
        return tuple(version for _, version in self._needed_entries())

    def versions_defined(self) -> tuple[str, ...]:
        """Names of DT_VERDEF in file order."""
        return tuple(name for _, name in self._defined_entries())

    def needs_by_index(self) -> tuple[tuple[int, Version], ...]:
        """DT_VERNEED in file order, each with its index (``vna_other``)."""
        return self._needed_entries()

    def definitions_by_index(self) -> tuple[tuple[int, str], ...]:
        """DT_VERDEF in file order, each with its index (``vd_ndx``)."""
        return self._defined_entries()

    def notes(self) -> tuple[Note, ...]:
        """Every note of the PT_NOTE segments, in file order."""
        found: list[Note] = []
        room = _LARGEST_NOTES
        for segment in self._segments:
            if segment.type != PT_NOTE:
                continue
            data = self._data.at(segment.offset, min(segment.filesz, room))
            found += notes_in(data, segment.align, self._layout.order)
            room -= len(data)
        return tuple(found)


def notes_in(data: bytes, align: int, order: str) -> Iterator[Note]:
    """The entries of one PT_NOTE segment: ``align`` is its p_align, ``order`` the `struct` byte order."""
    header, at = struct.Struct(order + "III"), 0
    align = 8 if align == 8 else 4
    while at + 12 <= len(data):
        name_size, size, kind = header.unpack_from(data, at)
        start = at + 12 + (name_size + 3) // 4 * 4
        start = (start + align - 1) // align * align
        if start + size > len(data):
            return
        owner = data[at + 12 : at + 12 + name_size].rstrip(b"\0").decode("latin-1")
        yield Note(owner, kind, data[start : start + size])
        at = (start + size + align - 1) // align * align
