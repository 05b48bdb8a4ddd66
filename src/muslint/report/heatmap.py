"""A picture of ``muslint bases``: a row a distribution, a cell an image, its colour and its words the verdict."""

from __future__ import annotations

import html
from collections.abc import Sequence

from muslint.advice.base import Base
from muslint.report.bases import WORDS, family, libc, says, tag
from muslint.report.readable import shown

_LEFT, _CELL, _GAP, _HIGH, _TOP = 132, 164, 6, 46, 64
_ACROSS = 5  # cells in a row
_STYLE = """
text { font: 13px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1b1f24; }
.head { font-size: 17px; font-weight: 600; } .quiet { fill: #57606a; } .strong { font-weight: 600; }
.paper { fill: #ffffff; } .cell { stroke-width: 1.5; }
.runs { fill: #dcf3e2; stroke: #1a6b33; } .differs { fill: #fbf0c8; stroke: #7a5c00; }
.fails-on-use { fill: #fde3cf; stroke: #a1460b; } .fails { fill: #fbdedb; stroke: #b3261e; }
.unknown { fill: #eee5fa; stroke: #6639a6; } .no-image { fill: #f4f6f8; stroke: #8c959f; stroke-dasharray: 4 3; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6eaef; } .quiet { fill: #9aa5b1; } .paper { fill: #14181d; }
  .runs { fill: #16351f; stroke: #7ee0a0; } .differs { fill: #3a300d; stroke: #e3c04b; }
  .fails-on-use { fill: #402412; stroke: #ffab70; } .fails { fill: #431a17; stroke: #ff8a80; }
  .unknown { fill: #2d2040; stroke: #cfb2ff; } .no-image { fill: #1d232a; stroke: #6e7781; }
}
"""


def svg(rows: Sequence[Base], sources: str) -> str:
    """The picture as one SVG document that needs nothing else; every cell says in words what its colour says."""
    families: dict[str, list[Base]] = {}
    for row in rows:
        families.setdefault(family(row), []).append(row)
    parts: list[str] = []
    top = _TOP
    for name, members in families.items():
        parts.append(f'<text class="strong" x="16" y="{top + 28}">{html.escape(name)}</text>')
        for place, row in enumerate(members):
            x = _LEFT + place % _ACROSS * (_CELL + _GAP)
            y = top + place // _ACROSS * (_HIGH + _GAP)
            parts.append(_cell(row, x, y))
        top += (len(members) + _ACROSS - 1) // _ACROSS * (_HIGH + _GAP) + 6
    width, height = _LEFT + _ACROSS * (_CELL + _GAP) + 10, top + 12
    title = f"Base images for {shown(sources)}"
    runs = sum(row.best == "runs" for row in rows)
    said = f"It runs on {runs} of {len(rows)} images, as they are or with packages added."
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" aria-labelledby="title said">',
            f'<title id="title">{html.escape(title)}</title>',
            f'<desc id="said">{html.escape(said)}</desc>',
            f"<style>{_STYLE}</style>",
            f'<rect class="paper" width="{width}" height="{height}"/>',
            f'<text class="head" x="16" y="28">{html.escape(_cut(title, 90))}</text>',
            f'<text class="quiet" x="16" y="48">{html.escape(said)}</text>',
            *parts,
            "</svg>",
            "",
        ]
    )


def _cell(row: Base, x: int, y: int) -> str:
    told = f"{row.image} ({libc(row)}): {words(row)}. {says(row)}".rstrip(" .") + "."
    return (
        f'<g><title>{html.escape(told)}</title><rect class="cell {row.best}" x="{x}" y="{y}" width="{_CELL}" '
        f'height="{_HIGH}" rx="5"/><text class="strong" x="{x + 9}" y="{y + 19}">{html.escape(_cut(tag(row), 21))}'
        f'</text><text x="{x + 9}" y="{y + 37}">{html.escape(_cut(words(row), 22))}</text></g>'
    )


def words(row: Base) -> str:
    """The verdict in a few words, with what must be added, or what is missing."""
    if row.then is not None and row.best in ("runs", "differs"):
        added = [name for name in row.packages if f"+{name}" not in row.image]
        return f"{WORDS[row.best]} with {', '.join(added)}"
    if row.verdict == "fails" and row.why:
        return f"FAILS: {_short(row.why)}"
    return WORDS[row.verdict]


def _short(why: str) -> str:
    """What tells: a version, a library, a name, or that there is no loader."""
    for said in ("no interpreter", "no dynamic loader", "built for musl"):
        if why.startswith(said):
            return said
    first = why.partition(" ")[0].rstrip(",:")
    missing = " in the image" in why.partition(";")[0]
    return f"no {first}" if missing else first


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
