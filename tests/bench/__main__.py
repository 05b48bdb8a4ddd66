"""``python -m tests.bench`` (``make bench``): measure, print a table, write ``tests/bench/results.json``."""

import argparse
import json
import platform
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from tabulate import tabulate

from tests.support import roots
from tests.support.cache import Unavailable

from .goals import CountsDiffer, Row, behaviour, memory, readers, start_up, whole_root
from .hostile import hostile
from .image import image
from .measure import RunFailed

RESULTS = Path(__file__).with_name("results.json")
ROOT, WHEELS = "debian-bookworm-amd64-multiarch", "alpine-wheels"


def measured(rounds: int) -> list[Row]:
    """Every comparison, one after the other; progress goes to stderr."""
    root, wheels = roots.corpus(ROOT), roots.corpus(WHEELS)
    rows = []
    with tempfile.TemporaryDirectory(prefix="muslint-bench-") as folder:
        for group in (
            start_up(root, rounds),
            whole_root(root, rounds),
            memory(wheels),
            behaviour(root, Path(folder), rounds),
            readers(root, wheels, Path(folder), rounds),
            image(Path(folder), rounds),
            hostile(Path(folder)),
        ):
            for row in group:
                print(f"{row.title}: {row.value:.2f} {row.unit}", file=sys.stderr, flush=True)
                rows.append(row)
    return rows


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
    parser.add_argument("--strict", action="store_true", help="exit 1 when a goal is missed")
    options = parser.parse_args()
    try:
        rows = measured(options.rounds)
    except (CountsDiffer, RunFailed, Unavailable) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    print(table(rows))
    if not options.no_results:
        RESULTS.write_text(json.dumps(_results(rows, options.rounds), indent=1) + "\n")
    return 1 if options.strict and not all(row.met for row in rows) else 0


def _results(rows: list[Row], rounds: int) -> dict[str, object]:
    return {
        "command": f"python -m tests.bench --rounds {rounds}",
        "corpora": [ROOT, WHEELS],
        "python": platform.python_version(),
        "machine": platform.machine(),
        "libraries": {name: metadata.version(name) for name in ("lief", "pyelftools", "typer")},
        "note": "Ratios of medians; both sides ran in turn. ours and theirs are seconds, or MB for memory.",
        "rows": [row.as_json() for row in rows],
    }


if __name__ == "__main__":
    sys.exit(main())
