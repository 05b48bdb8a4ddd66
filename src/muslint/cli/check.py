"""``muslint check``: will it run on the target? The gate."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from muslint.cli.app import UNREADABLE
from muslint.cli.completion import FILE, formats, targets
from muslint.cli.configured import configured
from muslint.cli.gate import Gate
from muslint.cli.outputs import Outputs
from muslint.cli.progress import Progress
from muslint.errors import UnreadableSource, WrongUse
from muslint.policy.verdict import FailOn
from muslint.report.report import Report, joined

if TYPE_CHECKING:
    from muslint.libc.sonames import Sonames
    from muslint.policy.selection import Selection

Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SOURCE…",
        click_type=FILE,
        help="An ELF file, a directory, a root file system, an archive or package, a container image (a file of docker "
        "save, an OCI layout, docker://, docker-daemon:, podman:); - is an archive on stdin.",
    ),
]
FilesFrom = Annotated[
    str | None,
    typer.Option(
        "--files-from",
        metavar="FILE",
        click_type=FILE,
        help="Further sources, one a line, or each ended by NUL; - is stdin.",
    ),
]
On = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="TARGET",
        autocompletion=targets,
        help="alpine:3.23, alpine:3.23+libstdc++, musl:1.2.5, rootfs:DIR or self. "
        "Default: self for a root with a musl loader, else the newest Alpine.",
    ),
]
Wanted = Annotated[
    list[str] | None,
    typer.Option(
        "--output", "-o", metavar="FORMAT[=FILE]", autocompletion=formats,
        help="table, json, sarif …, as `muslint formats` lists them; may be given more than once.",
    ),
]  # fmt: skip
Threshold = Annotated[FailOn, typer.Option("--fail-on", help="Exit 1 from this verdict on.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit 3 when some of the input could not be read, or holds no ELF file at all.")
]
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
Limit = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=VALUE",
        help="Bound on what is unpacked: depth, members, bytes, member, ratio, path, seconds; 0 is no bound. "
        "May be given more than once.",
    ),
]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", metavar="N", min=0, help="Judge with N processes; 0 is one for each CPU.")
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Prove everything anew, and keep nothing in the user's cache folder.")
]
SonamesFile = Annotated[
    str | None,
    typer.Option(
        "--sonames",
        metavar="FILE",
        help="Which package gives which library: a file that `muslint libc learn` made of an APKINDEX.",
    ),
]
ReaderName = Annotated[
    str, typer.Option("--reader", metavar="NAME", help="Who reads ELF: muslint, pyelftools or lief.")
]
BaseImages = Annotated[bool, typer.Option("--bases", help="Say as well which base images run it (muslint bases).")]
KnownFile = Annotated[
    str | None,
    typer.Option("--baseline", metavar="FILE", click_type=FILE, help="Only findings that are not in FILE count."),
]
NewBaseline = Annotated[
    str | None,
    typer.Option("--write-baseline", metavar="FILE", help="Write what is found to FILE, for --baseline; exit 0."),
]
Documentation = Annotated[
    str | None,
    typer.Option(
        "--documentation",
        metavar="URL",
        help="The site these pages are published on, for links from reports.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No table; the exit code says it.")]
Verbose = Annotated[int, typer.Option("--verbose", "-v", count=True, show_default=False, help="List everything.")]
Color = Annotated[str, typer.Option("--color", metavar="WHEN", help="auto, always or never.")]


def check(
    context: typer.Context,
    sources: Sources = None,
    on: On = None,
    output: Wanted = None,
    fail_on: Threshold = FailOn.FAILS,
    strict: Strict = False,
    arch: Arch = None,
    platform: Platform = None,
    include: Include = None,
    exclude: Exclude = None,
    files_from: FilesFrom = None,
    limit: Limit = None,
    jobs: Jobs = 1,
    no_cache: NoCache = False,
    sonames: SonamesFile = None,
    reader: ReaderName = "muslint",
    bases: BaseImages = False,
    baseline: KnownFile = None,
    write_baseline: NewBaseline = None,
    documentation: Documentation = None,
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
    from muslint.sources.limits import parsed

    gate = Gate(context.obj, baseline, fail_on, quiet, documentation)
    with Progress(quiet) as progress, Outputs(_wanted(context, output, quiet), color, verbose) as outputs:
        named = named_sources(sources, files_from)
        asked = partial(
            judge, on=on, watch=progress.step, jobs=jobs,
            reader=None if reader == "muslint" else named_reader(reader),
            arch=known_arch(arch) if arch is not None else None,
            selection=_selection(include, exclude),
            limits=parsed(tuple(limit or ())), sonames=_sonames(sonames) if sonames is not None else None,
            platform=_known_platform(platform) if platform is not None else None, keep=not no_cache,
        )  # fmt: skip
        reports = []
        for report in _judged(named, asked, progress):
            reports.append(gate.settle(report))
            outputs.add(reports[-1])
        _check_included(include, reports)
        if reports:
            whole = joined(reports)
            if bases:
                whole = _with_bases(whole, [report.source for report in reports], arch, include, exclude)
            outputs.finish(whole)
            gate.complain(whole)
            _remark(reports, quiet and not strict, platform if _typed(context, "platform") else None)
            if write_baseline is not None:
                gate.write(whole, write_baseline)
    raise typer.Exit(_exit_code(reports, len(named) - len(reports), strict, shut=write_baseline is None))


def _with_bases(
    whole: Report, sources: list[str], arch: str | None, include: list[str] | None, exclude: list[str] | None
) -> Report:
    """The report with the base images that are not past their end of life, those that run it first."""
    from muslint.across import Across
    from muslint.across import bases as rows_of
    from muslint.advice.bases import ranked
    from muslint.cli.gate import today

    if "-" in sources:
        raise WrongUse("--bases: what comes on stdin can be read only once; write it to a file")
    chosen = known_arch(arch) if arch is not None else None
    source = Across(*sources, arch=chosen, selection=_selection(include, exclude))
    day = today(os.environ.get("SOURCE_DATE_EPOCH"))
    return replace(whole, bases=ranked(rows_of(source, (), day, live=True), "verdict"))


def _selection(include: list[str] | None, exclude: list[str] | None) -> Selection:
    from muslint.policy.selection import Selection

    return Selection(tuple(include or ()), tuple(exclude or ()))


def _wanted(context: typer.Context, output: list[str] | None, quiet: bool) -> list[str]:
    """The outputs that are asked for; ``-q`` takes away those on standard output that only settings ask for."""
    if not quiet:
        return output or ["table"]
    typed = _typed(context, "output")
    return [item for item in output or [] if typed or "=" in item]


def _typed(context: typer.Context, name: str) -> bool:
    """Whether an option stands on the command line itself."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _check_included(include: list[str] | None, reports: list[Report]) -> None:
    """Raise WrongUse where no path is as ``--include`` wants it: a slip of the finger would pass for good."""
    if include and reports and not any(report.objects or report.skipped for report in reports):
        raise WrongUse(f"--include {include[0]}: no object of the source has such a path")


