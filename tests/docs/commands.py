"""Every command that the docs tell somebody to type: those of fenced blocks, with what stands before a pipe."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.docs.blocks import pages

NOT_RUN = {
    "docker://": "needs a registry; tests/images asks one on loopback",
    "docker run": "needs Docker",
    "pip install": "installs; tests/integrations and make demo do it",
}
"""What a command that is not run holds, and why it is not."""

_FENCE = re.compile(r"(?P<told><!-- [^\n]*-->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.S | re.M)
_COMMENT = re.compile(r"\s+#\s.*$|\s{3,}\S.*$")
_OURS = re.compile(r"(?:^|\| )muslint\s")
_ELSEWHERE = re.compile("run: |file: ")
"""Blocks that other tests run: outputs that are shown, and the files of tests/integrations."""

_SHELL = ("", "sh", "console")


class Command(NamedTuple):
    """One command as it is typed."""

    page: Path
    before: str  # what is piped into it; empty where nothing is
    words: tuple[str, ...]  # without the program

    def __str__(self) -> str:
        return f"{self.page.stem}: muslint {shlex.join(self.words)}"


def lines() -> Iterator[tuple[Path, str]]:
    """Every line of a fenced block that calls muslint, without its comment; not those whose output is shown."""
    for page in pages():
        for block in _FENCE.finditer(page.read_text(encoding="utf-8")):
            if block["language"] not in _SHELL or _ELSEWHERE.search(block["told"] or ""):
                continue
            for line in block["text"].splitlines():
                typed = _COMMENT.sub("", line.removeprefix("$ "))
                if _OURS.search(typed):
                    yield page, typed


def reason(typed: str) -> str:
    """Why a command is not run; empty for one that is."""
    return next((why for part, why in NOT_RUN.items() if part in typed), "")


def commands() -> list[Command]:
    """Every command that is run, each once."""
    found: dict[tuple[str, tuple[str, ...]], Command] = {}
    for page, typed in lines():
        if not reason(typed):
            before, _, own = typed.rpartition("| ")
            words = tuple(shlex.split(own)[1:])
            found.setdefault((before.strip(), words), Command(page, before.strip(), words))
    return list(found.values())
