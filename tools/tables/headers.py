"""The table of headers: which header of glibc declares a name.

The headers are glibc's own, as the pinned ``ziglang`` wheel carries them beside the symbol lists. Each public
header is preprocessed alone, with every extension on, and its declarations are read: a name belongs to the header
that holds its declaration or, where that is a part of another (``bits/…``), to the smallest header that includes it.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from muslint.libc import glibc
from tools.tables.text import table

TARGET = "x86_64-linux-gnu.2.44"
_RUN_LIMIT = 120.0  # seconds for one header
_PRIVATE = re.compile(r"(^|/)(bits|gnu|sys/_types|finclude|asm|asm-generic|linux)/|(^|/)(features|stdc-predef)")
_UMBRELLAS = frozenset({"tgmath.h", "regexp.h", "memory.h", "wait.h", "syscall.h", "poll.h"})
_WORD = re.compile(r"[A-Za-z_]\w*")
_FLAGS = ("-D_GNU_SOURCE", "-O2", "-D_FORTIFY_SOURCE=3", "-std=gnu2x", "-w")


def folder() -> Path:
    """Return the directory of glibc's generic headers in the ziglang wheel; FileNotFoundError without one."""
    spec = find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the ziglang wheel is not installed: pip install ziglang==0.17.1")
    return Path(spec.origin).parent / "lib" / "libc" / "include" / "generic-glibc"


def declared(header: str) -> Mapping[str, frozenset[str]]:
    """Return the words of the declarations that including ``header`` gives, by the file that holds them."""
    with TemporaryDirectory() as scratch:
        source = Path(scratch, "ask.c")
        source.write_text(f"#include <{header}>\n")
        done = subprocess.run(
            [sys.executable, "-m", "ziglang", "cc", "-target", TARGET, "-E", *_FLAGS, str(source)],
            capture_output=True, text=True, check=False, timeout=_RUN_LIMIT,
        )  # fmt: skip
    found: dict[str, set[str]] = {}
    place = ""
    for line in done.stdout.splitlines() if done.returncode == 0 else ():
        if mark := re.match(r'# \d+ "([^"]+)"', line):
            place = mark[1]
        else:
            found.setdefault(place, set()).update(_WORD.findall(line))
    return {file: frozenset(words) for file, words in found.items()}


def homes(names: frozenset[str]) -> Mapping[str, str]:
    """Return the header of each of ``names`` that some header declares."""
    root = folder()
    public = sorted(str(path.relative_to(root)) for path in root.rglob("*.h"))
    given: dict[str, list[tuple[int, int, str]]] = {}
    for header in (h for h in public if not _PRIVATE.search(h)):
        parts = {file: words & names for file, words in declared(header).items() if "/generic-glibc/" in file
                 or "/x86-linux" in file or "-linux-gnu/" in file}  # fmt: skip
        size = sum(len(words) for words in parts.values())
        for file, words in parts.items():
            # Its own declaration counts most; then a header that is no umbrella; then the smallest.
            rank = 0 if file.endswith("/" + header) else 2 if header in _UMBRELLAS else 1
            for name in words:
                given.setdefault(name, []).append((rank, size, header))
    return {name: min(places)[2] for name, places in given.items()}


def tables() -> Iterator[tuple[str, str]]:
    """Yield path and text of the table, from the headers of the ziglang wheel."""
    names = frozenset(glibc.symbols("x86_64"))
    lines = [f"{name} {header}" for name, header in sorted(homes(names).items())]
    yield (
        "headers.txt",
        table(
            "headers that declare glibc's names: NAME HEADER",
            [
                (
                    "source",
                    "PyPI ziglang 0.17.1 lib/libc/include/generic-glibc (glibc 2.44), each header preprocessed alone",
                )
            ],
            lines,
        ),
    )