def _remark(reports: list[Report], quiet: bool, platform: str | None) -> None:
    """Say on stderr what a verdict alone would hide: that nothing was judged, that an option meant nothing."""
    if quiet:
        return
    for report in reports if platform is not None else ():
        if not report.images and report.source_kind != "image" and not report.skipped:
            print(f"muslint: --platform {platform}: {report.source} is no image, all of it is judged", file=sys.stderr)
    if not any(report.objects or report.skipped for report in reports):
        print(f"muslint: {', '.join(report.source for report in reports)}: no ELF file to judge", file=sys.stderr)


def _judged(named: list[str], asked: Callable[[str], Report], progress: Progress) -> Iterator[Report]:
    """The report of each source that can be opened; of the others a line on stderr."""
    for source in named:
        try:
            report = asked(source)
        except UnreadableSource as error:
            progress.clear()
            print(f"muslint: {error}", file=sys.stderr)
            continue
        progress.clear()
        yield report


def named_sources(sources: list[str] | None, files_from: str | None) -> list[str]:
    """Every source that is asked for; raises WrongUse where none is."""
    named = [*(sources or ()), *(_listed(files_from) if files_from is not None else ())]
    if not named:
        raise WrongUse("name something to check: a file, a directory, a wheel; or give --files-from FILE")
    return named


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


def _sonames(file: str) -> Sonames:
    from muslint.errors import UnknownLibc
    from muslint.libc.sonames import loads

    try:
        with open(file, encoding="utf-8", errors="replace") as stream:
            return loads(stream.read())
    except OSError as error:
        raise WrongUse(f"--sonames {file}: {error.strerror}") from None
    except UnknownLibc as error:
        raise WrongUse(f"--sonames {file}: {error}") from None


def known_arch(arch: str) -> str:
    """The name musl has for what the user wrote; raises WrongUse for no architecture of musl."""
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


def _exit_code(reports: list[Report], failed: int, strict: bool, shut: bool) -> int:
    """``shut`` says whether findings count at all."""
    if shut and any(report.shuts(judged) for report in reports for judged in report.objects):
        return 1
    unread = failed or any(report.skipped for report in reports)
    nothing = not any(report.objects for report in reports)
    return UNREADABLE if failed or (nothing and unread) or (strict and (nothing or unread)) else 0


COMMAND = configured(check)
"""Every option can also be set in a file or by the environment."""
