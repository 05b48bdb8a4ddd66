"""Damaged files never bring the reader down.

``MUSLINT_FUZZ_CASES`` sets how many cases are read, ``MUSLINT_FUZZ_SEED`` which: a failure is repeated by its seed.
"""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.differential import recipes
from tests.fuzz.batch import CASE_TIME
from tests.support.cache import REPOSITORY

SEEDS = (
    "library-x86_64.so", "library-i386.so", "library-aarch64.so", "library-aarch64_be.so", "library-mips.so",
    "library-mips64el.so", "library-s390x.so", "library-x32.so", "hash-sysv.so", "versioned.so", "versioned-be.so",
    "relr-32.so", "empty-gnu-hash.so", "static-pie", "pie", "relocatable.o",
)  # fmt: skip
CASES = int(os.environ.get("MUSLINT_FUZZ_CASES") or 4000)
SEED = int(os.environ.get("MUSLINT_FUZZ_SEED") or 1)


def _batch(reader: str, count: int, seeds: tuple[str, ...]) -> dict[str, Any]:
    files = [str(recipes.made(name)) for name in seeds]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.batch", str(SEED), str(count), reader, *files],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": f"{REPOSITORY}/src"},
        capture_output=True,
        text=True,
        timeout=60 + count * CASE_TIME / 10,
        check=False,
    )
    assert done.returncode == 0, f"exit {done.returncode} (negative: the signal)\n{done.stderr[-2000:]}"
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_our_reader_reads_or_refuses() -> None:
    """Every damaged file is an object or a reason; each decoded whole, within time and memory."""
    result = _batch("muslint", CASES, SEEDS)
    assert result["broken"] == []
    assert result["read"] + result["refused"] == CASES
    # Damage that never or always kills the file would test only half of the reader.
    assert result["read"] > CASES // 10
    assert result["refused"] > CASES // 10


@pytest.mark.parametrize("reader", ["pyelftools", "lief"])
def test_library_readers_read_or_refuse(reader: str) -> None:
    """So do the readers over both libraries, on fewer cases; neither lets its library's exceptions out."""
    count = CASES // 20
    result = _batch(reader, count, SEEDS[:8])
    slow = [line for line in result["broken"] if "TooSlow" in line]
    assert result["broken"] == slow
    assert result["read"] + result["refused"] + len(slow) == count
    assert len(slow) <= count // 50
