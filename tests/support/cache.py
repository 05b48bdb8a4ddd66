"""The tests' cache: one directory, things built whole or not at all, safe for parallel test workers.

The directory is ``MUSLINT_TEST_CACHE`` or ``.cache/tests`` below the repository. Everything in it can be
deleted at any time and is made again when asked for.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

LOCK_WAIT = 1200.0
"""Seconds to wait for another worker that is building the same thing."""


class Unavailable(Exception):
    """A real part cannot be had here (no network, no tool, no such package); the test is then skipped.

    ``reason`` is one line: what was wanted and what stood in the way.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def cache_dir() -> Path:
    """The cache directory, made if absent."""
    path = Path(os.environ.get("MUSLINT_TEST_CACHE") or REPOSITORY / ".cache" / "tests").resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def recipe_key(*parts: object) -> str:
    """A short hex digest of a recipe: any JSON-able values; equal recipes give equal keys."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the cache-wide lock ``name``; raises `Unavailable` after `LOCK_WAIT` seconds."""
    folder = cache_dir() / "locks"
    folder.mkdir(exist_ok=True)
    deadline = time.monotonic() + LOCK_WAIT
    with open(folder / name.replace("/", "_"), "w") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable(f"{name}: another worker held its lock for {LOCK_WAIT:.0f} s") from None
                time.sleep(0.2)
        yield


def remove_tree(path: Path) -> None:
    """Delete a tree even where its directories are read-only for their owner; absent is fine."""
    if not path.exists():
        return
    for folder, names, _files in os.walk(path):
        for name in names:
            below = os.path.join(folder, name)
            if not os.path.islink(below):
                os.chmod(below, 0o700)
    shutil.rmtree(path)


def built(kind: str, name: str, key: str, build: Callable[[Path], None]) -> Path:
    """The directory ``kind/name-key`` in the cache, filled by ``build(directory)`` the first time.

    A build that raises leaves nothing behind. Older keys of the same name are removed.
    """
    target = cache_dir() / kind / f"{name}-{key}"
    if target.is_dir():
        return target
    with locked(f"{kind}-{name}"):
        if target.is_dir():
            return target
        part = target.with_name(f"{name}.part")
        remove_tree(part)
        part.mkdir(parents=True)
        try:
            build(part)
        except BaseException:
            remove_tree(part)
            raise
        for old in target.parent.glob(f"{name}-" + "[0-9a-f]" * 16):
            remove_tree(old)
        part.rename(target)
    return target


def run(
    command: Sequence[str], *, timeout: float, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> str:
    """Run a tool and return its stdout; raises `Unavailable` if it is missing, fails or takes over ``timeout`` s."""
    try:
        done = subprocess.run(
            command, cwd=cwd, env=env, timeout=timeout, capture_output=True, text=True, errors="replace", check=False
        )
    except FileNotFoundError:
        raise Unavailable(f"{command[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} took over {timeout:.0f} s") from None
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith(("E:", "ERROR", "npm err", "npm ERR"))]
        last = (lines or done.stderr.splitlines() or ["no message"])[0]
        raise Unavailable(f"{' '.join(command[:2])}: exit {done.returncode}: {last}")
    return done.stdout
