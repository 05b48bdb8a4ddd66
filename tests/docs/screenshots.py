"""The pictures of the README: ``python -m tests.docs.screenshots`` takes them anew from real runs.

The terminal is drawn from what the command prints, colours and all, so a test can hold it equal without a browser. The
HTML report is photographed in Chromium.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
import tempfile
from html import escape
from pathlib import Path

from tests.docs import blocks
from tests.support.cache import REPOSITORY

FOLDER = REPOSITORY / "docs" / "img"
TERMINAL = FOLDER / "terminal.svg"
REPORT = FOLDER / "report.png"
COMMAND = "muslint check dist/app --on alpine:3.23"
LARGEST = 200_000
"""Bytes a picture may have."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]

_COLOURS = {"31": "red", "32": "green", "33": "yellow", "35": "magenta", "36": "cyan", "1": "bold", "2": "dim"}
_LINE, _CHARACTER, _EDGE = 19, 8.43, 16  # pixels
_WIDEST = 100  # characters; a longer line is cut as a terminal without wrapping does
_STYLE = """\
<style>
svg{--ink:#24292f;--back:#f6f8fa;--edge:#d0d7de;--red:#b3261e;--green:#1a7f4b;--yellow:#8a5a00}
@media (prefers-color-scheme:dark){svg{--ink:#e6edf3;--back:#161b22;--edge:#30363d;--red:#ff9a8d;--green:#6fd29b;
--yellow:#e3b341}}
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:var(--ink);white-space:pre}
.back{fill:var(--back);stroke:var(--edge)}.red{fill:var(--red);font-weight:bold}.green{fill:var(--green)}
.yellow{fill:var(--yellow)}.bold{font-weight:bold}
</style>"""
_SGR = re.compile(r"\x1b\[([\d;]*)m")


def terminal() -> str:
    """The drawing of what `COMMAND` prints; raises `Unavailable` where it cannot be run."""
    words = shlex.split(COMMAND)
    text = blocks.output(shlex.join([*words, "--color", "always"])).replace(" --color always", "", 1)
    lines = text.rstrip("\n").split("\n")
    columns = min(_WIDEST, max(len(_SGR.sub("", line)) for line in lines))
    width, height = round(columns * _CHARACTER) + 2 * _EDGE, len(lines) * _LINE + 2 * _EDGE
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img"'
        ' aria-labelledby="terminal-title terminal-desc">\n<title id="terminal-title">'
        f'{escape(COMMAND)}</title>\n<desc id="terminal-desc">{escape(_SGR.sub("", text))}</desc>\n{_STYLE}\n'
        f'<rect class="back" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>\n'
    )
    drawn = (
        f'<text x="{_EDGE}" y="{_EDGE + 14 + number * _LINE}">{_spans(line)}</text>'
        for number, line in enumerate(lines)
        if line
    )
    return head + "\n".join(drawn) + "\n</svg>\n"


def _spans(line: str) -> str:
    """A line with its colours as spans, cut where the picture ends."""
    out, left, style = [], _WIDEST, ""
    for part in re.split(r"(\x1b\[[\d;]*m)", line):
        if code := _SGR.fullmatch(part):
            style = next((_COLOURS[one] for one in code[1].split(";") if one in _COLOURS), "")
            continue
        shown = part if len(part) <= left else part[: max(left - 1, 0)] + "…" * (left > 0)
        left -= len(shown)
        if shown:
            out.append(f'<tspan class="{style}">{escape(shown)}</tspan>' if style else escape(shown))
    return "".join(out)


def photograph() -> None:
    """Take the picture of the HTML report of the demo's wheel, light, at the size of a small screen."""
    from playwright.sync_api import sync_playwright

    chromium = next(
        found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))
    )
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        name = blocks.demo_wheel().name
        page.write_text(
            blocks.output(f"muslint check {name} --on alpine:3.23 -o html").partition("\n")[2], encoding="utf-8"
        )
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
            view = browser.new_page(viewport={"width": 1100, "height": 760}, color_scheme="light")
            view.goto(page.as_uri())
            view.locator("#bars button.fails").click()
            view.get_by_placeholder("Search").fill("fcntl64")
            view.locator("tr.row", has_text="fcntl64").first.click()
            view.wait_for_timeout(300)
            view.screenshot(path=str(REPORT))
            browser.close()


def main(only_terminal: bool) -> int:
    """Take both, or the one that needs no browser; 1 where one is larger than it may be."""
    TERMINAL.write_text(terminal(), encoding="utf-8")
    if not only_terminal:
        photograph()
    for picture in (TERMINAL, REPORT):
        print(f"{picture.relative_to(REPOSITORY)}: {picture.stat().st_size:,} bytes")
    return int(any(picture.stat().st_size > LARGEST for picture in (TERMINAL, REPORT)))


if __name__ == "__main__":
    sys.exit(main(only_terminal="--terminal" in sys.argv))
