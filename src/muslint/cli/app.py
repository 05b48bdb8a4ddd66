"""Assembles the commands, and turns every error into one line and an exit code.

A command is a module of this package with a function or a typer app called ``COMMAND``; only the
one that was asked for is imported.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

from muslint import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    import typer

COMMANDS = (
    "check",
    "bases",
    "ldd",
    "explain",
    "floor",
    "fix",
    "diff",
    "libc",
    "rules",
    "formats",
    "config",
    "schema",
    "completion",
)
"""In the order of the help page."""

WRONG_USE, UNREADABLE, BUG = 2, 3, 4
_SIGPIPE_EXIT = 141  # 128 + 13, as shells give it


def main() -> None:
    """Run the command line and exit with its code."""
    _open_standard_streams()
    arguments = sys.argv[1:]
    # Links make many small objects that live on: looking for cycles among them again and again is waste.
    gc.set_threshold(200_000, 20, 20)
    try:
        try:
            _run(arguments)
        finally:
            sys.stdout.flush()  # here, not at the interpreter's end, where it could not be answered
            gc.freeze()  # all of it goes now: looking for cycles in it once more takes a tenth of a short run
    except BrokenPipeError:
        _reader_gone()
    except SystemExit as ended:
        # typer makes exit code 1 of it, which is a verdict.
        if isinstance(ended.__context__, BrokenPipeError):
            _reader_gone()
        raise
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        sys.exit(WRONG_USE if _no_room(error) else _explain(error))
    except Exception as error:
        sys.exit(_explain(error))


def _open_standard_streams() -> None:
    """What the caller closed (``>&-``) is the null device: Python has None there, and the first file would take it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 (as long as the process)


def _reader_gone() -> None:
    """End as SIGPIPE would (`| head`): not an error of ours, and nothing more can be said."""
    _print_no_more()
    sys.exit(_SIGPIPE_EXIT)


def _print_no_more() -> None:
    """What is still to be printed goes nowhere: the interpreter would try once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _no_room(error: OSError) -> bool:
    """Whether standard output had no room, which is said; a file has a name, and what is unpacked is a Skipped."""
    from errno import EDQUOT, EFBIG, ENOSPC

    if error.filename is not None or error.errno not in (EDQUOT, EFBIG, ENOSPC):
        return False
    _print_no_more()
    print(f"muslint: standard output cannot be written: {error.strerror}", file=sys.stderr)
    return True


def assembled(names: Sequence[str] = COMMANDS) -> typer.Typer:
    """The command line with these commands; only they are imported."""
    import importlib

    import typer

    app = typer.Typer(
        name="muslint",
        help="Will this ELF binary run on musl (Alpine)? Says so without running it, and why not.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def options(version: bool = typer.Option(False, "--version", "-V", help="Print the version and exit.")) -> None:
        if version:
            print(f"muslint {__version__}")
            raise typer.Exit

    for name in names:
        command = importlib.import_module(f"muslint.cli.{name}").COMMAND
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def _run(arguments: list[str]) -> None:
    if arguments in (["--version"], ["-V"]):
        print(f"muslint {__version__}")
        return
    asked = next((word for word in arguments if not word.startswith("-")), None)
    app = assembled([asked] if asked in COMMANDS else COMMANDS)
    if os.environ.get("_MUSLINT_COMPLETE"):
        from muslint.cli.completion import answer

        if answer(app):
            return
    app()


def _explain(error: Exception) -> int:
    from muslint.errors import MuslintError, UnreadableSource

    if isinstance(error, UnreadableSource):
        print(f"muslint: {error}", file=sys.stderr)
        return UNREADABLE
    if isinstance(error, MuslintError):
        print(f"muslint: {error}", file=sys.stderr)
        return WRONG_USE
    if os.environ.get("MUSLINT_TRACEBACK"):
        raise error
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else "?"
    print(
        f"muslint: a bug in muslint {__version__}: {type(error).__name__}: {error} ({where}). "
        "Please report it with the command and the file; MUSLINT_TRACEBACK=1 shows the trace.",
        file=sys.stderr,
    )
    return BUG
