"""Runs the two sides of a comparison in turn and keeps what each run cost."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.cache import REPOSITORY

LAUNCH = Path(__file__).with_name("launch.py")
SOURCE = str(REPOSITORY / "src")
TIMEOUT = 1800.0
"""Seconds one run may take before it is killed and the benchmark stops."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one process cost.

    ``seconds`` is wall time from start to exit, ``peak`` the largest resident set in KiB (ru_maxrss), ``answer``
    the JSON object of its last line of stdout where there is one.
    """

    seconds: float
    peak: int
    answer: Mapping[str, Any]

    @property
    def inner(self) -> float:
        """Seconds the work itself took as the process measured it, its imports left out."""
        return float(self.answer["seconds"])


class RunFailed(Exception):
    """A side ended with a status that is not one of those expected."""


def run(command: Sequence[str], *, statuses: Sequence[int] = (0,), answers: bool = False, package: str = SOURCE) -> Run:
    """Run one process; raises `RunFailed` for a status other than ``statuses``. stdout is dropped unless it answers.

    ``package`` is the directory that muslint is imported from.
    """
    program = shutil.which(command[0])
    if program is None:
        raise RunFailed(f"{command[0]}: not installed")
    with tempfile.TemporaryDirectory(prefix="muslint-bench-") as folder:
        report, errors = Path(folder, "report"), Path(folder, "errors")
        with errors.open("wb") as err:
            try:
                done = subprocess.run(
                    [sys.executable, "-I", str(LAUNCH), str(report), program, *command[1:]],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE if answers else subprocess.DEVNULL,
                    stderr=err,
                    cwd=REPOSITORY,
                    env=_environment(package),
                    timeout=TIMEOUT,
                    check=True,
                )
            except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
                raise RunFailed(f"{' '.join(command[:4])} …: {type(error).__name__}") from None
        cost = json.loads(report.read_text())
        if cost["status"] not in statuses:
            tail = errors.read_bytes()[-800:].decode(errors="replace")
            raise RunFailed(f"{' '.join(command[:4])} …: exit {cost['status']}\n{tail}")
    return Run(cost["seconds"], cost["peak"], json.loads(done.stdout.splitlines()[-1]) if answers else {})


def _environment(package: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "MUSLINT_TEST_CACHE") if name in os.environ}
    return kept | {
        "PYTHONPATH": package,
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "",
        "MUSLINT_CACHE_DIR": "",  # what is measured is work
    }


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two things compared."""

    name: str
    command: tuple[str, ...]
    statuses: tuple[int, ...] = (0,)
    answers: bool = False
    package: str = SOURCE

    def run(self) -> Run:
        """Run it once, as `run` does."""
        return run(self.command, statuses=self.statuses, answers=self.answers, package=self.package)


def in_turn(sides: Sequence[Side], rounds: int) -> list[list[Run]]:
    """Each side ``rounds`` times, in turn, after one run of each that only warms the page cache."""
    for side in sides:
        side.run()
    found: list[list[Run]] = [[] for _ in sides]
    for _ in range(rounds):
        for runs, side in zip(found, sides, strict=True):
            runs.append(side.run())
    return found


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def python(*words: str) -> tuple[str, ...]:
    """A command of this interpreter."""
    return (sys.executable, *words)
