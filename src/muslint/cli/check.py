"""``muslint check``: will it run on the target? The gate."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from muslint.cli.app import UNREADABLE
from muslint.errors import UnreadableSource, WrongUse
from muslint.policy.verdict import FailOn, shut
from muslint.report.report import Report, joined


def check(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE…", help="An ELF file, a directory, a root file system, a wheel or other zip."),
    ],
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="TARGET",
            help="alpine:3.23, alpine:3.23+libstdc++, musl:1.2.5, rootfs:DIR or self. "
            "Default: self for a root with a musl loader, else the newest Alpine.",
        ),
    ] = None,
    output: Annotated[
        list[str] | None,
        typer.Option("--output", "-o", metavar="FORMAT[=FILE]", help="table or json; may be given more than once."),
    ] = None,
    fail_on: Annotated[FailOn, typer.Option("--fail-on", help="Exit 1 from this verdict on.")] = FailOn.FAILS,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 3 when some of the input could not be read.")] = False,
    arch: Annotated[
        str | None, typer.Option("--arch", metavar="ARCH", help="Only objects of this architecture.")
    ] = None,
    reader: Annotated[
        str, typer.Option("--reader", metavar="NAME", help="Who reads ELF: muslint, pyelftools or lief.")
    ] = "muslint",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No table; the exit code says it.")] = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="List everything.")] = 0,
    color: Annotated[str, typer.Option("--color", metavar="WHEN", help="auto, always or never.")] = "auto",
) -> None:
    """Will it run on musl, and if not, why, and what would help?

    Exit code: 0 nothing at or above --fail-on; 1 something; 2 wrong use; 3 nothing, or with --strict
    not all, could be read; 4 a bug in muslint.
    """
    from muslint.elf.machine import canonical_arch
    from muslint.elf.readers import named_reader
    from muslint.pipeline import check as judge

    outputs = _outputs(output, quiet)
    reading = None if reader == "muslint" else named_reader(reader)
    reports, failed = [], 0
    for source in sources:
        try:
            reports.append(judge(source, on, reader=reading, arch=canonical_arch(arch) if arch else None))
        except UnreadableSource as error:
            print(f"muslint: {error}", file=sys.stderr)
            failed += 1
    if reports:
        report = joined(reports)
        for name, file in outputs:
            _write(report, name, file, verbose, color)
    raise typer.Exit(_exit_code(reports, failed, fail_on, strict))


def _outputs(given: list[str] | None, quiet: bool) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    for item in given or ([] if quiet else ["table"]):
        name, _, file = item.partition("=")
        if name not in ("table", "json"):
            raise WrongUse(f"-o {name}: no such format; known are table and json")
        found.append((name, file or None))
    return found


def _write(report: Report, name: str, file: str | None, verbose: int, color: str) -> None:
    if name == "json":
        from muslint.report.json_format import render

        text = render(report)
    else:
        from muslint.report.table import render as render_table

        text = render_table(report, verbose, _coloured(color, file))
    if file is None:
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.flush()
        return
    partial = f"{file}.part"
    try:
        with open(partial, "wb") as stream:
            stream.write(text.encode("utf-8", "backslashreplace"))
        os.replace(partial, file)
    except OSError as error:
        raise WrongUse(f"-o {name}={file}: cannot be written: {error.strerror}") from None


def _coloured(color: str, file: str | None) -> bool:
    if color not in ("auto", "always", "never"):
        raise WrongUse(f"--color {color}: write auto, always or never")
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (file is None and sys.stdout.isatty())


def _exit_code(reports: list[Report], failed: int, fail_on: FailOn, strict: bool) -> int:
    if shut((judged.verdict for report in reports for judged in report.objects), fail_on):
        return 1
    unread = failed or any(report.skipped for report in reports)
    nothing = not any(report.objects for report in reports) and unread
    return UNREADABLE if nothing or failed or (strict and unread) else 0


COMMAND = check
