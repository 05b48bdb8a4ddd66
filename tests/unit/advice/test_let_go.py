"""What was read to try remedies is let go at once: hundreds of files may follow, and cycles are seldom looked for."""

import gc
from collections import Counter
from pathlib import Path

from muslint.loader.glibc_map import LinkMap, Namespace
from muslint.loader.held import Held
from muslint.loader.target import Link
from muslint.pipeline import check
from tests.support import compile as compiler
from tests.unit.rules.cases import FIXTURES


def test_no_cycle_keeps_a_process_that_was_tried(tmp_path: Path) -> None:
    """A program that lacks names and a library has remedies tried on several images, by both dialects."""
    source = FIXTURES / "symbol-missing" / "backtrace.c"
    compiler.zig_cc("x86_64-linux-gnu.2.28", [source], tmp_path / "fails")
    compiler.zig_cc("x86_64-linux-gnu.2.28", [source], tmp_path / "part.so", "-shared", "-fPIC", "-lm", "-ldl")
    gc.collect()
    gc.disable()
    try:
        report = check(str(tmp_path), "alpine:3.23")
        found = Counter(type(known) for known in gc.get_objects() if isinstance(known, (Link, LinkMap, Namespace)))
    finally:
        gc.enable()
    assert all(judged.remedies for judged in report.objects)
    assert not found


class Sized:
    """Facts of some size."""

    def __init__(self, size: int) -> None:
        self.size = size


def test_what_is_held_is_bounded_by_its_size_now() -> None:
    """Facts grow while they are used; what counts is what they take when they are put back."""
    held: Held[Sized] = Held()
    first = Sized(1)
    held.keep("first", first, 10)
    held.keep("second", Sized(2), 10)
    first.size = 9
    assert held.taken("first") is first
    held.keep("first", first, 10)
    assert "second" not in held
    assert held.get("first") is first
    held.keep("third", Sized(100), 10)
    assert held.get("third") is not None
    held.bound(10)
    assert "third" not in held
    held.keep("fourth", Sized(10), 10)
    assert "fourth" in held
