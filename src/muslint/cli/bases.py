"""``muslint bases``: which base images run it as it is, and what each one lacks."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from muslint.cli.app import UNREADABLE
from muslint.cli.completion import FILE, targets
from muslint.errors import UnreadableSource, WrongUse

if TYPE_CHECKING:
    from datetime import date

    from muslint.across import Across
    from muslint.advice.base import Base

SORTS = ("verdict", "size", "eol")
FORMATS = ("table", "json", "svg", "html", "markdown")


Sources = Annotated[list[str] | None, typer.Argument(metavar="SOURCE…", click_type=FILE, help="As for check.")]
Images = Annotated[
    list[str] | None,
    typer.Option(
        "--on", metavar="IMAGE", autocompletion=targets,
        help="Only these images: debian:13-slim, alpine:3.24+gcompat …; may be given more than once.",
    ),
]  # fmt: skip
Wanted = Annotated[
    list[str] | None,
    typer.Option(
        "--output", "-o", metavar="FORMAT[=FILE]",
        help="table, json, svg, html or markdown; may be given more than once.",
    ),
]  # fmt: skip
Sort = Annotated[str, typer.Option("--sort", metavar="BY", help="verdict, size or eol.")]
Live = Annotated[bool, typer.Option("--live", help="Leave out images past their end of life.")]
Dockerfile = Annotated[
    bool, typer.Option("--dockerfile", help="Print the FROM and RUN lines of the best image instead.")
]
Arch = Annotated[str | None, typer.Option("--arch", metavar="ARCH", help="As for check.")]
Globs = Annotated[list[str] | None, typer.Option("--include", metavar="GLOB", help="As for check.")]
NoGlobs = Annotated[list[str] | None, typer.Option("--exclude", metavar="GLOB", help="As for check.")]
Limit = Annotated[list[str] | None, typer.Option("--limit", metavar="NAME=VALUE", help="As for check.")]
FilesFrom = Annotated[str | None, typer.Option("--files-from", metavar="FILE", click_type=FILE, help="As for check.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 3 when some of the input could not be read.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Changes nothing: only check keeps something.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No table.")]
Verbose = Annotated[
    int, typer.Option("--verbose", "-v", count=True, show_default=False, help="Every image, whole reasons.")
]
Color = Annotated[str, typer.Option("--color", metavar="WHEN", help="auto, always or never.")]


def bases(
    sources: Sources = None,
    on: Images = None,
    output: Wanted = None,
    sort: Sort = "verdict",
    live: Live = False,
    dockerfile: Dockerfile = False,
    arch: Arch = None,
    include: Globs = None,
    exclude: NoGlobs = None,
    files_from: FilesFrom = None,
    limit: Limit = None,
    strict: Strict = False,
    no_cache: NoCache = False,  # noqa: ARG001 (nothing is kept)
    quiet: Quiet = False,
    verbose: Verbose = 0,
    color: Color = "auto",
) -> None:
    """Which base images run it, and what each of the others lacks.

    Exit code: 0; 1 with --dockerfile when no image runs it; 2 wrong use; 3 a source could not be read, holds no
    ELF file, or with --strict not all of it could be read.
    """
    from muslint.across import Across
    from muslint.across import bases as rows_of
    from muslint.advice.bases import ranked
    from muslint.cli.check import known_arch, named_sources
    from muslint.cli.gate import today
    from muslint.cli.outputs import Files
    from muslint.cli.progress import Progress
    from muslint.policy.selection import Selection
    from muslint.sources.limits import parsed

    if sort not in SORTS:
        raise WrongUse(f"--sort {sort}: write {', '.join(SORTS[:-1])} or {SORTS[-1]}")
    named = named_sources(sources, files_from)
    wanted = [] if dockerfile else output or ([] if quiet else ["table"])
    day = today(os.environ.get("SOURCE_DATE_EPOCH"))
    with Progress(quiet) as progress, Files(wanted, FORMATS, color) as files:
        try:
            source = Across(
                *named, arch=known_arch(arch) if arch is not None else None,
                selection=Selection(tuple(include or ()), tuple(exclude or ())), limits=parsed(tuple(limit or ())),
                watch=progress.step,
            )  # fmt: skip
        except UnreadableSource as error:
            progress.clear()
            print(f"muslint: {error}", file=sys.stderr)
            raise typer.Exit(UNREADABLE) from None
        first = source.on("alpine", behaviour=False)
        if not first.objects:
            progress.clear()
            print(f"muslint: {', '.join(named)}: no ELF file to judge", file=sys.stderr)
            raise typer.Exit(UNREADABLE)
        rows = ranked(rows_of(source, tuple(on or ()), day, live=live), sort)
        progress.clear()
        for name, write, colour, width in files:
            write(_rendered(name, rows, named, source, day, verbose, colour, width))
    code = _dockerfile(rows, sort, ", ".join(named)) if dockerfile else 0
    raise typer.Exit(code or (UNREADABLE if strict and first.skipped else 0))


def _rendered(
    name: str, rows: tuple[Base, ...], sources: list[str], source: Across, day: date, verbose: int, colour: bool,
    width: int | None,
) -> str:  # fmt: skip
    from muslint import __version__
    from muslint.report import bases

    said = ", ".join(sources)
    if name == "json":
        import json

        text = json.dumps(bases.whole(rows, sources, day.isoformat(), __version__), indent=2, ensure_ascii=False)
        return text.encode("utf-8", "backslashreplace").decode() + "\n"
    if name == "svg":
        from muslint.report.heatmap import svg

        return svg(rows, said)
    if name == "html":
        from muslint.report.format import named_format

        return named_format("html").text(replace(source.on("alpine"), bases=rows), verbose, False)
    if name == "markdown":
        return bases.markdown(rows)
    return bases.table(rows, said, verbose, colour, width)


def _dockerfile(rows: tuple[Base, ...], sort: str, sources: str) -> int:
    from muslint.advice.bases import best, dockerfile

    found = best(rows, sort)
    if found is None:
        print(f"muslint: no image of the catalogue runs {sources}: see muslint bases", file=sys.stderr)
        return 1
    print(dockerfile(found, sources), end="")
    return 0


COMMAND = bases
