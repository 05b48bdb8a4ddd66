"""What hostile archives cost: time against an interpreter that does nothing, and memory."""

from collections.abc import Iterator
from pathlib import Path

from tests.hostile.bombs import BOMBS

from .goals import MUSLINT, Row
from .measure import Side, in_turn, median, python, run

MAX_SECONDS, MAX_MB = 10, 300


def hostile(folder: Path) -> Iterator[Row]:
    """Every archive of ``tests/hostile``, once; the slowest and the largest of them are the rows."""
    nothing = median([one.seconds for one in in_turn([Side("python -c pass", python("-c", "pass"))], 5)[0]])
    slowest, largest = ("", 0.0), ("", 0.0)
    for name, (make, _reason) in BOMBS.items():
        path = folder / "bomb"
        make(path)
        cost = run((MUSLINT, "check", "-q", "--strict", str(path)), statuses=(3,))
        path.unlink()
        slowest = max(slowest, (name, cost.seconds), key=lambda item: item[1])
        largest = max(largest, (name, cost.peak / 1024), key=lambda item: item[1])
    counts = {"archives": len(BOMBS), "slowest": slowest[0], "largest": largest[0]}
    yield Row("hostile archives, the slowest", slowest[1], MAX_SECONDS, "s", False, slowest[1], nothing, counts)
    title = "the same, against python -c pass"
    yield Row(title, slowest[1] / nothing, MAX_SECONDS / 0.02, "times", False, slowest[1], nothing, counts)
    yield Row("hostile archives, the largest, peak memory", largest[1], MAX_MB, "MB", False, largest[1], MAX_MB, counts)
