"""How wide tables for people are: their last column has what the others leave of the screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_GAP, _LEAST = 2, 16
_BESIDE = 2
"""Characters that tabulate keeps free beside a heading (its MIN_PADDING)."""


def left(heads: Sequence[str], rows: Iterable[Sequence[str]], width: int | None) -> int | None:
    """Characters that a column may have beside these, with their headings; None where there is no ``width``.

    It has some room whatever the others take: paths and names are to be copied, and never cut.
    """
    if width is None:
        return None
    padded = [head + " " * _BESIDE for head in heads]
    widest = [max(map(len, column)) for column in zip(padded, *rows)]
    return max(width - sum(widest) - _GAP * len(widest), _LEAST)


def cut(text: str, room: int | None) -> str:
    """The text, cut to ``room`` characters; whole where there is no such number."""
    return text if room is None or len(text) <= room else text[: room - 1] + "…"
