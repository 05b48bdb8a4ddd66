"""Reads an archive cut at ten places, in a process of its own: ``python -m tests.formats.cuts ARCHIVE FOLDER``.

What is left is judged at each of them under ``MUSLINT_ORACLE=full``, else at one. Prints one JSON object a cut: what
was read of the ELF files, what was said of the rest, and what it took.
"""

import json
import resource
import sys
import time
from pathlib import Path

from muslint.errors import MuslintError
from muslint.pipeline import check
from muslint.sources.source import open_source
from tests.formats import corpus
from tests.formats.packers import digest

CUTS = 10
JUDGED = range(CUTS) if corpus.FULL else (CUTS // 2,)


def places(size: int) -> list[int]:
    """Where an archive of ``size`` bytes is cut: early, then in equal steps, then just before its end."""
    return [min(200, size // 2), *(size * step // (CUTS - 1) for step in range(1, CUTS - 1)), size - 3]


def main() -> None:
    """Cut, check, print."""
    archive, folder = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
    for number, place in enumerate(places(len(archive))):
        cut = folder / "cut"
        cut.write_bytes(archive[:place])
        started = time.monotonic()
        said, found = _read(cut)
        judged = _judged(cut) if number in JUDGED else None
        took = time.monotonic() - started
        row = {
            "place": place, "judged": judged, "said": said, "read": found, "seconds": took,
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        }  # fmt: skip
        print(json.dumps(row))


def _judged(cut: Path) -> int:
    """How many files are judged."""
    try:
        return len(check(str(cut), on="alpine:3.23").objects)
    except MuslintError:
        return 0


def _read(cut: Path) -> tuple[list[str], dict[str, str]]:
    """What is said of the rest, and the ELF files that could be read, with digests of their content."""
    try:
        source = open_source(str(cut))
    except MuslintError as error:
        return [str(error)], {}
    found = {}
    for member in source.members:
        opened = source.tree.open(member.path)
        assert not isinstance(opened, int)
        assert opened.data is not None
        found[member.display] = digest(opened.data.at(0, opened.data.size))
        opened.data.close()
    return [f"{item.path}: {item.reason}" for item in source.skipped], found


if __name__ == "__main__":
    main()
