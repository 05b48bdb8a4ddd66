"""Ours against the real loader, for one root: ``python -m tests.support.compare ROOT|CORPUS [FILE…]``.

Prints the agreement and the first disagreements; exit 0 when every file agrees, 1 when one does not.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from . import real_glibc, real_loader, roots
from .cache import Unavailable

OURS_TIMEOUT = 1800.0
FIELDS = ("exit", "loaded", "missing", "errors")
"""``missing`` is glibc's alone."""

Libc = Literal["musl", "glibc"]

Row = Mapping[str, object]


class OursFailed(Exception):
    """``muslint ldd`` ended in a way of its own (not 0, 1 or 127) or printed something else than rows."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One file on which the two differ: ``fields`` that differ, and both rows (None: not reported at all)."""

    path: str
    fields: tuple[str, ...]
    ours: Row | None
    real: Row | None

    def __str__(self) -> str:
        lines = [f"{self.path}  ({', '.join(self.fields)})"]
        for field in self.fields:
            ours, real = (row.get(field) if row else None for row in (self.ours, self.real))
            if isinstance(ours, list) and isinstance(real, list):
                lines += _list_difference(field, ours, real)
            else:
                lines.append(f"  {field}: ours {ours!r}, real {real!r}")
        return "\n".join(lines)


def _list_difference(field: str, ours: list[object], real: list[object]) -> list[str]:
    """The first place where two lists part, and how many entries only one side has."""
    at = next((n for n, (a, b) in enumerate(zip(ours, real, strict=False)) if a != b), min(len(ours), len(real)))
    only_ours = [item for item in ours if item not in real]
    only_real = [item for item in real if item not in ours]
    lines = [f"  {field}: ours {len(ours)} entries, real {len(real)}; they part at entry {at}"]
    lines += [f"    only real: {item}" for item in only_real[:4]]
    lines += [f"    only ours: {item}" for item in only_ours[:4]]
    if not only_ours and not only_real:
        lines += [f"    entry {at}: ours {ours[at : at + 1]}, real {real[at : at + 1]} (same entries, other order)"]
    return lines


def ours(root: Path, paths: Sequence[str] | None = None, libc: Libc = "musl") -> dict[str, Row]:
    """The rows of ``muslint ldd --root ROOT --format jsonl``, for ``paths`` or with ``--all``, by path."""
    command = [sys.executable, "-m", "muslint", "ldd", "--libc", libc, "--root", str(root), "--format", "jsonl"]
    found: dict[str, Row] = {}
    # A command line holds 2 MiB at most; 500 paths stay well below.
    batches = [["--all"]] if paths is None else [list(paths[n : n + 500]) for n in range(0, len(paths), 500)]
    for batch in batches:
        done = subprocess.run([*command, *batch], capture_output=True, timeout=OURS_TIMEOUT, check=False)
        if done.returncode not in (0, 1, 127) and done.returncode < 128:
            raise OursFailed(f"exit {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
        for line in done.stdout.splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                raise OursFailed(f"not a row: {line[:200]!r}\n{done.stderr.decode(errors='replace')[-2000:]}") from None
            found[row["path"]] = row
    return found


def disagreements(ours: Mapping[str, Row], real: Mapping[str, Row]) -> list[Disagreement]:
    """Every path on which ``exit``, ``loaded`` or ``errors`` differ, or which only one side reports."""
    found = []
    for path in sorted({*ours, *real}):
        a, b = ours.get(path), real.get(path)
        if a is None or b is None:
            found.append(Disagreement(path, ("reported",), {"reported": a is not None}, {"reported": b is not None}))
            continue
        fields = tuple(field for field in FIELDS if a.get(field) != b.get(field))
        if fields == ("errors",) and b.get("missing") and _same_but_versions(a["errors"], b["errors"]):
            continue
        if fields:
            found.append(Disagreement(path, fields, a, b))
    return found


_UNDEFINED = re.compile(r"undefined symbol: (.*?)(?:, version .*?)?\t(\(.*\))", re.DOTALL)


def _same_but_versions(ours: object, real: object) -> bool:
    """Whether lines differ in the version of an undefined symbol only.

    Where a library with versions is missing, ``ld.so`` reads versions from beyond its table and prints what it finds.
    """
    assert isinstance(ours, list)
    assert isinstance(real, list)
    plain = [[_UNDEFINED.sub(r"\1 \2", line) for line in lines] for lines in (ours, real)]
    return list(dict.fromkeys(plain[0])) == list(dict.fromkeys(plain[1]))


def report(name: str, real: Mapping[str, Row], wrong: Sequence[Disagreement], limit: int = 10) -> str:
    """The agreement as text: one line of figures, then the first ``limit`` disagreements."""
    agree = len(real) - sum(1 for item in wrong if item.path in real)
    share = 100 * agree / len(real) if real else 100.0
    exits = Counter(str(row["exit"]) for row in real.values())
    lines = [f"{name}: {agree} of {len(real)} agree ({share:.2f} %); real exits {dict(sorted(exits.items()))}"]
    if wrong:
        kinds = Counter(field for item in wrong for field in item.fields)
        lines.append(f"{len(wrong)} disagree: " + ", ".join(f"{kind} {count}" for kind, count in kinds.items()))
    lines += [str(item) for item in wrong[:limit]]
    if len(wrong) > limit:
        lines.append(f"… and {len(wrong) - limit} more")
    return "\n".join(lines)


def main() -> int:
    """Parse the command line, compare, print; returns the exit status."""
    parser = argparse.ArgumentParser(prog="tests.support.compare", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("root", help="a root directory, or a corpus name (python -m tests.support.roots lists them)")
    parser.add_argument("file", nargs="*", help="paths inside the root (default: every subject)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth subject")
    parser.add_argument("--limit", type=int, default=10, metavar="N", help="disagreements to print (10)")
    parser.add_argument("--libc", choices=("musl", "glibc"), default="musl", help="whose loader (musl)")
    parser.add_argument("--real-only", action="store_true", help="print the real loader's rows as JSON lines")
    options = parser.parse_intermixed_args()
    try:
        root = Path(options.root) if Path(options.root).is_dir() else roots.corpus(options.root)
        oracle = real_glibc if options.libc == "glibc" else real_loader
        paths = options.file or oracle.subjects(root)[:: options.every]
        began = time.monotonic()
        real = oracle.list_all(root, paths=paths)
        real_time = time.monotonic() - began
    except (Unavailable, KeyError) as error:
        print(f"{options.root}: {error}", file=sys.stderr)
        return 2
    if options.real_only:
        for row in real.values():
            print(json.dumps(row))
        return 0
    began = time.monotonic()
    try:
        mine = ours(root, paths if options.file or options.every > 1 else None, options.libc)
    except OursFailed as error:
        print(f"muslint ldd: {error}", file=sys.stderr)
        return 2
    wrong = disagreements(mine, real)
    print(report(options.root, real, wrong, options.limit))
    print(f"real {real_time:.1f} s, ours {time.monotonic() - began:.1f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
