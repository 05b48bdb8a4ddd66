"""What is compared, and the goal of each comparison."""

import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.support import compiled as compiled_reader
from tests.support import real_loader

from .corpus import files, write_list
from .measure import SOURCE, Run, Side, in_turn, median, python, run
from .work import write_plan

MUSLINT = shutil.which("muslint", path=str(Path(sys.executable).parent)) or "muslint"
SAMPLE = 40
"""pyelftools reads every 40th file: it takes a second for each 20,000 symbols."""


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: ``value`` against ``goal``, in ``unit``; ``least`` says that more is better.

    Without a goal it is only told.
    """

    title: str
    value: float
    goal: float | None
    unit: str
    least: bool
    ours: float
    theirs: float
    counts: Mapping[str, Any]

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        if self.goal is None:
            return True
        return self.value >= self.goal if self.least else self.value <= self.goal

    def as_json(self) -> dict[str, Any]:
        """For ``results.json``."""
        rounded = {key: round(item, 4) if isinstance(item, float) else item for key, item in asdict(self).items()}
        return rounded | {"met": self.met}


class CountsDiffer(Exception):
    """The two sides did not find the same things, so their times cannot be compared."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The reader in one of its forms: what rows call it, and the directory that muslint is imported from."""

    name: str
    package: str

    def row(self, title: str) -> str:
        """The title of a row of this form."""
        return f"{title}{f', {self.name}' if self.name else ''}"


PURE = Variant("", SOURCE)
"""The reader as any Python runs it."""


def compiled(folder: Path) -> Variant:
    """The reader compiled, in a package below ``folder``; raises `Unavailable` where it cannot be built."""
    return Variant("compiled reader", str(compiled_reader.package(folder / "compiled")))


def work(name: str, argument: str, variant: Variant = PURE) -> Side:
    """A side that is one of `work.WORKS`."""
    return Side(name, python("-m", "tests.bench.work", name, argument), answers=True, package=variant.package)


def equal_counts(reader: str, argument: str, variants: Sequence[Variant]) -> None:
    """Raise CountsDiffer unless ``reader`` and each form of ours agree on the totals of every fact of all files."""
    theirs = work(f"totals-{reader}", argument).run().answer["counts"]
    for variant in variants:
        ours = work("totals-muslint", argument, variant).run().answer["counts"]
        wrong = {key: (ours[key], value) for key, value in theirs.items() if ours[key] != value}
        if wrong:
            raise CountsDiffer(f"{variant.row('muslint')} and {reader}: {wrong}")


def equal_answers(title: str, sides: Sequence[Sequence[Run]]) -> None:
    """Raise CountsDiffer unless all forms of our reader counted the same."""
    first, *others = (side[0].answer["counts"] for side in sides)
    if any(counts != first for counts in others):
        raise CountsDiffer(f"{title}: {first}, compiled {others}")


def equal_bytes(floor: Run, plan: Run) -> None:
    """Raise CountsDiffer unless the floor read as many bytes as muslint, within one in a hundred."""
    theirs, ours = (one.answer["counts"]["bytes"] for one in (floor, plan))
    if abs(theirs - ours) * 100 > ours:
        raise CountsDiffer(f"the bytes of the tables: {theirs}, muslint reads {ours}")


def facts(
    title: str, reader: str, argument: str, goal: float, rounds: int, variants: Sequence[Variant]
) -> tuple[list[Row], list[list[Run]]]:
    """Full facts by each form of muslint's reader and by ``reader``, which is the last of the runs; without imports."""
    equal_counts(reader, argument, variants)
    sides = [work("facts-muslint", argument, variant) for variant in variants]
    runs = in_turn([*sides, work(f"facts-{reader}", argument)], rounds)
    equal_answers(title, runs[:-1])
    *all_ours, theirs = (median([one.inner for one in side]) for side in runs)
    counts = runs[0][0].answer["counts"]
    return [
        Row(variant.row(title), theirs / ours, goal, "times faster", True, ours, theirs, counts)
        for variant, ours in zip(variants, all_ours, strict=True)
    ], runs


def readers(root: Path, wheels: Path, folder: Path, rounds: int, variants: Sequence[Variant]) -> Iterator[Row]:
    """The reader, in each of its forms, against LIEF, pyelftools, eu-readelf and the bare bytes."""
    debian = files(root)
    lists = {
        "wheels": write_list(folder, "wheels", files(wheels, "/wheels/")),
        "Debian root": write_list(folder, "debian", debian),
    }
    for name, argument in lists.items():
        rows, runs = facts(f"every fact of the files, LIEF: {name}", "lief", argument, 4, rounds, variants)
        yield from rows
        *all_ours, theirs = (max(one.peak for one in side) / 1024 for side in runs)
        for variant, ours in zip(variants, all_ours, strict=True):
            title = variant.row(f"the same, peak memory against LIEF's: {name}")
            yield Row(title, ours / theirs, 1 / 3, "of it", False, ours, theirs, rows[0].counts)
    sample = write_list(folder, "sample", debian[::SAMPLE])
    title = f"every fact of every {SAMPLE}th file, pyelftools: Debian root"
    yield from facts(title, "pyelftools", sample, 60, 1, variants)[0]
    yield from exports_and_references(debian, folder, rounds, variants)


BOUND = {
    "asked-muslint": ("what a file asks for, names and types of relocations", 5),
    "references-muslint": ("the same decided: what a program asks for that nothing settles", None),
    "loader-muslint": ("and of a library, with all exports", None),
}
"""What binding needs, by the work that reads it: the title of its row, and its goal."""


