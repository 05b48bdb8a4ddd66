"""The tools that are compared: where each comes from, what it is for, how it is asked, and what it answers."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.cache import REPOSITORY, Unavailable, built, cache_dir, locked, recipe_key, run
from tests.support.fetch import PIP_TIMEOUT, debian_packages, unpack_debs
from tests.support.real_loader import find_loader, list_file

from .files import Placed

RUN_LIMIT = 120.0  # seconds one question may take
PYPI = ("auditwheel==6.8.2", "abicheck==0.7.0", "blint==4.0.1")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool says: whether the file loads on musl, None where it does not say; its own words, in short."""

    loads: bool | None
    words: str


NOT_A_WHEEL = Answer(None, "not a wheel")


@dataclass(frozen=True, slots=True)
class Peer:
    """One tool. ``ask`` gets the root and the file in it; it raises `Unavailable` where the tool cannot be had."""

    name: str
    is_for: str
    asked: str
    ask: Callable[[Path, Placed], Answer]


@cache
def environment() -> Path:
    """The ``bin`` of an environment with the tools of PyPI; raises `Unavailable`."""
    folder = cache_dir() / "venvs" / f"peers-{recipe_key(PYPI, sys.version_info[:2])}"
    with locked(f"venv-{folder.name}"):
        if not (folder / "complete").is_file():
            run([sys.executable, "-m", "venv", "--clear", str(folder)], timeout=120)
            pip = [str(folder / "bin" / "pip"), "install", "-q", "--disable-pip-version-check"]
            run([*pip, *PYPI], timeout=PIP_TIMEOUT)
            (folder / "complete").touch()
    return folder / "bin"


@cache
def libtree_program() -> Path:
    """Debian's libtree, unpacked; raises `Unavailable`."""

    def unpack(folder: Path) -> None:
        unpack_debs(debian_packages(["libtree"], "bookworm", "amd64").values(), folder)

    return built("peers", "libtree", recipe_key(1), unpack) / "usr" / "bin" / "libtree"


def asked(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a tool; raises `Unavailable` over `RUN_LIMIT`."""
    variables = {**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(REPOSITORY / "src")}
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=RUN_LIMIT, check=False, env=variables
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} took over {RUN_LIMIT:.0f} s") from None


def muslint(root: Path, placed: Placed) -> Answer:
    """Its verdict, in its own words."""
    file = str(root / placed.path.lstrip("/"))
    done = asked(sys.executable, "-m", "muslint", "check", file, "--on", "alpine:3.23", "--isolated", "-o", "json")
    (judged,) = json.loads(done.stdout)["objects"]
    return Answer(judged["verdict"] != "fails", judged["verdict"])


def musl_ldd(root: Path, placed: Placed) -> Answer:
    """The exit code of the loader in list mode; an interpreter that is not there it does not look at."""
    find_loader(root)
    link = list_file(root, placed.path)
    return Answer(link.exit == 0, f"exit {link.exit}, {len(link.errors)} lines")


def auditwheel(_root: Path, placed: Placed) -> Answer:
    """The platform tag it says a wheel is consistent with; a manylinux tag says nothing about musl."""
    if placed.wheel is None:
        return NOT_A_WHEEL
    done = asked(str(environment() / "auditwheel"), "show", str(placed.wheel))
    for libc in ("musllinux", "manylinux"):
        if f'"{libc}_' in done.stdout:
            return Answer(True if libc == "musllinux" else None, f"consistent with {libc}")
    return Answer(None, (done.stderr.strip().splitlines() or ["no answer"])[-1][:60])


def abicheck(root: Path, placed: Placed) -> Answer:
    """``loadability`` of its report."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        file = str(root / placed.path.lstrip("/"))
        done = asked(str(environment() / "abicheck"), "deps", "tree", file, "--sysroot", str(root), "-o", f"json={out}")
        if not out.exists():
            return Answer(None, f"exit {done.returncode}")
        verdict = json.loads(out.read_text())["verdict"]["loadability"]
    return Answer(verdict == "pass" or (None if verdict not in ("fail", "warn") else verdict == "warn"), verdict)


def blint(root: Path, placed: Placed) -> Answer:
    """Whether its rule CHECK_LIBC_PORTABILITY finds a name that it knows as glibc's alone."""
    with TemporaryDirectory() as folder:
        file = str(root / placed.path.lstrip("/"))
        asked(str(environment() / "blint"), "-q", "--no-banner", "--no-error", "--no-reviews", "-i", file, "-o", folder)
        if not (Path(folder) / "analysis-coverage.json").exists():
            return Answer(None, "no report")
        path = Path(folder) / "findings.json"
        findings = json.loads(path.read_text())["findings"] if path.exists() else []
    found = [row for row in findings if row["id"] == "CHECK_LIBC_PORTABILITY" and "glibc-specific" in row["title"]]
    return Answer(not found, "finding" if found else "no finding")


def libtree(root: Path, placed: Placed) -> Answer:
    """Its exit code: whether a library is missing. It looks on the machine it runs on."""
    done = asked(str(libtree_program()), str(root / placed.path.lstrip("/")))
    return Answer(done.returncode == 0, f"exit {done.returncode}")


PEERS = (
    Peer("muslint", "whether a file runs on musl, and why not", "`muslint check FILE --on alpine:3.23`", muslint),
    Peer(
        "musl's ldd", "what musl's loader finds, on a machine that has it; it is the truth for programs, and lists a "
        "host's names as missing in plugins", "`ld-musl-x86_64.so.1 --list FILE` in the root", musl_ldd,
    ),
    Peer(
        "auditwheel 6.8.2", "which platform tag a wheel may carry, and putting libraries into it",
        "`auditwheel show WHEEL`", auditwheel,
    ),
    Peer(
        "abicheck 0.7.0",
        "changes of a library's interface between releases; `deps tree` also resolves a file in a root",
        "`abicheck deps tree FILE --sysroot ROOT`", abicheck,
    ),
    Peer(
        "blint 4.0.1", "security properties and bills of materials of binaries; one rule is about the C library",
        "`blint -i FILE`, rule CHECK_LIBC_PORTABILITY", blint,
    ),
    Peer(
        "libtree 3.1.1", "the tree of libraries on this machine, and how each is found; not other roots, not symbols",
        "`libtree FILE`", libtree,
    ),
)  # fmt: skip


def timed(peer: Peer, root: Path, placed: Placed) -> tuple[Answer, float]:
    """The answer and the seconds it took."""
    begun = time.monotonic()
    answer = peer.ask(root, placed)
    return answer, time.monotonic() - begun
