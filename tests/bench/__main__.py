"""``make bench``: cost as ratios, measured side by side in one run on the same files, counts checked.

Prints a table and keeps it in ``results.json`` beside this file. Each measurement is a process of its own, taken
three times in turn with what it is compared to; the fastest of each counts.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.bench import work
from tests.support import roots

ROUNDS = 3
HERE = Path(__file__).parent
LIMIT = 900  # seconds for one process


def _process(*words: str) -> tuple[float, int, str]:
    """Seconds, peak memory in MB and output of one process."""
    started = time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT, check=False)
    seconds = time.perf_counter() - started
    return seconds, 0, done.stdout


def _work(name: str, listing: Path) -> tuple[float, int, str]:
    """One reading of the files of ``listing``: seconds inside the process, its peak memory in MB, its counts."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.work", name, str(listing)],
        capture_output=True, text=True, timeout=LIMIT, check=True,
    )  # fmt: skip
    seconds, peak, counts = json.loads(done.stdout)
    return seconds, peak, json.dumps(counts)


def _best(pairs: list[tuple[float, int, str]]) -> tuple[float, int, str]:
    return min(pairs)


def _compare(ours: str, other: str, listing: Path, counted: bool) -> tuple[float, int, int]:
    mine, theirs = [], []
    for _ in range(ROUNDS):
        mine.append(_work(ours, listing))
        theirs.append(_work(other, listing))
    a, b = _best(mine), _best(theirs)
    if counted and a[2] != b[2]:
        raise SystemExit(f"bench: {ours} counts {a[2]}, {other} counts {b[2]}: not the same work")
    return b[0] / a[0], a[1], b[1]


def main() -> None:
    """Measure everything and print one row a goal."""
    muslint = shutil.which("muslint") or str(Path(sys.executable).with_name("muslint"))
    root = roots.corpus("debian-bookworm-amd64-multiarch")
    files = work.elf_files(root)
    rows: list[tuple[str, str, str]] = []
    cache = Path(os.environ.get("MUSLINT_TEST_CACHE") or ".cache/tests")
    every, some = cache / "bench-files.txt", cache / "bench-sample.txt"
    every.write_text("\n".join(files))
    some.write_text("\n".join(files[::25]))
    ratio, peak, other = _compare("full", "lief", every, counted=True)
    rows.append(("full facts: times faster than LIEF, restricted", f"{ratio:.1f}", "4"))
    rows.append(("full facts: peak memory as a part of LIEF's", f"{peak / other:.2f}", "0.33"))
    ratio, _, _ = _compare("full", "pyelftools", some, counted=True)
    rows.append((f"full facts: times faster than pyelftools ({len(files[::25])} files)", f"{ratio:.0f}", "60"))
    ratio, _, _ = _compare("linkage", "bytes", every, counted=False)
    rows.append(("what ldd needs: times the cost of reading the bytes alone", f"{1 / ratio:.1f}", "5"))
    rows += _programs(muslint, root, files)
    print(f"{len(files)} ELF files; fastest of {ROUNDS}\n")
    for title, value, goal in rows:
        print(f"  {value:>7}  goal {goal:>5}  {title}")
    command = "python -m tests.bench"
    (HERE / "results.json").write_text(
        json.dumps({"command": command, "files": len(files), "rows": rows}, indent=2) + "\n"
    )


def _programs(muslint: str, root: Path, files: list[str]) -> list[tuple[str, str, str]]:
    rows = []
    empty = min(_process(sys.executable, "-c", "pass")[0] for _ in range(9))
    version = min(_process(muslint, "--version")[0] for _ in range(9))
    one = min(_process(muslint, "check", str(root / "usr/bin/true"), "--on", "alpine:3.23")[0] for _ in range(5))
    rows.append(("muslint --version: times `python -c pass`", f"{version / empty:.1f}", "10"))
    rows.append(("muslint check of one small file: times `python -c pass`", f"{one / empty:.1f}", "20"))
    if shutil.which("eu-readelf"):
        theirs = min(_process("eu-readelf", "-d", "-s", "-r", *files)[0] for _ in range(ROUNDS))
        listing = Path(os.environ.get("MUSLINT_TEST_CACHE") or ".cache/tests") / "bench-files.txt"
        mine = min(_work("linkage", listing)[0] for _ in range(ROUNDS))
        rows.append(("what ldd needs: times faster than eu-readelf -d -s -r", f"{theirs / mine:.1f}", "1"))
    else:
        rows.append(("what ldd needs against eu-readelf: not measured, eu-readelf (elfutils) is not here", "-", "1"))
    rows.append(_against_the_loader(muslint, root))
    wheels = roots.corpus("alpine-wheels") / "wheels"
    peak = work.peak_of([muslint, "check", "-q", str(wheels)])
    rows.append(("muslint check of the unpacked wheels: peak memory, MB", f"{peak}", "200"))
    return rows


def _against_the_loader(muslint: str, root: Path) -> tuple[str, str, str]:
    from tests.support import real_loader

    wanted = real_loader.subjects(root)
    started = time.perf_counter()
    real = real_loader.list_files(root, wanted)
    theirs = time.perf_counter() - started
    mine, _, out = min(
        _process(muslint, "ldd", "--root", str(root), "--all", "--format", "jsonl") for _ in range(ROUNDS)
    )
    if out.count("\n") != len(list(real)):
        raise SystemExit(f"bench: ours listed {out.count(chr(10))} files, the loader {len(list(real))}")
    return ("muslint ldd --all: times faster than the real loader once a file", f"{theirs / mine:.1f}", "1")


if __name__ == "__main__":
    main()
