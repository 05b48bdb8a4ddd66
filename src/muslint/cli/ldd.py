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
    from muslint.elf.object import Reader
    from muslint.loader.glibc import GlibcLoader
    from muslint.loader.musl import MuslLoader
    from muslint.sources.directory import DirectoryTree


class Libc(StrEnum):
    """Whose loader is asked."""

    MUSL = "musl"
    GLIBC = "glibc"


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
    libc: Annotated[
        Libc | None,
        typer.Option("--libc", help="Whose loader is asked where --root holds both; musl when not told."),
    ] = None,
    cpu: Annotated[
        str | None,
        typer.Option(
            "--cpu",
            metavar="CPU",
            help="Of a root with glibc: the processor, x86-64-v3, haswell and so on. Default: x86-64-v4.",
        ),
    ] = None,
    reader: Annotated[
        str, typer.Option("--reader", metavar="NAME", help="Who reads ELF: muslint, pyelftools or lief.")
    ] = "muslint",
) -> None:
    """What the loader's own ldd would print, without running it.

    musl's ldd, or glibc's ldd -r.

    Exit code: 0 when the file loads, 127 when it does not, 1 when the loader cannot take it at all;
    the highest of them for several files. glibc's ldd -r says 0 even where a library is missing.
    """
    if every == bool(files):
        raise WrongUse("name the files to list, or --all with --root DIR")
    if every and root is None:
        raise WrongUse("--all needs --root DIR")
    worst = 0
    repeats = form is Format.TEXT
    for link in _links(files or [], root, on, arch, library_path, preload, repeats, reader, libc, cpu):
        _print_jsonl(link) if form is Format.JSONL else _print_text(link, many=every or len(files or []) > 1)
        worst = max(worst, 128 - link.exit if link.exit < 0 else link.exit)
    raise typer.Exit(worst)


def _links(
    files: list[str], root: str | None, on: str | None, arch: str | None,
    library_path: str, preload: str, repeats: bool, reader: str, libc: Libc | None, cpu: str | None,
) -> Iterator[Link]:  # fmt: skip
    from muslint.elf.readers import named_reader
    from muslint.libc.model import musl_arch
    from muslint.loader.root import subjects
    from muslint.sources.directory import DirectoryTree

    reading = named_reader(reader)
    wanted = musl_arch(arch) if arch else None
    if root is not None:
        if not os.path.isdir(root):
            raise WrongUse(f"--root {root}: no such directory")
        tree = DirectoryTree(root)
        loader = _loader(tree, wanted, reading, libc, cpu)
        for path in [_inside(root, tree, name) for name in files] or subjects(tree, loader):
            yield loader.list(path, library_path=library_path, preload=preload, repeats=repeats)
        return
    if cpu is not None:
        raise WrongUse(f"--cpu {cpu}: only the directories of a root are searched by processor; add --root DIR")
    from muslint.loader.named import host_loader

    for name in files:
        loader = host_loader(name, on, wanted, reading)
        if libc is not None and loader.model.family != libc:
            other = "debian:12, or --root DIR that holds a glibc" if libc is Libc.GLIBC else "alpine:3.23"
            raise WrongUse(
                f"--libc {libc}: {on or 'the default target'} has no loader of {libc}; name one: --on {other}"
            )
        yield loader.list(name, library_path=library_path, preload=preload, repeats=repeats)


def _loader(
    tree: DirectoryTree, arch: str | None, reader: Reader, libc: Libc | None, cpu: str | None
) -> MuslLoader | GlibcLoader:
    """The loader of a root; musl's where both are there and none is named."""
    from muslint.loader.glibc_rtld import PROCESSORS
    from muslint.loader.root import glibc_loader_of, loader_of, musl_loaders

    if cpu is not None and cpu not in PROCESSORS:
        raise WrongUse(f"--cpu {cpu}: not one of {', '.join(PROCESSORS)}")
    if libc is None:
        from muslint.loader.glibc_rtld import glibc_loaders

        libc = Libc.GLIBC if not musl_loaders(tree) and glibc_loaders(tree) else Libc.MUSL
    if libc is Libc.GLIBC:
        return glibc_loader_of(tree, arch, PROCESSORS[cpu or "x86-64-v4"], reader)
    if cpu is not None:
        raise WrongUse(f"--cpu {cpu}: musl's loader does not ask for the processor; --libc glibc asks the other one")
    return loader_of(tree, arch, reader)


def _inside(root: str, tree: DirectoryTree, name: str) -> str:
    """FILE as a path inside the root; a path on this machine that lies below the root is taken too."""
    if isinstance(tree.resolve(name), int):
        absolute, base = os.path.abspath(name), os.path.abspath(root)
        if os.path.lexists(absolute) and absolute.startswith(base.rstrip("/") + "/"):
            return absolute[len(base.rstrip("/")) :]
    return name


def _print_jsonl(link: Link) -> None:
    row: dict[str, object] = {
        "path": link.path,
        "exit": link.exit,
        "loaded": [list(line) for line in link.listed],
    }
    if link.printed is not None:
        row["missing"] = list(link.missing)
    row["errors"] = list(link.errors)
    print(json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace").decode())


def _print_text(link: Link, many: bool) -> None:
    if many:
        print(f"{link.path}:")
    if link.printed is not None:
        for line in link.printed:
            print(line)
    for name, path in link.listed if link.printed is None else ():
        print(f"\t{name}" if path is None else f"\t{name} => {path}")
    sys.stdout.flush()
    for line in link.repeats if link.repeats is not None else link.errors:
        print(line, file=sys.stderr)


COMMAND = ldd
