"""Hostile archives end with a reason, in little memory and bounded time, and nothing of them reaches the disk."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.bombs import BOMBS
from tests.support.cache import REPOSITORY

MAX_MB = 300
TIMEOUT = 120.0  # seconds; how long it takes is measured by `make bench`

MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True, errors="replace", timeout=100)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
print(done.stdout + done.stderr)
"""


@pytest.mark.parametrize("name", BOMBS)
def test_bomb(name: str, tmp_path: Path) -> None:
    """Exit code 3, the reason, and at most 300 MB."""
    make, reason = BOMBS[name]
    path, empty = tmp_path / "bomb", tmp_path / "cwd"
    make(path)
    empty.mkdir()
    command = [sys.executable, "-c", MEASURED, sys.executable, "-m", "muslint", "check", "--strict", str(path)]
    done = subprocess.run(
        command, cwd=empty, capture_output=True, text=True, timeout=TIMEOUT,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src"), "TMPDIR": str(empty)},
    )  # fmt: skip
    first, _, said = done.stdout.partition("\n")
    code, megabytes = (int(word) for word in first.split())
    assert code == 3, said
    assert re.search(reason, said), said
    assert "Traceback" not in said
    assert megabytes <= MAX_MB
    assert list(empty.iterdir()) == []


def test_limits_can_be_set(tmp_path: Path) -> None:
    """A limit that is hit by an ordinary archive, and lifted."""
    path = tmp_path / "deep"
    BOMBS["nested-gzip"][0](path)
    for limit, said in (
        ("depth=3", "more than 3 archives"),
        ("depth=0", "no dynamic section|ELF"),
        ("depth=x", "no number"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "muslint", "check", "--limit", limit, str(path)],
            capture_output=True, text=True, timeout=TIMEOUT, env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        )  # fmt: skip
        assert re.search(said, done.stdout + done.stderr), done.stdout + done.stderr
        assert done.returncode == (2 if limit == "depth=x" else 3)
