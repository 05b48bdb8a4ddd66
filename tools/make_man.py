"""Make the manual page from the commands themselves: ``python tools/make_man.py`` writes ``docs/man/muslint.1``.

A test keeps the page equal to the commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from typer.main import get_command

from muslint import __version__
from muslint.cli.app import assembled
from muslint.cli.check import check
from muslint.cli.configured import settings_of
from muslint.report.format import formats

PAGE = Path(__file__).resolve().parent.parent / "docs" / "man" / "muslint.1"
_EXITS = {
    "0": "nothing at or above --fail-on",
    "1": "something at or above it",
    "2": "wrong use, bad configuration, unknown target",
    "3": "nothing could be read, or one of several sources; with --strict also when any member could not",
    "4": "a bug in muslint",
}
_FILES = {
    "muslint.toml": "settings of check and suppressions; the nearest from the working directory upwards counts",
    "pyproject.toml": "the same, in [tool.muslint]",
}
_ELSE = {
    "MUSLINT_CONFIG": "the file in place of the nearest one",
    "MUSLINT_TRACEBACK": "set to 1: show the trace of a bug",
    "MUSLINT_CACHE_DIR": "where check keeps what it proved, instead of ~/.cache/muslint; empty: nowhere",
    "COLUMNS": "how wide tables on standard output are, in place of the terminal's width",
    "NO_COLOR, FORCE_COLOR": "no colour, colour also where output is no terminal",
    "CI": "set: no progress bar",
    "SOURCE_DATE_EPOCH": "seconds that stand for now when suppressions expire",
    "GITHUB_STEP_SUMMARY": "the file that -o github adds its summary to",
}


def page() -> str:
    """The manual page, in the man macros that man-db and mandoc read."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    root = get_command(assembled())
    context = click.Context(root, info_name="muslint")
    yield f'.TH MUSLINT 1 "" "muslint {_roff(__version__)}" "User Commands"'
    yield from (".SH NAME", r"muslint \- will this ELF binary run on musl?")
    yield from (".SH SYNOPSIS", ".B muslint", r".I COMMAND", "[OPTION]... [ARGUMENT]...")
    yield from (".SH DESCRIPTION", _roff(root.help or ""))
    for name, command in _commands(root, context, "muslint"):
        yield f".SH {_roff(name.removeprefix('muslint ').upper())}"
        yield from _command(name, command)
    yield from _table("FORMATS OF REPORTS", {form.name: form.title for form in formats()})
    yield from _table("EXIT STATUS", _EXITS)
    yield "The exit status of ldd is that of the loader: 0, 127 or 1."
    variables = {setting.variable: f"--{setting.name} of check" for setting in settings_of(check).values()}
    yield from _table("ENVIRONMENT", variables | _ELSE)
    yield "Lists are separated by commas."
    yield "The command line stands above the environment, the environment above the file."
    yield from _table("FILES", _FILES)
    yield from (".SH SEE ALSO", ".BR ld.so (8),", ".BR ldd (1)")


def _commands(group: Any, context: click.Context, path: str) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if hasattr(command, "list_commands"):
            yield from _commands(command, context, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _command(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    usage = " ".join(command.collect_usage_pieces(context))
    yield from (f".B {_roff(name)}", _roff(usage), ".PP")
    for paragraph in re.split(r"\n\s*\n", (command.help or "").strip()):
        yield from (_roff(" ".join(paragraph.split())), ".PP")
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in parameter.opts:
            text = record[1] or getattr(parameter, "help", "") or ""
            yield from (".TP", f".B {_roff(record[0])}", _roff(" ".join(text.split())) or r"\&")


def _table(title: str, rows: dict[str, str]) -> Iterator[str]:
    yield f".SH {title}"
    for term, text in rows.items():
        yield from (".TP", f".B {_roff(term)}", _roff(text))
    yield ".PP"


def _roff(text: str) -> str:
    """Text that roff takes for nothing else; every hyphen can be copied into a shell."""
    plain = text.replace("\\", r"\e").replace("-", r"\-").replace("…", "...").replace("'", r"\(aq")
    return r"\&" + plain if plain.startswith((".", "'")) else plain


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
