"""A bar on stderr while work goes on: only on a terminal, only when it takes a while, never in CI."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from time import monotonic
from typing import TextIO

DELAY, INTERVAL = 0.5, 0.1
"""Seconds of work before the bar is shown, and between two drawings of it."""

_BAR = 24  # columns


def wanted(stream: TextIO, environment: Mapping[str, str], quiet: bool) -> bool:
    """Whether a bar may be shown: a terminal that can move its cursor, and nobody's log."""
    return not quiet and stream.isatty() and not environment.get("CI") and environment.get("TERM") != "dumb"


class Progress:
    """Say `step` often: it is cheap. `clear` before anything else is written."""

    def __init__(self, quiet: bool, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._wanted = wanted(self._stream, os.environ, quiet)
        self._next = monotonic() + DELAY
        self._shown = False

    def step(self, phase: str, done: int, total: int) -> None:
        """``done`` of ``total`` of what is going on, such as ``reading``."""
        if not self._wanted or monotonic() < self._next:
            return
        self._next = monotonic() + INTERVAL
        filled = _BAR * done // max(total, 1)
        self._stream.write(f"\r{phase:8} [{'#' * filled}{'.' * (_BAR - filled)}] {done}/{total}\x1b[K")
        self._stream.flush()
        self._shown = True

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Take the bar away."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = False
