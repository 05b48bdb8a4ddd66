"""``make bench``: cost as ratios, measured side by side in one run, counts checked; the fastest of several counts.

Measured here: start-up, a root against the real loader, peak memory. The comparison of readers is not here yet.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.support import real_loader, roots

LIMIT = 900  # seconds for one process
_PEAK = (
    "import resource,subprocess,sys;subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,timeout=600);"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss//1024)"
)


def _run(*words: str) -> tuple[float, str]:
    started = time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT, check=False)
    return time.perf_counter() - started, done.stdout


def main() -> None:
    """Measure and print one row a goal."""
    muslint = shutil.which("muslint") or str(Path(sys.executable).with_name("muslint"))
    root = roots.corpus("debian-bookworm-amd64-multiarch")
    empty = min(_run(sys.executable, "-c", "pass")[0] for _ in range(9))
    version = min(_run(muslint, "--version")[0] for _ in range(9))
    one = min(_run(muslint, "check", str(root / "usr/bin/true"), "--on", "alpine:3.23")[0] for _ in range(5))
    wanted = real_loader.subjects(root)
    started = time.perf_counter()
    real_loader.list_files(root, wanted)
    theirs = time.perf_counter() - started
    mine, out = min(_run(muslint, "ldd", "--root", str(root), "--all", "--format", "jsonl") for _ in range(3))
    if out.count("\n") != len(wanted):
        raise SystemExit("bench: ours listed another number of files than the loader was asked about")
    wheels = roots.corpus("alpine-wheels") / "wheels"
    peak = _run(sys.executable, "-c", _PEAK, muslint, "check", "-q", str(wheels))[1].strip()
    for title, value, goal in (
        ("muslint --version: times `python -c pass`", f"{version / empty:.1f}", "10"),
        ("muslint check of one small file: times `python -c pass`", f"{one / empty:.1f}", "20"),
        ("muslint ldd --all: times faster than the real loader once a file", f"{theirs / mine:.1f}", "1"),
        ("muslint check of the unpacked wheels: peak memory, MB", peak, "200"),
    ):
        print(f"  {value:>7}  goal {goal:>5}  {title}")


if __name__ == "__main__":
    main()
