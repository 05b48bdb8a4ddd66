"""Several processes: what one would give, in its order; errors come through; nobody is left behind."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from muslint.errors import UnreadableSource
from muslint.run import pool
from muslint.run.pool import WorkerFailed, in_order, processes

ITEMS = list(range(23))
WAIT = 10.0  # seconds

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="not checked here: this system cannot fork")


def slow_square(number: int) -> tuple[int, int]:
    """The first items take longest, so that results come out of order; and who did it."""
    time.sleep(0.02 if number < 5 else 0)
    return number * number, os.getpid()


@pytest.fixture
def no_child_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Afterwards each process that was started has ended and was waited for."""
    fork, started = os.fork, list[int]()

    def remembered() -> int:
        started.append(fork())
        return started[-1]

    monkeypatch.setattr(os, "fork", remembered)
    yield
    for process in started:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


@pytest.mark.parametrize("jobs", [1, 2, 3, 100])
@pytest.mark.usefixtures("no_child_left")
def test_order(jobs: int) -> None:
    """Every result once, in the order of the items, whoever made it."""
    told: list[tuple[int, int]] = []
    found = list(in_order(slow_square, ITEMS, jobs, lambda number, count: told.append((number, count))))
    assert [square for square, _ in found] == [number * number for number in ITEMS]
    makers = {maker for _, maker in found}
    assert len(makers) == min(jobs, len(ITEMS) // pool.FEWEST)
    assert (os.getpid() in makers) == (jobs == 1)
    assert told == sorted(told)


def test_few_items_need_no_process() -> None:
    """Below `FEWEST` items for each of two it is done here; so it is where a system cannot fork."""
    assert {maker for _, maker in in_order(slow_square, ITEMS[:7], 8, lambda *_: None)} == {os.getpid()}
    assert list(in_order(slow_square, [], 8, lambda *_: None)) == []


def test_without_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that cannot fork has one process."""
    monkeypatch.delattr(os, "fork")
    assert {maker for _, maker in in_order(slow_square, ITEMS, 8, lambda *_: None)} == {os.getpid()}


@needs_fork
@pytest.mark.usefixtures("no_child_left")
def test_error_of_the_work() -> None:
    """It is raised here as it was raised there, after the results before it."""

    def work(number: int) -> int:
        if number == 9:
            raise UnreadableSource("nine: gone")
        return number

    results = in_order(work, ITEMS, 3, lambda *_: None)
    assert [next(results) for _ in range(9)] == list(range(9))
    with pytest.raises(UnreadableSource, match=r"^nine: gone$"):
        next(results)


@needs_fork
@pytest.mark.usefixtures("no_child_left")
def test_error_that_cannot_be_carried_over() -> None:
    """Its trace is."""

    class Local(Exception):
        """No other process can find it."""

    def work(number: int) -> int:
        raise Local(f"number {number}")

    with pytest.raises(WorkerFailed, match="number 0"):
        list(in_order(work, ITEMS, 2, lambda *_: None))


@needs_fork
@pytest.mark.usefixtures("no_child_left")
def test_process_that_is_killed() -> None:
    """It is told, and nothing waits for it."""

    def work(number: int) -> int:
        if number == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    begun = time.monotonic()
    with pytest.raises(WorkerFailed, match="ended before its work did"):
        list(in_order(work, ITEMS, 2, lambda *_: None))
    assert time.monotonic() - begun < WAIT


@needs_fork
def test_given_up() -> None:
    """Who stops asking leaves no process behind, however long it would work."""

    def work(number: int) -> int:
        time.sleep(0 if number == 0 else 3600)
        return os.getpid()

    results = in_order(work, ITEMS, 2, lambda *_: None)
    child = next(results)
    assert Path(f"/proc/{child}").exists() or not Path("/proc").exists()
    results.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_processes() -> None:
    """0 is one for each CPU that may be used."""
    assert processes(3) == 3
    assert 1 <= processes(0) <= (os.cpu_count() or 1)
