"""Outputs shown in the docs: ``python -m tests.docs.blocks`` runs their commands and writes them anew.

Such a block is the comment ``<!-- run: muslint … -->`` and right under it a fenced block with the command and what it
printed. A command may name the demo's wheel, by file name, and what `tests.docs.workplace` lays out.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.docs import workplace
from tests.support.cache import REPOSITORY
from tests.support.fetch import pypi_file

TIMEOUT = 120.0
"""Seconds one command may take."""

PLACED = ("dist", "pkg", "image", "app.whl", "DIR")
"""How the names of files begin that a command finds in its directory."""

_BLOCK = re.compile(
    r"(?P<head><!-- run: (?P<command>muslint\b[^\n]*?) -->\n```\n)(?P<shown>.*?)(?P<tail>^```$)", re.S | re.M
)
_MAIN = "import sys; sys.argv[0] = 'muslint'; from muslint.cli.app import main; main()"


class Block(NamedTuple):
    """One output shown in a page."""

    page: Path
    command: str
    shown: str


def pages() -> list[Path]:
    """Every Markdown page of the project."""
    return sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])


def blocks() -> Iterator[Block]:
    """Every block of every page."""
    for page in pages():
        for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
            yield Block(page, match["command"], match["shown"])


def demo_wheel() -> Path:
    """The wheel of ``make demo``; raises `Unavailable`."""
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^DEMO_(\w+) := (.+)$", makefile, re.M))
    filename = pins["WHEEL"].rpartition("/")[2].replace("$(DEMO_VERSION)", pins["VERSION"])
    here = REPOSITORY / ".cache" / "demo" / filename
    return here if here.is_file() else pypi_file(filename.partition("-")[0], pins["VERSION"], filename, pins["SHA256"])


def output(command: str) -> str:
    """The command as typed and what it prints, without colour; a help page for a terminal of 80 columns.

    Raises `Unavailable` when the command names a file that cannot be had here.
    """
    words = shlex.split(command)
    environment = {
        **os.environ,
        "TERM": "dumb",
        "NO_COLOR": "1",
        "PYTHONPATH": str(REPOSITORY / "src"),
    }
    for name in ("FORCE_COLOR", "COLUMNS"):
        environment.pop(name, None)
    if "--help" in words:
        environment["COLUMNS"] = "80"
    with tempfile.TemporaryDirectory() as folder:
        if any(word.startswith("gevent-") for word in words):
            wheel = demo_wheel()
            (Path(folder) / wheel.name).symlink_to(wheel.resolve())
        elif any(word.startswith(PLACED) for word in words):
            workplace.lay(Path(folder))
        done = subprocess.run(
            [sys.executable, "-c", _MAIN, *words[1:]],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False,
        )  # fmt: skip
    if done.returncode == 4:
        raise RuntimeError(f"{command}: {done.stderr.strip()}")
    lines = (done.stdout + done.stderr).strip("\n").splitlines()
    return "\n".join([f"$ {command}", *(line.rstrip() for line in lines)]) + "\n"


def rewrite(page: Path) -> bool:
    """Run the commands of one page and write their outputs into it; whether anything changed."""
    text = page.read_text(encoding="utf-8")
    fresh = _BLOCK.sub(lambda match: match["head"] + output(match["command"]) + match["tail"], text)
    if fresh != text:
        page.write_text(fresh, encoding="utf-8")
    return fresh != text


if __name__ == "__main__":
    for one in pages():
        if rewrite(one):
            print(f"written: {one.relative_to(REPOSITORY)}")
