"""``python -m tests.labelled [PROGRAM…]``: every program made in every way; prints precision and recall."""

import sys
import tempfile
from pathlib import Path

from tests.labelled.measure import KINDS, Score, lines, programs, score
from tests.support.cache import Unavailable


def main() -> int:
    """Returns 0 at full precision and 95 % recall, else 1; 2 where a compiler is missing."""
    total = Score()
    wanted = [program for program in programs() if not sys.argv[1:] or program.name in sys.argv[1:]]
    with tempfile.TemporaryDirectory(prefix="muslint-labelled-") as folder:
        for kind in KINDS:
            one = Score()
            for program in (program for program in wanted if program.of_kind(kind)):
                try:
                    one.add(score(program, kind, Path(folder)))
                except Unavailable as error:
                    print(f"labelled: {kind}: {program.name}: {error}", file=sys.stderr)
                    return 2
            print(f"{kind}: precision {one.precision:.1%}, recall {one.recall:.1%}", file=sys.stderr, flush=True)
            total.add(one)
    print("\n".join(lines(total)))
    return 0 if not total.false and total.recall >= 0.95 else 1


if __name__ == "__main__":
    sys.exit(main())
