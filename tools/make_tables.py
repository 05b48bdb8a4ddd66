"""Make or verify the tables of C libraries in src/muslint/libc/data.

The tables in the repository are the truth; --verify-zig and --verify-debian hold
them against primary sources and say which rows differ. --facts rebuilds every
generated table from a directory of facts and names the ones that changed.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]


def made(facts: Path) -> Iterator[tuple[str, str]]:
    """Yield path and text of every table that ``facts`` give."""
    from tools.tables import alpine, glibc, groups, images, musl, shims

    for part in (musl, alpine, glibc, groups, images, shims):
        yield from part.tables(facts)


def rebuild(facts: Path) -> None:
    """Write the tables that ``facts`` give otherwise than they stand, and say which."""
    from tools.tables.text import DATA

    for name, text in made(facts):
        path = DATA / name
        path.parent.mkdir(parents=True, exist_ok=True)
        old = path.read_text() if path.exists() else None
        if old != text:
            path.write_text(text)
            print("new" if old is None else "changed", name)


def from_packages() -> None:
    """Make the tables of headers and of the C++ runtime anew from the ziglang wheel and Debian's packages; a minute."""
    from tools.tables import cxx, headers
    from tools.tables.text import DATA

    for name, text in (*headers.tables(), *cxx.tables()):
        old = (DATA / name).read_text() if (DATA / name).exists() else None
        (DATA / name).write_text(text)
        print("same" if old == text else "changed", name)


def verify_zig() -> bool:
    """Print the rows that glibc's table and the ziglang wheel have otherwise."""
    from tools.tables import verify

    lines = list(verify.against_zig(verify.zig_abilists()))
    print(*(lines or ["same glibc/symbols.txt and the abilists of the ziglang wheel"]), sep="\n")
    return not lines


def verify_debian(suites: list[str]) -> bool:
    """Print one line a Debian musl package; False when one differs."""
    from tools.tables import verify

    good = True
    for line in verify.against_debian(suites):
        print(line, flush=True)
        good = good and not line.startswith("DIFFERS")
    return good


def main() -> int:
    """Run the command line; return 1 when a table differs from a primary source."""
    suites = ["bullseye", "bookworm", "trixie", "sid"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=Path, metavar="DIR", help="rebuild the tables from DIR")
    parser.add_argument("--verify-zig", action="store_true", help="check the glibc table")
    parser.add_argument("--verify-debian", nargs="*", choices=suites, metavar="SUITE", help="check the musl tables")
    parser.add_argument("--packages", action="store_true", help="make headers.txt and cxx.txt")
    options = parser.parse_args()
    if options.packages:
        from_packages()
    if options.facts:
        rebuild(options.facts)
    good = True
    if options.verify_zig:
        good = verify_zig() and good
    if options.verify_debian is not None:
        good = verify_debian(options.verify_debian or suites) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
