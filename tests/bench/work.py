"""One side of a comparison as a process: ``python -m tests.bench.work WORK LIST``, LIST naming one file a line.

Prints one JSON object: ``seconds`` the work took without imports, and what was counted.
"""

import gc
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from . import facts

Counts = dict[str, int]


def _facts(reader: str) -> Callable[[list[str]], Counts]:
    read = facts.READERS[reader]()

    def work(paths: list[str]) -> Counts:
        symbols = relocations = 0
        for path in paths:
            found = read(path)
            symbols += len(found.symbols)
            relocations += len(found.relocations)
        return {"files": len(paths), "symbols": symbols, "relocations": relocations}

    return work


def _totals(reader: str) -> Callable[[list[str]], Counts]:
    read = facts.READERS[reader]()

    def work(paths: list[str]) -> Counts:
        counts: Counter[str] = Counter()
        for path in paths:
            found = read(path)
            counts.update(facts.totals(found))
            if reader != "pyelftools":
                counts.update(facts.versions(found))
        return dict(counts)

    return work


def _loader(exported: bool) -> Callable[[list[str]], Counts]:
    """What the loader model decodes of every file.

    Of a program it lists: which of its symbols answer a look-up, every relocation gone through, and the names of
    those that neither the symbol referred to nor libc settles. ``exported``: also what it decodes of a library
    that others ask, the names of all it gives. Looking the names up in other objects is not in it.
    """
    from muslint.elf.dynamic import read
    from muslint.libc.musl import model
    from muslint.loader.bind import exports, references
    from muslint.sources.bytes import FileBytes

    libc = model("1.2.3", "x86_64")

    def work(paths: list[str]) -> Counts:
        given = asked = 0
        for path in paths:
            data = FileBytes(path)
            found = read(data, path)
            gives = exports(found)
            wanted = references(found, gives, libc, True, True)
            asked += len(wanted.plt) + len(wanted.other) + len(wanted.copy)
            given += len(gives.defined) if exported else len(gives.own) - gives.own.count(0)
            data.close()
        return {"files": len(paths), "given": given, "asked": asked}

    return work


def _asked() -> Callable[[list[str]], Counts]:
    """What every file asks of others: the names of its undefined symbols, and the types of its relocations.

    The scope of the figures the goal was set by: nothing is bound, and nothing decided of what the file itself gives.
    """
    from muslint.elf.dynamic import read
    from muslint.sources.bytes import FileBytes

    def work(paths: list[str]) -> Counts:
        names = types = 0
        for path in paths:
            data = FileBytes(path)
            found = read(data, path)
            names += len(found.symbols.names_of(found.symbols.undefined(1)))
            types += sum(len(table.picked(b"", _never)[0]) for table in found.relocations)
            data.close()
        return {"files": len(paths), "names": names, "types": types}

    return work


def _never(kind: int) -> bool:
    del kind
    return False


class _Noted:
    """A file that remembers what was read of it."""

    def __init__(self, path: str) -> None:
        from muslint.sources.bytes import FileBytes

        self._data = FileBytes(path)
        self.size = self._data.size
        self.reads: list[tuple[int, int]] = []

    def at(self, offset: int, size: int) -> bytes:
        """As `FileBytes.at`."""
        self.reads.append((offset, size))
        return self._data.at(offset, size)

    def close(self) -> None:
        """As `FileBytes.close`."""
        self._data.close()


def write_plan(paths: list[str], plan: Path) -> None:
    """Write which bytes of each file the reader reads, for `_bytes`."""
    from muslint.elf.dynamic import read

    rows = []
    for path in paths:
        data = _Noted(path)
        read(data, path)
        data.close()
        rows.append([path, data.reads])
    plan.write_text(json.dumps(rows))


def _bytes() -> Callable[[list[str]], Counts]:
    """Only the bytes: each file opened, the pieces of its plan read, nothing decoded. LIST is the plan."""

    def work(lines: list[str]) -> Counts:
        total = 0
        rows = json.loads(lines[0])
        began = time.perf_counter()
        for path, reads in rows:
            fd = os.open(path, os.O_RDONLY)
            os.fstat(fd)
            for offset, size in reads:
                total += len(os.pread(fd, size, offset))
            os.close(fd)
        took = time.perf_counter() - began
        return {"files": len(rows), "bytes": total, "nanoseconds": int(took * 1e9)}

    return work


def _tables() -> Callable[[list[str]], Counts]:
    """The same bytes found by `floor.tables`, nothing of them decoded."""
    from .floor import tables

    return lambda paths: {"files": len(paths), "bytes": sum(map(tables, paths))}


def _check(behaviour: bool) -> Callable[[list[str]], Counts]:
    """``check`` of a whole tree, the first path of LIST: with the behaviour rules, or with the load rules alone.

    A second path is a folder with what earlier runs proved.
    """
    from muslint import pipeline
    from muslint.rules import load_rules, rules

    chosen = rules() if behaviour else load_rules()

    def work(paths: list[str]) -> Counts:
        pipeline.rules = lambda: chosen  # type: ignore[attr-defined]
        os.environ["MUSLINT_CACHE_DIR"] = "".join(paths[1:])
        return {"objects": len(pipeline.check(f"dir:{paths[0]}", on="alpine:3.23", keep=True).objects)}

    return work


WORKS: dict[str, Callable[[], Callable[[list[str]], Counts]]] = {
    "asked-muslint": _asked,
    "bytes": _bytes,
    "check-all-rules": lambda: _check(True),
    "check-load-rules": lambda: _check(False),
    "loader-muslint": lambda: _loader(True),
    "references-muslint": lambda: _loader(False),
    "tables": _tables,
    **{f"facts-{reader}": lambda reader=reader: _facts(reader) for reader in facts.READERS},
    **{f"totals-{reader}": lambda reader=reader: _totals(reader) for reader in facts.READERS},
}


def main() -> None:
    """Do one work and print what it took."""
    gc.set_threshold(200_000, 20, 20)  # as muslint itself sets it; all sides gain
    work = WORKS[sys.argv[1]]()
    paths = Path(sys.argv[2]).read_text().splitlines()
    began = time.perf_counter()
    counts = work(paths)
    seconds = time.perf_counter() - began
    if "nanoseconds" in counts:
        seconds = counts.pop("nanoseconds") / 1e9  # without reading the plan
    print(json.dumps({"seconds": seconds, "counts": counts}))


if __name__ == "__main__":
    main()
