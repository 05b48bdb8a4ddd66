"""Everything a reader says of one file, as plain values that can be compared."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from muslint.elf.object import ElfObject
from muslint.elf.readers import READERS, named_reader
from muslint.errors import MalformedElf
from muslint.sources.bytes import MemoryBytes

LIBRARIES = tuple(name for name in READERS if name != "muslint")
"""The readers that ours is held against."""

Facts = Mapping[str, Any]


def facts(obj: ElfObject) -> Facts:
    """Every fact of an object by name; symbols row by row, relocations both in order and as a multiset."""
    symbols = obj.symbols
    return {
        "ident": obj.ident,
        "arch": obj.arch,
        "kind": obj.kind,
        "segments": obj.segments,
        "interpreter": obj.interpreter,
        "mapped interpreter": obj.mapped_interpreter,
        "headers mapped": obj.headers_mapped,
        "dynamic": obj.dynamic,
        "needed": obj.needed,
        "soname": obj.soname,
        "rpath": obj.rpath,
        "runpath": obj.runpath,
        "symbols": tuple(symbols),
        "symbols by index": tuple(symbols[i] for i in range(len(symbols))),
        "names": tuple(symbols.names),
        "infos": tuple(symbols.infos),
        "others": tuple(symbols.others),
        "shndxs": tuple(symbols.shndxs),
        "values": tuple(symbols.values),
        "version indexes": symbols.versyms and tuple(symbols.versyms),
        "first hashed": symbols.first_hashed,
        "chains": tuple(tuple(symbols.chain(name)) for name in sorted(set(symbols.names))[:200]),
        "relocations": tuple((table.table, tuple(table)) for table in obj.relocations),
        "relocation multiset": Counter(pair for table in obj.relocations for pair in table.all_references()),
        "references": tuple(tuple(table.references()) for table in obj.relocations),
        "relr words": obj.relr_words,
        "hashes": (obj.has_hash, obj.has_gnu_hash),
        "stack": obj.gnu_stack,
        "tls": obj.tls,
        "versions needed": obj.versions_needed,
        "versions defined": obj.versions_defined,
        "version needs": obj.version_needs,
        "version definitions": obj.version_definitions,
        "notes": obj.notes,
        "flags": (obj.textrel, obj.bind_now, obj.has_dynamic),
    }


def read_facts(reader: str, content: bytes) -> Facts:
    """What the reader called ``reader`` says of a file; raises what the reader raises."""
    return facts(named_reader(reader)(MemoryBytes(content), "x"))


def reading(reader: str, content: bytes) -> Facts | str:
    """As `read_facts`, with ``malformed: REASON`` for a file that the reader refuses."""
    try:
        return read_facts(reader, content)
    except MalformedElf as error:
        return f"malformed: {error}"


def differences(content: bytes, readers: Iterable[str] = LIBRARIES) -> list[str]:
    """Where the libraries' readings differ from ours, one line a fact; two readers that both refuse agree."""
    ours = reading("muslint", content)
    return [f"{name}: {line}" for name in readers for line in _differences(ours, reading(name, content))]


def _differences(ours: Facts | str, theirs: Facts | str) -> list[str]:
    if isinstance(ours, str) and isinstance(theirs, str):
        return []
    if isinstance(ours, str):
        return [f"reads it, ours does not: {ours}"]
    if isinstance(theirs, str):
        return [f"does not read it: {theirs}"]
    return [f"{name}: {_first(theirs[name], ours[name])}" for name in ours if ours[name] != theirs[name]]


def _first(theirs: object, ours: object) -> str:
    if isinstance(theirs, tuple) and isinstance(ours, tuple):
        for index, (left, right) in enumerate(zip(theirs, ours, strict=False)):
            if left != right:
                return f"entry {index} is {str(left)[:200]}, ours {str(right)[:200]}"
        return f"{len(theirs)} entries, ours {len(ours)}"
    return f"{str(theirs)[:200]}, ours {str(ours)[:200]}"
