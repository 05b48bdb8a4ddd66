"""Makes ``libc/data/images/debian.txt``: which Debian package holds which shared library.

``python tools/debian_sonames.py CONTENTS-BULLSEYE CONTENTS-BOOKWORM`` with the suites' ``Contents-amd64`` as apt
fetched them (plain text or .lz4). Debian 13 has the package of 12 or its 64-bit-time_t successor ``NAMEt64``, where
its package list has one of these names: the name of a library's package holds its soname's version. Only libraries that
the table of Alpine's packages knows too are listed.
"""

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from muslint.libc.sonames import known  # noqa: E402
from tests.support.fetch import _Apt  # noqa: E402

_LINE = re.compile(r"(?:usr/)?lib/(?:x86_64-linux-gnu/)?([^/\s]+\.so[^/\s]*)\s+(\S+)$")
_NOT = re.compile(r"-dev$|-dbg$|-cross$|libc6|libstdc\+\+6|libgcc|musl|-i386$|lib32|libx32|/debug/|contrib|non-free")


def lines(path: str) -> Iterator[str]:
    """The lines of a Contents file."""
    if path.endswith(".lz4"):
        yield from subprocess.run(["lz4", "-dc", path], capture_output=True, text=True, check=True).stdout.splitlines()
    else:
        yield from Path(path).read_text(encoding="utf-8").splitlines()


def packages(path: str, wanted: frozenset[str]) -> dict[str, str]:
    """Library → package; where several have it, the one of the shortest name, which is the plain one."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in lines(path):
        match = _LINE.match(line)
        if match and match[1] in wanted:
            names = (entry.rpartition("/")[2] for entry in match[2].split(",") if not _NOT.search(entry))
            found[match[1]] += names
    return {library: min(names, key=lambda n: (len(n), n)) for library, names in found.items() if names}


def main() -> None:
    """Print the table."""
    wanted = frozenset(known()) - {"libstdc++.so.6", "libgcc_s.so.1"}
    old, new = (packages(path, wanted) for path in sys.argv[1:3])
    apt = _Apt("trixie", "amd64")
    if not apt.lists_there():
        apt.update()
    names = apt.known_names()
    newest = {
        library: f"{name}t64" if f"{name}t64" in names else name
        for library, name in new.items()
        if f"{name}t64" in names or name in names
    }
    print("# which Debian package holds a library: SUITES LIBRARY PACKAGE")
    print("@ source Contents-amd64 of Debian 11 and 12; for 13 its package list, see tools/debian_sonames.py")
    rows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for suite, held in (("11", old), ("12", new), ("13", newest)):
        for library, package in held.items():
            rows[library, package].append(suite)
    for line in sorted(" ".join((",".join(suites), *pair)) for pair, suites in rows.items()):
        print(line)


if __name__ == "__main__":
    main()
