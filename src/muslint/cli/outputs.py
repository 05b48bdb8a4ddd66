"""Where reports go: standard output, files, and files that the environment names."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import BinaryIO

from muslint.errors import WrongUse
from muslint.report.format import named_format
from muslint.report.report import Report


class _Output:
    """One ``-o``: the name of the format, the file (None is standard output), and whether it is coloured."""

    def __init__(self, item: str, color: str) -> None:
        self.name, equals, file = item.partition("=")
        if equals and not file:
            raise WrongUse(f"-o {item}: the file has no name")
        self.file, self.colour = file or None, _coloured(color, file or None)
        self.width = screen_width() if self.file is None else None
        self._stream: BinaryIO | None = None
        self._partial: str | None = None

    def write(self, text: str) -> None:
        """Add to the output. A file is written whole or not at all: see `close`."""
        data = text.encode("utf-8", "backslashreplace")
        if self.file is None:
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
            return
        try:
            if self._stream is None:
                self._stream = self._opened(self.file)
            self._stream.write(data)
            self._stream.flush()
        except OSError as error:
            self.abandon()
            raise self._cannot(error) from None

    def _opened(self, file: str) -> BinaryIO:
        # What is no regular file, such as a pipe, is written to as it is.
        if os.path.exists(file) and not stat.S_ISREG(os.stat(file).st_mode):
            return open(file, "wb")
        self._partial = f"{os.path.realpath(file)}.part"
        return open(self._partial, "wb")

    def close(self) -> None:
        """Put a file in its place."""
        if self._stream is None or self.file is None:
            return
        try:
            self._stream.close()
            if self._partial is not None:
                os.replace(self._partial, os.path.realpath(self.file))
        except OSError as error:
            self.abandon()
            raise self._cannot(error) from None

    def abandon(self) -> None:
        """Leave nothing half written behind; what is whole stays."""
        if self._stream is not None:
            self._stream.close()
        if self._partial is not None:
            with suppress(OSError):
                os.unlink(self._partial)

    def _cannot(self, error: OSError) -> WrongUse:
        return WrongUse(f"-o {self.name}={self.file}: cannot be written: {error.strerror}")


def _outputs(given: Sequence[str], color: str) -> list[_Output]:
    """Every ``-o``; raises WrongUse where two would be written to one place."""
    found = [_Output(item, color) for item in given]
    files = [wanted.file for wanted in found]
    for chosen in files:
        if files.count(chosen) > 1:
            where = "standard output" if chosen is None else chosen
            raise WrongUse(f"two reports would be written to {where}: give one of them a file, as in -o json=FILE")
    return found


class Files:
    """The outputs of a command with formats of its own: each as (format, write, coloured, width).

    Raises WrongUse before any work is done for one that cannot be meant.
    """

    def __init__(self, given: Sequence[str], formats: Sequence[str], color: str) -> None:
        self._outputs = _outputs(given, color)
        for wanted in self._outputs:
            if wanted.name not in formats:
                raise WrongUse(f"-o {wanted.name}: write {', '.join(formats[:-1])} or {formats[-1]}")

    def __iter__(self) -> Iterator[tuple[str, Callable[[str], None], bool, int | None]]:
        for wanted in self._outputs:
            yield wanted.name, wanted.write, wanted.colour, wanted.width

    def __enter__(self) -> Files:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for wanted in self._outputs:
            if kind is not None:
                wanted.abandon()
            else:
                wanted.close()


class Outputs:
    """Every output of one run. Raises WrongUse before any work is done for one that cannot be meant."""

    def __init__(self, given: Sequence[str], color: str, verbose: int) -> None:
        self._verbose = verbose
        self._outputs = [(wanted, named_format(wanted.name)) for wanted in _outputs(given, color)]

    def add(self, report: Report) -> None:
        """One source is judged: write what formats that go along with the work have to say."""
        for wanted, form in self._outputs:
            if form.piece is not None:
                wanted.write(form.piece(report))

    def finish(self, report: Report) -> None:
        """Everything is judged: write the rest, and put files in their place."""
        for wanted, form in self._outputs:
            wanted.write(
                form.end(report) if form.piece else form.text(report, self._verbose, wanted.colour, wanted.width)
            )
            wanted.close()
            for variable, render in form.appended.items():
                _append(variable, render(report, self._verbose))

    def __enter__(self) -> Outputs:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Where the work ended early no file is half written."""
        if kind is not None:
            for wanted, _form in self._outputs:
                wanted.abandon()


def _append(variable: str, text: str) -> None:
    file = os.environ.get(variable)
    if not file:
        return
    try:
        with open(file, "ab") as stream:
            stream.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise WrongUse(f"${variable}: {file}: cannot be written: {error.strerror}") from None


def screen_width() -> int | None:
    """Characters in a line of standard output: COLUMNS, else those of the terminal; None where neither is known."""
    return shutil.get_terminal_size((0, 0)).columns or None


def _coloured(color: str, file: str | None) -> bool:
    if color not in ("auto", "always", "never"):
        raise WrongUse(f"--color {color}: write auto, always or never")
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return file is None and (bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty())
