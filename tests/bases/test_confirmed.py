"""Verdicts on Debian 11, 12 and 13 and on Alpine, confirmed by running wheels there, in a chroot.

Debian's Python of the release imports what is a module; programs are started. On Alpine, which has no Python, only
programs are. ``MUSLINT_ORACLE=full`` runs every wheel of ``confirmed.toml``, else those of `SAMPLE`.
"""

import os
import shutil
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from muslint.pipeline import check
from muslint.policy.verdict import Verdict
from muslint.rules.finding import Severity, When
from tests.support import compile as compiler
from tests.support import roots
from tests.support.cache import Unavailable, built, recipe_key
from tests.support.fetch import pypi_file

CONFIRMED: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("confirmed.toml").read_text(encoding="utf-8"))[
    "confirmed"
]
SAMPLE = ("psutil", "markupsafe", "shiboken6", "cryptography", "ruff", "ninja", "ninja-musl")
FULL = os.environ.get("MUSLINT_ORACLE") == "full"
DEBIAN = {"11": "bullseye", "12": "bookworm", "13": "trixie"}
RUN_LIMIT = 60.0  # seconds
# Both loaders ask /proc/self/exe where the program lies.
_ENTER = (
    'mount --bind "$1" "$2/wheels" && mount --rbind /proc "$2/proc" && root=$2 && shift 2 && exec chroot "$root" "$@"'
)

WANTED = [entry for entry in CONFIRMED if FULL or entry["name"] in SAMPLE]
NAMES = [entry["name"] for entry in WANTED]


@cache
def can_enter() -> str:
    """Why no chroot can be entered here; "" where it can."""
    if shutil.which("unshare") is None:
        return "unshare is not installed"
    done = subprocess.run(["unshare", "-r", "-m", "true"], capture_output=True, text=True, timeout=10, check=False)
    return "" if done.returncode == 0 else done.stderr.strip()


def unpacked(entry: dict[str, Any], release: str) -> Path:
    """The wheel of an entry for a Debian release, unpacked into a folder NAME, below the folder returned."""
    part = entry.get(f"wheel-{release}") or entry.get("wheel") or entry["wheel-12"]
    wheel = pypi_file(part["name"], part["version"], part["file"], part["sha256"])
    return built(
        "unpacked", Path(part["file"]).stem, recipe_key(1, part["sha256"]),
        lambda folder: roots.unpack_wheel(wheel, folder / entry["name"]),
    )  # fmt: skip


def run_in(root: Path, wheels: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a root that has the wheels below ``/wheels``."""
    return subprocess.run(
        ["unshare", "-r", "-m", "sh", "-c", _ENTER, "sh", str(wheels), str(root), *command],
        capture_output=True, text=True, timeout=RUN_LIMIT, check=False, errors="replace",
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip


def predicted(folder: Path, on: str, only: str | None = None) -> tuple[bool, list[str]]:
    """Whether all of a folder, or one program of it, loads on the target, and the loader's lines where not."""
    objects = [judged for judged in check(str(folder), on).objects if only is None or judged.path == only]
    assert objects
    lines = [
        finding.message
        for judged in objects
        for finding in judged.findings
        if finding.severity is Severity.ERROR and finding.when is When.LOAD
    ]
    return all(judged.verdict is not Verdict.FAILS for judged in objects), lines


def command_of(entry: dict[str, Any], python: str) -> list[str]:
    """What is run in the root."""
    if "program" in entry:
        return [f"/wheels/{entry['name']}/{entry['program']}", *entry["arguments"]]
    return [python, "-I", "-c", f"import sys; sys.path.insert(0, '/wheels/{entry['name']}'); {entry['python']}"]


def confirm(entry: dict[str, Any], root: Path, folder: Path, on: str, python: str) -> None:
    """What was predicted happens."""
    loads, lines = predicted(folder / entry["name"], on, entry.get("program"))
    done = run_in(root, folder, *command_of(entry, python))
    assert (done.returncode == 0) is loads, f"predicted {'to run' if loads else lines}, but: {done.stderr[-600:]}"
    if not loads:
        assert any(cause_in(line, entry) in done.stderr for line in lines), (lines, done.stderr)


def cause_in(line: str, entry: dict[str, Any]) -> str:
    """What a predicted line and the real one have in common: paths differ, and chroot says ENOENT for the shell."""
    if line.endswith(": not found") and "program" in entry:
        return f"{entry['program']}': No such file or directory"
    if "version `" in line:
        return line[line.index("version `") :].partition(" (required")[0]
    return (
        line.partition(": ")[2].partition(": ")[0] if line.startswith("Error relocating") else line.partition(": ")[0]
    )


@pytest.mark.parametrize("release", DEBIAN)
@pytest.mark.parametrize("entry", WANTED, ids=NAMES)
def test_debian(entry: dict[str, Any], release: str) -> None:
    """The wheel loads in a root of that Debian exactly where it is predicted to load on its image."""
    if why := can_enter():
        pytest.skip(f"not checked here: {entry['name']} on Debian {release}: {why}")
    suite = DEBIAN[release]
    try:
        root, folder = roots.debian_python(suite), unpacked(entry, release)
    except Unavailable as error:
        pytest.skip(f"not checked here: {entry['name']} on Debian {release}: {error}")
    confirm(entry, root, folder, f"debian:{release}", f"/usr/bin/python{roots.PYTHONS[suite]}")


@pytest.mark.parametrize("entry", [e for e in WANTED if "program" in e], ids=lambda entry: entry["name"])
def test_alpine(entry: dict[str, Any], tmp_path: Path) -> None:
    """The program starts in the real Alpine exactly where it is predicted to start."""
    if why := can_enter():
        pytest.skip(f"not checked here: {entry['name']} on Alpine: {why}")
    try:
        plain, folder = roots.alpine(), unpacked(entry, "12")
    except Unavailable as error:
        pytest.skip(f"not checked here: {entry['name']} on Alpine: {error}")
    root = tmp_path / "alpine"
    root.mkdir()
    roots.linked_copy(plain, root)
    (root / "wheels").mkdir()
    confirm(entry, root, folder, "alpine:3.23", "")


@pytest.mark.parametrize("release", DEBIAN)
@pytest.mark.parametrize(("level", "call"), [("2.33", "stat"), ("2.36", "arc4random"), ("2.38", "strlcpy")])
def test_levels(level: str, call: str, release: str, tmp_path: Path) -> None:
    """A program that asks for one version of glibc starts from the release on that has it."""
    if why := can_enter():
        pytest.skip(f"not checked here: glibc {level} on Debian {release}: {why}")
    bodies = {
        "stat": "struct stat s; return stat(v[0], &s);",
        "arc4random": "return arc4random() == 1 && c == 77;",
        "strlcpy": "char b[9]; return strlcpy(b, v[0], 9) == 0;",
    }
    source = tmp_path / "p.c"
    heads = "#define _GNU_SOURCE\n#include <stdlib.h>\n#include <string.h>\n#include <sys/stat.h>\n"
    source.write_text(f"{heads}int main(int c, char **v) {{ {bodies[call]} }}\n")
    program = compiler.zig_cc(f"x86_64-linux-gnu.{level}", [source], tmp_path / "w" / "level" / "p")
    root = roots.debian_python(DEBIAN[release])
    entry = {"name": "level", "program": "p", "arguments": []}
    confirm(entry, root, program.parent.parent, f"debian:{release}", "")
