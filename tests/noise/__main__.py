"""``python -m tests.noise`` (``make noise``): a table for each root, and exit 1 where a rule is too noisy."""

import argparse
import sys
import time
from pathlib import Path

from tabulate import tabulate

from muslint.rules import behaviours
from tests.support import roots
from tests.support.cache import Unavailable

from .count import Counts, count, too_noisy

ROOTS = ("debian-bookworm-amd64", "alpine-x86_64", "alpine-aarch64")


def table(counts: Counts, verbose: bool) -> str:
    """The rules that have something to look at, the noisiest first."""
    rows = []
    for rule in behaviours():
        met, fired = counts.met[rule.id], counts.fired[rule.id]
        if met:
            share = f"{counts.fired_programs[rule.id] / max(counts.programs, 1):.1%}"
            where = ", ".join(counts.where.get(rule.id, [])[: None if verbose else 2])
            rows.append((rule.id, met, fired, share, counts.possible[rule.id], counts.fired_native[rule.id], where))
    rows.sort(key=lambda row: (-row[2], -row[1], row[0]))
    heads = ("rule", "trigger", "fires", "of programs", "possible", "on musl's", "on")
    return tabulate(rows, headers=heads, disable_numparse=True)


def main() -> int:
    """Count; returns 0, 1 when a rule is too noisy, 2 when a root is not to be had."""
    parser = argparse.ArgumentParser(prog="tests.noise", description=__doc__)
    parser.add_argument(
        "roots", nargs="*", metavar="ROOT", help=f"a corpus or a directory (default: {', '.join(ROOTS)})"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="name every file a rule fires on")
    options = parser.parse_args()
    lines = []
    for name in options.roots or ROOTS:
        try:
            root = Path(name) if Path(name).is_dir() else roots.corpus(name)
        except Unavailable as error:
            print(f"noise: {name}: {error}", file=sys.stderr)
            return 2
        start = time.monotonic()
        counts = count(root)
        seconds = time.monotonic() - start
        print(
            f"{name}: {counts.objects} objects, {counts.programs} programs, "
            f"{counts.native} built for musl ({seconds:.0f} s)\n"
        )
        print(table(counts, options.verbose), end="\n\n")
        lines += [f"{name}: {line}" for line in too_noisy(counts)]
    print("\n".join(lines) if lines else "No rule is too noisy.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
