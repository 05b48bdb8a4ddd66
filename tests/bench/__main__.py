"""``python -m tests.bench`` (``make bench``): measure, print a table, write ``tests/bench/results.json``."""

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from tabulate import tabulate

from tests.support import roots
from tests.support.cache import Unavailable

from .corpus import files
from .goals import (
    PURE,
    CountsDiffer,
    Row,
    behaviour,
    compiled,
    exports_and_references,
    memory,
    readers,
    start_up,
    whole_root,
)
from .hostile import hostile
from .image import image
from .measure import RunFailed

RESULTS = Path(__file__).with_name("results.json")
ROOT, WHEELS = "debian-bookworm-amd64-multiarch", "alpine-wheels"


def measured(rounds: int, only_bytes: bool) -> Iterator[Row]:
    """Every comparison, one after the other, or only those with the bytes alone and eu-readelf."""
    with tempfile.TemporaryDirectory(prefix="muslint-bench-") as place:
        folder, variants = Path(place), [PURE]
        try:
            variants.append(compiled(folder))
        except Unavailable as error:
            print(f"bench: not measured: {error.reason}", file=sys.stderr)
        root = roots.corpus(ROOT)
        if only_bytes:
            yield from exports_and_references(files(root), folder, rounds, variants)
            return
        wheels = roots.corpus(WHEELS)
        yield from start_up(root, rounds)
        yield from whole_root(root, rounds)
        yield from memory(wheels)
        yield from behaviour(root, folder, rounds)
        yield from readers(root, wheels, folder, rounds, variants)
        yield from image(folder, rounds)
        yield from hostile(folder)


def table(rows: list[Row]) -> str:
    """The rows for people."""
    cells = [
        (row.title, f"{row.value:.2f} {row.unit}",
         "" if row.goal is None else f"{'at least' if row.least else 'at most'} {row.goal:.3g}",
         "" if row.goal is None else "yes" if row.met else "NO")
        for row in rows
    ]  # fmt: skip
    return tabulate(cells, headers=("measured", "ratio", "goal", "met"), disable_numparse=True)


def main() -> int:
    """Measure; returns 0, 2 when it cannot be done, and with ``--strict`` 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="times each side runs (5)")
    parser.add_argument("--no-results", action="store_true", help="do not write results.json")
    parser.add_argument("--bytes", action="store_true", help="only what is held against the bytes alone, eu-readelf")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a goal is missed")
    options = parser.parse_args()
    rows = []
    try:
        for row in measured(options.rounds, options.bytes):
            print(f"{row.title}: {row.value:.2f} {row.unit}", file=sys.stderr, flush=True)
            rows.append(row)
    except (CountsDiffer, RunFailed, Unavailable) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    print(table(rows))
    if not options.no_results:
        results = _results(rows, options.rounds, options.bytes)
        if options.bytes:  # beside the last whole run
            results = json.loads(RESULTS.read_text()) | {"bytes": results}
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    return 1 if options.strict and not all(row.met for row in rows) else 0


def _results(rows: list[Row], rounds: int, only_bytes: bool) -> dict[str, object]:
    return {
        "command": f"python -m tests.bench --rounds {rounds}{' --bytes' if only_bytes else ''}",
        "corpora": [ROOT] if only_bytes else [ROOT, WHEELS],
        "python": platform.python_version(),
        "machine": platform.machine(),
        "libraries": {name: metadata.version(name) for name in ("lief", "pyelftools", "typer")},
        "note": "Ratios of medians; both sides ran in turn. ours and theirs are seconds, or MB for memory.",
        "rows": [row.as_json() for row in rows],
    }


if __name__ == "__main__":
    sys.exit(main())
