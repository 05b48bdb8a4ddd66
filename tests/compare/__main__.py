"""``python -m tests.compare`` (``make compare``): ask every tool about every file, and write ``docs/compare.md``."""

import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.support.cache import REPOSITORY, Unavailable

from .files import laid, really
from .peers import NOT_A_WHEEL, PEERS, Answer, timed

PAGE = REPOSITORY / "docs" / "compare.md"

HEAD = """\
# muslint and the tools next to it

Written by `make compare`, which makes the files, installs the tools into an environment of their own, asks each about
each file with a time limit, and asks the loader of a real Alpine 3.23 (musl 1.2.5) for the truth: whether it loads the
file. What a plugin's host gives it (Python's `Py…`, Node's `napi_…`) is taken as given.

None of the others was made for this one question; what each is for stands below. A cell says what the tool said.

"""

WORDS = """
✔ says the truth · ✘ says something else · – is not asked that, or does not say

## What each is for, and what was asked
"""

NOTES = """
## How to read it

- musl's `ldd` *is* the loader: about symbols it is never wrong. It has to be run where musl and the file's machine are,
  maps the file, does not look at the interpreter, and knows of no host: every plugin of Python or Node fails.
- auditwheel answers another question, which tag a wheel may carry; but *consistent with musllinux* is easily taken for
  *runs on Alpine*. There it looks at the names of libraries, not at what musl offers.
- abicheck follows libraries in a root by glibc's rules. `libc.so.6`, and musl's own `libc.so`, which musl's loader
  takes for itself, are then missing.
- blint's rule has a list of names that only glibc has. A file that it takes for musl's is not asked for those.
- libtree looks for libraries on the machine it runs on, and leaves out those of the C library and the compiler.
- Loading is not all: `differs` in the first column is a file that loads and behaves otherwise than on glibc.

## Run it again

```
make compare
```

It needs Linux on x86-64, PyPI, npm, Debian's packages, and root for the chroot (or `unshare -r`). A tool that cannot be
had is named with the reason.
"""


def cell(answer: Answer | None, truth: bool) -> str:
    """One cell of the table."""
    if answer is None:
        return "–"
    mark = "–" if answer.loads is None else "✔" if answer.loads == truth else "✘"
    return f"{mark} {answer.words}"


def page(root: Path) -> str:
    """The page; progress goes to stderr."""
    heads = [peer.name for peer in PEERS]
    rows, seconds, gone = [], {name: list[float]() for name in heads}, dict[str, str]()
    right = dict.fromkeys(heads, 0)
    asked = dict.fromkeys(heads, 0)
    for compared, placed in laid(root):
        truth = really(root, placed, compared.hosts)
        cells = [f"**{compared.name}**<br>{compared.says}", "loads" if truth else "fails"]
        for peer in PEERS:
            answer = None
            try:
                answer, took = timed(peer, root, placed)
            except Unavailable as error:
                gone[peer.name] = error.reason
            else:
                if answer != NOT_A_WHEEL:
                    seconds[peer.name].append(took)
                asked[peer.name] += answer.loads is not None
                right[peer.name] += answer.loads == truth
            cells.append(cell(answer, truth))
        rows.append(cells)
        print(" | ".join(cells), file=sys.stderr, flush=True)
    lines = ["| " + " | ".join(["file", "Alpine's loader", *heads]) + " |", "|---" * (len(heads) + 2) + "|"]
    lines += ["| " + " | ".join(cells) + " |" for cells in rows]
    lines.append(
        "| **right of those it answers** | |" + "".join(f" {right[name]} of {asked[name]} |" for name in heads)
    )
    typical = [f" {median(seconds[name]):.2f} s |" if seconds[name] else " – |" for name in heads]
    lines.append("| **time for one, typical** | |" + "".join(typical))
    about = [
        f"- **{peer.name}**: {peer.is_for}. {peer.asked}"
        + (f". Could not be had here: {gone[peer.name]}" if peer.name in gone else "")
        for peer in PEERS
    ]
    return HEAD + "\n".join(lines) + "\n" + WORDS + "\n" + "\n".join(about) + "\n" + NOTES


def main() -> int:
    """Write the page; 0, or 2 when the files cannot be had."""
    with tempfile.TemporaryDirectory(prefix="muslint-compare-") as folder:
        try:
            text = page(Path(folder) / "root")
        except Unavailable as error:
            print(f"cannot be done here: {error.reason}", file=sys.stderr)
            return 2
    PAGE.write_text(text, encoding="utf-8")
    print(f"written: {PAGE.relative_to(REPOSITORY)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
