"""Says what the reader says of many files: ``python -m tests.compiled.say MUTATIONS SUFFIX FILE…``.

Run once with the reader in Python and once with the compiled one; both must print the same lines, each a JSON list of
what was read, how, and either a digest of each fact or the reason why not. MUTATIONS damaged copies are read of the
files, and each is cut at `CUTS` places. The first line lists the modules that come from files with this SUFFIX.
"""

import hashlib
import importlib
import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from muslint.elf import facts as composed
from muslint.elf.object import ElfObject, Readable
from muslint.elf.readers import READERS, named_reader
from muslint.libc.musl import model
from muslint.loader.bind import exports, references
from muslint.sources.bytes import FileBytes, MemoryBytes, Slice, Spool
from tests.differential.facts import facts
from tests.fuzz.mutations import mutated, regions
from tests.support.compiled import modules

CUTS, FEW_CUTS = 24, 4
LARGE = 1 << 17
"""Bytes from which on a file is cut at few places only, and not read by the slower libraries."""
SEED = 7
_FEW = (0, 1, 2, 5)
LIBC = model("1.2.5", "x86_64")


def everything(obj: ElfObject) -> Mapping[str, Any]:
    """The facts of the differential tests, and every other answer of the tables, some of them asked for twice."""
    symbols = obj.symbols
    count, first = len(symbols), symbols.first_hashed
    some = [index for index in range(count) if index % 3 == 1]
    marks = bytes(index % 5 == 0 for index in range(count))
    names = [*symbols.names, "no such name", "\udcff"]
    told = dict(facts(obj))
    obj.forget()
    told |= {
        "sizes": list(symbols.sizes),
        "linkage": list(symbols.linkage()),
        "names of some": (symbols.names_of(some), symbols.names_of(some[:1]), symbols.names_of(range(count // 2))),
        "names of ranges": [
            list(symbols.names_of(ends)) for ends in (range(count - 1, 1), range(count - 1, 0, -1)) if count > 1
        ],
        "names marked": (symbols.names_marked(marks), symbols.names_marked(b"")),
        "undefined": (list(symbols.undefined(1)), list(symbols.undefined(first))),
        "without value": list(symbols.without_value(first)),
        "is undefined": [symbols.is_undefined(index) for index in some],
        "hidden": list(symbols.with_hidden_version(first)),
        "may share": symbols.may_share_names([index for index in some if index >= first][:50]),
        "possible": list(symbols.possible(names)),
        "chain of nothing": list(symbols.chain("no such name")),
        "reach": [table.reach() for table in obj.relocations],
        "picked": [(sorted(kinds), pairs) for kinds, pairs in _picked(obj, marks)],
        "tags": [obj.tag(tag) for tag in range(40)],
        "requires": composed.requires(obj),
        "built for": composed.built_for(obj),
        "filters": obj.filters,
        "beyond": [_reason(partial(symbols.__getitem__, index)) for index in (-1, count, 1 << 31)],
        "repr": repr(obj.ident) + repr(obj.kind) + repr(obj.segments),
    }
    given = exports(obj)
    asked = references(obj, given, LIBC, True, True)
    told["binding"] = (bytes(given.own), *map(sorted, (given.defined, asked.plt, asked.other, asked.copy)))
    obj.forget()
    told["again"] = (list(symbols)[-3:], [table.all_references() for table in obj.relocations])
    return told


def _picked(obj: ElfObject, marks: bytes) -> Iterator[tuple[set[int], Any]]:
    for table in obj.relocations:
        yield table.picked(marks, lambda kind: kind in _FEW)
        yield table.picked(b"", lambda _kind: True)


def _reason(asked: Callable[[], object]) -> str:
    try:
        return repr(asked())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def said(reader: str, data: Readable) -> dict[str, str] | str:
    """A digest of each fact; the kind of exception and its text where there is one, whichever it is."""
    try:
        told = everything(named_reader(reader)(data, "x"))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        data.close()
    return {name: hashlib.sha256(repr(fact).encode("utf-8", "replace")).hexdigest()[:12] for name, fact in told.items()}


def kinds_of_bytes(path: Path, content: bytes) -> Iterator[tuple[str, Readable]]:
    """The same file as each kind of `Readable` that sources make."""
    yield "file", FileBytes(str(path))
    yield "memory", MemoryBytes(content)
    yield "slice", Slice(MemoryBytes(b"x" * 7 + content + b"y" * 7), 7, len(content))
    yield "spool", Spool().keep(BytesIO(content), None)


def rows(mutations: int, files: list[Path]) -> Iterator[tuple[str, str, object]]:
    """(file, how it was read, what was said)."""
    contents = {path.name: path.read_bytes() for path in files}
    for path in files:
        content = contents[path.name]
        for how, data in kinds_of_bytes(path, content):
            yield path.name, how, said("muslint", data)
        for reader in READERS:
            if len(content) < LARGE:
                yield path.name, f"reader {reader}", said(reader, MemoryBytes(content))
        cuts = CUTS if len(content) < LARGE else FEW_CUTS
        for step in range(cuts):
            # Half of them within the headers.
            place = 4096 * step // cuts if step % 2 else len(content) * step // cuts
            yield path.name, f"cut at {place}", said("muslint", MemoryBytes(content[:place]))
    parts = {name: regions(content) for name, content in contents.items() if len(content) < 1 << 18}
    for case in range(mutations):
        name = sorted(parts)[case % len(parts)]
        how, damaged = mutated(contents[name], parts[name], random.Random(f"{SEED} {case}"))
        digest = hashlib.sha256(damaged).hexdigest()[:12]
        yield name, f"case {case}, {digest}: {how}", said("muslint", MemoryBytes(damaged))


def main() -> None:
    """Read the arguments and print a line for each reading."""
    mutations, suffix, *files = sys.argv[1:]
    found = {module: importlib.import_module(module).__file__ or "" for module in modules()}
    print(json.dumps([name for name, file in found.items() if file.endswith(suffix)]))
    for row in rows(int(mutations), [Path(file) for file in files]):
        print(json.dumps(row))


if __name__ == "__main__":
    main()
