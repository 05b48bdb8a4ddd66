"""``muslint check``: will it run on the target? The gate."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import typer

from muslint.cli.app import UNREADABLE
from muslint.errors import UnreadableSource, WrongUse
from muslint.policy.verdict import FailOn, shut
from muslint.report.report import Report, joined

Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SOURCE",
        help="An ELF file, a directory, a root file system, an archive, a container image (a file of docker save, an "
        "OCI layout, docker://, docker-daemon:, podman:); - is an archive on stdin.",
    ),
]
FilesFrom = Annotated[
    str | None,
    typer.Option("--files-from", metavar="FILE", help="Further sources, one a line, or each ended by NUL; - is stdin."),
]
On = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="TARGET",
        help="alpine:3.23, alpine:3.23+libstdc++, musl:1.2.5, rootfs:DIR or self. "
        "Default: self for a root with a musl loader, else the newest Alpine.",
    ),
]
Outputs = Annotated[
    list[str] | None,
    typer.Option("--output", "-o", metavar="FORMAT[=FILE]", help="table or json; may be given more than once."),
]
Threshold = Annotated[FailOn, typer.Option("--fail-on", help="Exit 1 from this verdict on.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 3 when some of the input could not be read.")]
Arch = Annotated[str | None, typer.Option("--arch", metavar="ARCH", help="Only objects of this architecture.")]
Platform = Annotated[
    str | None,
    typer.Option("--platform", metavar="OS/ARCH[/VARIANT]", help="Of an image for several platforms, only this one."),
]
Include = Annotated[
    list[str] | None,
    typer.Option("--include", metavar="GLOB", help="Only objects whose shown path matches; * also matches /."),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="GLOB", help="Not those; they still serve the others as libraries."),
]
ReaderName = Annotated[
    str, typer.Option("--reader", metavar="NAME", help="Who reads ELF: muslint, pyelftools or lief.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No table; the exit code says it.")]
Verbose = Annotated[int, typer.Option("--verbose", "-v", count=True, show_default=False, help="List everything.")]
Color = Annotated[str, typer.Option("--color", metavar="WHEN", help="auto, always or never.")]


def check(
    sources: Sources = None,
    on: On = None,
    output: Outputs = None,
    fail_on: Threshold = FailOn.FAILS,
    strict: Strict = False,
    arch: Arch = None,
    platform: Platform = None,
    include: Include = None,
    exclude: Exclude = None,
    files_from: FilesFrom = None,
    reader: ReaderName = "muslint",
    quiet: Quiet = False,
    verbose: Verbose = 0,
    color: Color = "auto",
) -> None:
    """Will it run on musl, and if not, why, and what would help?

    Exit code: 0 nothing at or above --fail-on; 1 something; 2 wrong use; 3 nothing, or with --strict
    not all, could be read; 4 a bug in muslint.
    """
    from muslint.elf.readers import named_reader
    from muslint.pipeline import check as judge
    from muslint.policy.selection import Selection

    outputs = _outputs(output, quiet, color)
    named = [*(sources or ()), *(_listed(files_from) if files_from is not None else ())]
    if not named:
        raise WrongUse("name something to check: a file, a directory, a wheel; or give --files-from FILE")
    reading = None if reader == "muslint" else named_reader(reader)
    only = _known_arch(arch) if arch is not None else None
    wanted_platform = _known_platform(platform) if platform is not None else None
    selection = Selection(tuple(include or ()), tuple(exclude or ()))
    reports, failed = [], 0
    for source in named:
        try:
            reports.append(judge(source, on, reader=reading, arch=only, selection=selection, platform=wanted_platform))
        except UnreadableSource as error:
            print(f"muslint: {error}", file=sys.stderr)
            failed += 1
    if include and reports and not any(report.objects or report.skipped for report in reports):
        raise WrongUse(f"--include {include[0]}: no object of the source has such a path")
    if reports:
        report = joined(reports)
        for wanted in outputs:
            _write(report, wanted, verbose)
    raise typer.Exit(_exit_code(reports, failed, fail_on, strict))


class _Output(NamedTuple):
    """One ``-o``: the format, the file (None is stdout), and whether it is coloured."""

    format: str
    file: str | None
    colour: bool


def _outputs(given: Sequence[str] | None, quiet: bool, color: str) -> list[_Output]:
    """Every output that is wanted, checked before any work is done."""
    found: list[_Output] = []
    for item in given or ([] if quiet else ["table"]):
        name, equals, file = item.partition("=")
        if name not in ("table", "json"):
            raise WrongUse(f"-o {name}: no such format; known are table and json")
        if equals and not file:
            raise WrongUse(f"-o {item}: the file has no name")
        found.append(_Output(name, file or None, _coloured(color, file or None)))
    files = [wanted.file for wanted in found]
    for chosen in files:
        if files.count(chosen) > 1:
            where = "standard output" if chosen is None else chosen
            raise WrongUse(f"two reports would be written to {where}: give one of them a file, as in -o json=FILE")
    return found


def _coloured(color: str, file: str | None) -> bool:
    if color not in ("auto", "always", "never"):
        raise WrongUse(f"--color {color}: write auto, always or never")
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return file is None and (bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty())


def _listed(files_from: str) -> list[str]:
    """The sources named in a file: one a line, or each ended by NUL as ``find -print0`` writes them."""
    try:
        if files_from == "-":
            data = sys.stdin.buffer.read()
        else:
            with open(files_from, "rb") as stream:
                data = stream.read()
    except OSError as error:
        raise WrongUse(f"--files-from {files_from}: {error.strerror}") from None
    separator = b"\0" if b"\0" in data else b"\n"
    names = (name if separator == b"\0" else name.removesuffix(b"\r") for name in data.split(separator))
    return [os.fsdecode(name) for name in names if name]


def _known_arch(arch: str) -> str:
    from muslint.elf.machine import machine_number
    from muslint.libc.model import musl_arch

    name = musl_arch(arch)
    if not machine_number(name):
        raise WrongUse(f"--arch {arch}: no architecture of musl; write x86_64, aarch64, armhf, i386, riscv64 …")
    return name


def _known_platform(platform: str) -> str:
    parts = platform.lower().split("/")
    if not 2 <= len(parts) <= 3 or not all(parts):
        raise WrongUse(f"--platform {platform}: write it as an image does: linux/amd64, linux/arm64, linux/arm/v7")
    return "/".join(parts)


def _write(report: Report, wanted: _Output, verbose: int) -> None:
    if wanted.format == "json":
        from muslint.report.json_format import render

        text = render(report)
    else:
        from muslint.report.table import render as render_table

        text = render_table(report, verbose, wanted.colour)
    data = text.encode("utf-8", "backslashreplace")
    if wanted.file is None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return
    try:
        _replace(wanted.file, data)
    except OSError as error:
        raise WrongUse(f"-o {wanted.format}={wanted.file}: cannot be written: {error.strerror}") from None


def _replace(file: str, data: bytes) -> None:
    """Write a file whole or not at all; what is no regular file, such as a pipe, is written to as it is."""
    if os.path.exists(file) and not stat.S_ISREG(os.stat(file).st_mode):
        with open(file, "wb") as stream:
            stream.write(data)
        return
    target = os.path.realpath(file)
    partial = f"{target}.part"
    try:
        with open(partial, "wb") as stream:
            stream.write(data)
        os.replace(partial, target)
    except BaseException:
        if os.path.exists(partial):
            os.unlink(partial)
        raise


def _exit_code(reports: list[Report], failed: int, fail_on: FailOn, strict: bool) -> int:
    if shut((judged.verdict for report in reports for judged in report.objects), fail_on):
        return 1
    unread = failed or any(report.skipped for report in reports)
    nothing = not any(report.objects for report in reports) and unread
    return UNREADABLE if nothing or failed or (strict and unread) else 0


COMMAND = check
