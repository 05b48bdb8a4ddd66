"""``muslint ldd``: what musl's ``ldd`` would print, line for line, without running anything."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from muslint.cli.completion import FILE
from muslint.errors import WrongUse
from muslint.loader.target import Link

if TYPE_CHECKING:
    from muslint.sources.directory import DirectoryTree


class Format(StrEnum):
    """Output of ``muslint ldd``."""

    TEXT = "text"
    JSONL = "jsonl"


def ldd(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE…", click_type=FILE, help="Files to list; inside --root when it is given."),
    ] = None,
    root: Annotated[
        str | None, typer.Option("--root", metavar="DIR", help="Take DIR as /: its own musl loader is the model.")
    ] = None,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="TARGET", help="Without --root: the target, such as alpine:3.23 or musl:1.2.5."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every program and shared library below DIR the loader could be asked about.")
    ] = False,
    library_path: Annotated[str, typer.Option("--library-path", metavar="PATH", help="As LD_LIBRARY_PATH.")] = "",
    preload: Annotated[str, typer.Option("--preload", metavar="LIST", help="As LD_PRELOAD.")] = "",
    arch: Annotated[
        str | None, typer.Option("--arch", metavar="ARCH", help="Which loader, where a root holds several.")
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="text: the loader's own lines. jsonl: one object a line.")
    ] = Format.TEXT,
    reader: Annotated[
        str, typer.Option("--reader", metavar="NAME", help="Who reads ELF: muslint, pyelftools or lief.")
    ] = "muslint",
) -> None:
    """Print what musl's ldd would print, without running anything.

    Exit code: 0 when the file loads, 127 when it does not, 1 when the loader cannot take it at all;
    the highest of them for several files.
    """
    if every == bool(files):
        raise WrongUse("name the files to list, or --all with --root DIR")
    if every and root is None:
        raise WrongUse("--all needs --root DIR")
    worst = 0
    repeats = form is Format.TEXT
    for link in _links(files or [], root, on, arch, library_path, preload, repeats, reader):
        _print_jsonl(link) if form is Format.JSONL else _print_text(link, many=every or len(files or []) > 1)
        worst = max(worst, 128 - link.exit if link.exit < 0 else link.exit)
    raise typer.Exit(worst)


def _links(
    files: list[str], root: str | None, on: str | None, arch: str | None,
    library_path: str, preload: str, repeats: bool, reader: str,
) -> Iterator[Link]:  # fmt: skip
    from muslint.elf.readers import named_reader
    from muslint.libc.model import musl_arch
    from muslint.loader.root import loader_of, subjects
    from muslint.sources.directory import DirectoryTree

    reading = named_reader(reader)
    wanted = musl_arch(arch) if arch else None
    if root is not None:
        if not os.path.isdir(root):
            raise WrongUse(f"--root {root}: no such directory")
        tree = DirectoryTree(root)
        loader = loader_of(tree, wanted, reading)
        for path in [_inside(root, tree, name) for name in files] or subjects(tree, loader):
            yield loader.list(path, library_path=library_path, preload=preload, repeats=repeats)
        return
    from muslint.loader.named import host_loader

    for name in files:
        loader = host_loader(name, on, wanted, reading)
        yield loader.list(name, library_path=library_path, preload=preload, repeats=repeats)


def _inside(root: str, tree: DirectoryTree, name: str) -> str:
    """FILE as a path inside the root; a path on this machine that lies below the root is taken too."""
    if isinstance(tree.resolve(name), int):
        absolute, base = os.path.abspath(name), os.path.abspath(root)
        if os.path.lexists(absolute) and absolute.startswith(base.rstrip("/") + "/"):
            return absolute[len(base.rstrip("/")) :]
    return name


def _print_jsonl(link: Link) -> None:
    print(
        json.dumps(
            {
                "path": link.path,
                "exit": link.exit,
                "loaded": [list(line) for line in link.listed],
                "errors": list(link.errors),
            },
            ensure_ascii=False,
        )
        .encode("utf-8", "backslashreplace")
        .decode()
    )


def _print_text(link: Link, many: bool) -> None:
    if many:
        print(f"{link.path}:")
    for name, path in link.listed:
        print(f"\t{name}" if path is None else f"\t{name} => {path}")
    sys.stdout.flush()
    for line in link.repeats if link.repeats is not None else link.errors:
        print(line, file=sys.stderr)


COMMAND = ldd
