"""Every fact of a file, read by three readers: the same rows out of each, so that only the reading differs.

A symbol row is (name, bind, type, visibility, defined, version, hidden), a relocation row (type, symbol index).
Each library is driven the fastest way found for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

SymbolRow = tuple[str, int, int, int, bool, str | None, bool]
RelocationRow = tuple[Any, int]


@dataclass(frozen=True, slots=True)
class Facts:
    """One file: ``head`` holds its header values, segments and dynamic names in the reader's own form."""

    head: tuple[Any, ...]
    symbols: Sequence[Any]
    relocations: Sequence[RelocationRow]


ReadFacts = Callable[[str], Facts]


def muslint() -> ReadFacts:
    """muslint's own reader."""
    from muslint.elf.dynamic import read
    from muslint.sources.bytes import FileBytes

    def facts(path: str) -> Facts:
        data = FileBytes(path)
        found = read(data, path)
        symbols = list(found.symbols.linkage())
        relocations: list[RelocationRow] = []
        for table in found.relocations:
            relocations += table.all_references()
        data.close()
        head = (found.ident, found.segments, found.needed, found.soname, found.rpath, found.runpath, found.interpreter)
        return Facts(head, symbols, relocations)

    return facts


def lief() -> ReadFacts:
    """LIEF with all parsing turned off that this does not need."""
    import warnings

    import lief as library

    library.logging.disable()
    warnings.simplefilter("ignore", RuntimeWarning)
    config = library.ELF.ParserConfig()
    config.parse_symtab_symbols = config.parse_notes = config.parse_overlay = False
    config.count_mtd = library.ELF.ParserConfig.DYNSYM_COUNT.AUTO

    def facts(path: str) -> Facts:
        binary = library.ELF.parse(path, config)
        names = {
            version.other & 0x7FFF: version.name
            for needed in binary.symbols_version_requirement
            for version in needed.get_auxiliary_symbols()
        }
        for definition in binary.symbols_version_definition:
            names[definition.ndx & 0x7FFF] = next(iter(definition.auxiliary_symbols)).name
        symbols = list(binary.dynamic_symbols)
        versions = [version.value for version in binary.symbols_version] or [0] * len(symbols)
        rows = []
        for symbol, version in zip(symbols, versions):
            info = symbol.information
            rows.append((symbol.name, info >> 4, info & 15, symbol.other & 3, symbol.shndx != 0,
                         names.get(version & 0x7FFF) if version & 0x7FFF > 1 else None, version >= 0x8000))  # fmt: skip
        relocations = [(entry.type, entry.info) for entry in binary.pltgot_relocations]
        relocations += [(entry.type, entry.info) for entry in binary.dynamic_relocations]
        head = binary.header
        segments = [
            (s.type, s.flags, s.file_offset, s.virtual_address, s.physical_size, s.virtual_size, s.alignment)
            for s in binary.segments
        ]
        tags = [entry.name for entry in binary.dynamic_entries if isinstance(entry, library.ELF.DynamicEntryLibrary)]
        interpreter = binary.interpreter if binary.has_interpreter else None
        return Facts((head.machine_type, head.file_type, segments, tags, interpreter), rows, relocations)

    return facts


def pyelftools() -> ReadFacts:
    """pyelftools by its DynamicSegment; it has no symbol versions there, so its rows have none."""
    from elftools.elf.dynamic import DynamicSegment
    from elftools.elf.elffile import ELFFile

    def facts(path: str) -> Facts:
        with open(path, "rb") as stream:
            file = ELFFile(stream)
            segments = list(file.iter_segments())
            dynamic = next(segment for segment in segments if isinstance(segment, DynamicSegment))
            tags = [(tag.entry.d_tag, tag.entry.d_val) for tag in dynamic.iter_tags()]
            rows = []
            for symbol in dynamic.iter_symbols():
                entry = symbol.entry
                info = entry["st_info"]
                rows.append((symbol.name, info["bind"], info["type"], entry["st_other"]["visibility"],
                             entry["st_shndx"] != "SHN_UNDEF", None, False))  # fmt: skip
            relocations = [
                (entry["r_info_type"], entry["r_info_sym"])
                for name, table in dynamic.get_relocation_tables().items()
                if name != "RELR"
                for entry in table.iter_relocations()
            ]
            headers = [segment.header for segment in segments]
            return Facts((file.header, headers, tags), rows, relocations)

    return facts


READERS: dict[str, Callable[[], ReadFacts]] = {"muslint": muslint, "lief": lief, "pyelftools": pyelftools}


def totals(found: Facts) -> dict[str, int]:
    """Numbers of one file that must be equal whoever reads it."""
    rows = [_plain(row) for row in found.symbols]
    return {
        "symbols": len(rows),
        "name_bytes": sum(len(row[0]) for row in rows),
        "defined": sum(row[4] for row in rows),
        "relocations": len(found.relocations),
        "types": sum(_number(kind) for kind, _ in found.relocations),
        "indexes": sum(symbol for _, symbol in found.relocations),
    }


def versions(found: Facts) -> dict[str, int]:
    """As `totals`, for what pyelftools does not give."""
    rows = [_plain(row) for row in found.symbols]
    return {
        "binds": sum(row[1] for row in rows),
        "kinds": sum(row[2] for row in rows),
        "visibility": sum(row[3] for row in rows),
        "versioned": sum(row[5] is not None for row in rows),
        "version_bytes": sum(len(row[5] or "") for row in rows),
        "hidden": sum(row[6] for row in rows),
    }


def _plain(row: Any) -> SymbolRow:
    name: str | bytes = row[0]
    return (name if isinstance(name, str) else name.decode("utf-8", "surrogateescape"), *row[1:])


def _number(kind: Enum | int) -> int:
    # LIEF puts the machine above the low 27 bits.
    return (int(kind.value) if isinstance(kind, Enum) else int(kind)) & (1 << 27) - 1
