"""``muslint completion``: the script that lets a shell complete commands, options and values."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import click
import typer

FILE = click.Path(readable=False)
"""The type of what names a file: the shell itself completes it. Whether it can be read shows when it is read."""

VARIABLE = "_MUSLINT_COMPLETE"
"""Set by the scripts when they ask: ``bash_source`` for the script, ``bash_complete`` for what fits."""

_WHOLE_TARGETS = 'COMP_WORDBREAKS="${COMP_WORDBREAKS//:}"'
"""bash takes ``alpine:3.23`` for three words else."""


class Shell(StrEnum):
    """Shells there is a script for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(help="bash, zsh or fish.")]) -> None:
    """Print the completion script of a shell.

    bash: eval "$(muslint completion bash)" in ~/.bashrc; zsh: the same in ~/.zshrc; fish: muslint completion fish |
    source.
    """
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise AssertionError(shell)
    if shell is Shell.BASH:
        print(_WHOLE_TARGETS)
    print(made(click.Command("muslint"), {}, "muslint", VARIABLE).source())


def answer(app: typer.Typer) -> bool:
    """Where a shell asks, print what fits; whether one did."""
    asked = os.environ.get(VARIABLE)
    if not asked:
        return False
    from click.shell_completion import shell_complete
    from typer.main import get_command

    shell_complete(get_command(app), {}, "muslint", VARIABLE, asked)
    return True


def targets(incomplete: str) -> list[str]:
    """Targets the tables know."""
    from muslint.libc import musl

    known = [f"alpine:{release}" for release in musl.alpine_releases()]
    known += [f"musl:{release}" for release in musl.releases()]
    return [name for name in (*known, "rootfs:", "self") if name.startswith(incomplete)]


def formats(incomplete: str) -> list[str]:
    """Names of report formats."""
    from muslint.report.format import formats as known

    return [form.name for form in known() if form.name.startswith(incomplete)]


COMMAND = completion
