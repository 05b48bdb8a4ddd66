"""The same work for many items, by several processes: the results and their order are those of one.

Each process is a fork of this one, so it has what was read so far without a copy, and sends back only results.
"""

from __future__ import annotations

import contextlib
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

FEWEST = 4
"""Items for each process, below which another one costs more than it saves."""


class WorkerFailed(RuntimeError):
    """A process ended before its work did, or with an error that cannot be carried over; the text says which."""


def processes(jobs: int) -> int:
    """How many processes ``jobs`` means: 0 is one for each CPU that this one may use."""
    if jobs > 0:
        return jobs
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable is not None else os.cpu_count() or 1


def in_order(
    work: Callable[[_Item], _Result], items: Sequence[_Item], jobs: int, done: Callable[[int, int], object]
) -> Iterator[_Result]:
    """``work`` of each item, in their order; ``done`` is told before each how many are, and of how many.

    With ``jobs`` above 1, or 0 for one for each CPU, and items enough, as many processes share the items; a system
    that cannot fork has one. An exception of ``work`` is raised here. Raises WorkerFailed where a process ends before
    its work does.
    """
    jobs = min(processes(jobs), len(items) // FEWEST)
    if jobs < 2 or not hasattr(os, "fork"):
        for number, item in enumerate(items):
            done(number, len(items))
            yield work(item)
        return
    workers: dict[Connection, int] = {}
    try:
        for first in range(jobs):
            reader, process = _forked(work, items, range(first, len(items), jobs), [*workers])
            workers[reader] = process
        yield from _collected(list(workers), len(items), done)
    finally:
        for reader, process in workers.items():
            reader.close()
            _ended(process)


def _forked(
    work: Callable[[_Item], _Result], items: Sequence[_Item], numbers: range, others: list[Connection]
) -> tuple[Connection, int]:
    """Start a process for some of the items; gives what to read its results from, and its id."""
    from multiprocessing import Pipe

    reader, writer = Pipe(duplex=False)
    process = os.fork()
    if process:
        writer.close()
        return reader, process
    # The child. It must not run anything of the parent's on its way out: files, buffers and temporary directories.
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends its children
        for other in (reader, *others):
            other.close()
        for number in numbers:
            writer.send_bytes(_answer(work, items[number], number))
        writer.close()
    finally:
        os._exit(0)


def _answer(work: Callable[[_Item], _Result], item: _Item, number: int) -> bytes:
    import pickle

    try:
        return pickle.dumps((number, work(item), None))
    except Exception as error:
        try:
            told = pickle.dumps((number, None, error))
            pickle.loads(told)
        except Exception:
            told = pickle.dumps((number, None, WorkerFailed("".join(traceback.format_exception(error)).rstrip())))
        return told


def _collected(readers: list[Connection], count: int, done: Callable[[int, int], object]) -> Iterator[Any]:
    """The results in order, as soon as each is the next."""
    import pickle
    from multiprocessing.connection import wait

    early: dict[int, tuple[Any, Exception | None]] = {}
    following = arrived = 0
    while following < count:
        for reader in wait(readers):
            try:
                number, result, error = pickle.loads(reader.recv_bytes())  # type: ignore[union-attr]
            except EOFError:
                readers.remove(reader)  # type: ignore[arg-type]
                continue
            early[number] = (result, error)
            done(arrived := arrived + 1, count)
        while following in early:
            result, error = early.pop(following)
            if error is not None:
                raise error
            yield result
            following += 1
        if not readers and following < count:
            raise WorkerFailed("a process of --jobs ended before its work did; --jobs 1 needs the least memory")


def _ended(process: int) -> None:
    """End a process that may still be at work, and wait for it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