def exports_and_references(
    debian: list[str], folder: Path, rounds: int, variants: Sequence[Variant] = (PURE,)
) -> Iterator[Row]:
    """What binding needs of every file, against the bytes alone and against eu-readelf."""
    argument = write_list(folder, "debian", debian)
    plan = folder / "plan"
    write_plan(debian, plan)
    floors = {
        "against finding and reading just the bytes": work("tables", argument),
        "against bytes read by a list of their places": work("bytes", str(plan)),
    }
    measured = [(name, variant) for name in BOUND for variant in variants]
    *all_ours, found, listed = in_turn([*(work(n, argument, v) for n, v in measured), *floors.values()], rounds)
    equal_bytes(found[0], listed[0])
    for name, (title, _goal) in BOUND.items():
        equal_answers(title, [side for (work_of, _), side in zip(measured, all_ours) if work_of == name])
    for floor, runs in zip(floors, (found, listed), strict=True):
        theirs = median([one.inner for one in runs])
        for (name, variant), side in zip(measured, all_ours, strict=True):
            title, goal = BOUND[name]
            ours = median([one.inner for one in side])
            counts = side[0].answer["counts"] | runs[0].answer["counts"]
            yield Row(variant.row(f"{title}: {floor}"), ours / theirs, goal if runs is found else None,
                      "times its time", False, ours, theirs, counts)  # fmt: skip
    if shutil.which("eu-readelf"):
        readelf = Side("eu-readelf", ("eu-readelf", "-d", "-s", "-r", *debian), (0, 1))
        *own, theirs_whole = in_turn([*(work("loader-muslint", argument, v) for v in variants), readelf], rounds)
        theirs = median([one.seconds for one in theirs_whole])
        for variant, side in zip(variants, own, strict=True):
            ours = median([one.seconds for one in side])
            title = variant.row("exports and references: against eu-readelf -d -s -r, whole processes")
            yield Row(title, ours / theirs, 1, "times its time", False, ours, theirs, {"files": len(debian)})


def whole_root(root: Path, rounds: int) -> Iterator[Row]:
    """``muslint ldd --all`` against the real loader once a file, and its peak memory."""
    wanted = real_loader.subjects(root)
    all_of_it = Side("muslint ldd --all", (MUSLINT, "ldd", "--root", str(root), "--all", "--format", "jsonl"), (0, 127))
    mine, theirs = [], []
    run(all_of_it.command, statuses=all_of_it.statuses)
    for _ in range(rounds):
        mine.append(run(all_of_it.command, statuses=all_of_it.statuses).seconds)
        began = time.monotonic()
        answers = real_loader.list_files(root, wanted)
        theirs.append(time.monotonic() - began)
        if len(answers) != len(wanted):
            raise CountsDiffer(f"the real loader answered for {len(answers)} of {len(wanted)} files")
    title = "muslint ldd --all, the real loader once a file: Debian root"
    yield Row(title, median(theirs) / median(mine), 1, "times faster", True, median(mine), median(theirs),
              {"files": len(wanted)})  # fmt: skip


def behaviour(root: Path, folder: Path, rounds: int) -> Iterator[Row]:
    """What the behaviour rules add to the load rules, without imports: when nothing is known of the files, and again
    when each kind of run was made once before."""
    anew = write_list(folder, "tree", [str(root)])
    kept = [write_list(folder, name, [str(root), str(folder / f"{name}-kept")]) for name in ("all", "load")]
    everything, load = "check-all-rules", "check-load-rules"
    first = in_turn([work(everything, anew), work(load, anew)], min(rounds, 1))
    in_turn([work(everything, kept[0]), work(load, kept[1])], 1)
    again = in_turn([work(everything, kept[0]), work(load, kept[1])], min(rounds, 2))
    for runs, when in ((first, ""), (again, ", checked before")):
        ours, theirs = (median([one.answer["seconds"] for one in side]) for side in runs)
        yield Row(f"muslint check with the behaviour rules, against the load rules alone: Debian root{when}",
                  ours / theirs, 2, "times", False, ours, theirs, runs[0][0].answer["counts"])  # fmt: skip


def start_up(root: Path, rounds: int) -> Iterator[Row]:
    """One command, against an interpreter that does nothing."""
    program = str(root / "usr" / "bin" / "true")
    sides = [
        Side("python -c pass", python("-c", "pass")),
        Side("muslint --version", (MUSLINT, "--version")),
        Side("muslint ldd, one small file", (MUSLINT, "ldd", "--root", str(root), "/usr/bin/true"), (127,)),
        Side("muslint check, one small file", (MUSLINT, "check", program, "--on", "alpine:3.23"), (1,)),
        Side("muslint explain, one message", (MUSLINT, "explain", "Error relocating x: fcntl64: symbol not found")),
    ]
    times = [median([one.seconds for one in side]) for side in in_turn(sides, 5 * rounds)]
    for side, seconds, goal in zip(sides[1:], times[1:], (10, 20, 20, 20), strict=True):
        yield Row(side.name, seconds / times[0], goal, "times python -c pass", False, seconds, times[0], {})


def memory(wheels: Path) -> Iterator[Row]:
    """Peak memory of whole runs over the unpacked wheels."""
    for side in (
        Side("muslint ldd --all", (MUSLINT, "ldd", "--root", str(wheels), "--all", "--format", "jsonl"), (127,)),
        Side("muslint check", (MUSLINT, "check", "-q", str(wheels / "wheels")), (1,)),
    ):
        peak = run(side.command, statuses=side.statuses).peak / 1024
        yield Row(f"{side.name} of the unpacked wheels, peak memory", peak, 200, "MB", False, peak, 200, {})
