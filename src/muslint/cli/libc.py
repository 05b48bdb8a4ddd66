"""``muslint libc``: list, show, learn, diff and verify the tables of C libraries."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from muslint.libc.model import LibcModel

app = typer.Typer(
    name="libc",
    help="What a C library offers: the tables behind every verdict.",
    no_args_is_help=True,
)

Arch = Annotated[str, typer.Option("--arch", help="Architecture, as musl, Alpine or Docker call it.")]
Output = Annotated[str, typer.Option("--output", "-o", help="text or json.")]


@app.command("list")
def list_models(output: Output = "text") -> None:
    """List the C libraries that have a table."""
    _check_format(output)
    from muslint.libc import glibc, musl

    rows: list[dict[str, object]] = [
        {"name": f"musl:{release}", "libc": f"musl {release}", "architectures": len(musl.arches(release))}
        for release in musl.releases()
    ]
    for release in musl.alpine_releases():
        first, last = musl.alpine_packages(release)
        span = first if first == last else f"{first} to {last}"
        version = musl.alpine(release, "x86_64").version
        count = len(musl.arches(version))
        rows.append({"name": f"alpine:{release}", "libc": f"musl {span}", "architectures": count})
    count = len(glibc.arches())
    rows.append({"name": "glibc:2.0 … glibc:2.44", "libc": "glibc", "architectures": count})
    _print(rows, output, "NAME")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="musl:1.2.5, alpine:3.23, glibc:2.31 or a model file.")],
    arch: Arch = "x86_64",
    symbol: Annotated[list[str] | None, typer.Option("--symbol", help="Ask for these names only.")] = None,
    output: Output = "text",
) -> None:
    """Show one C library: its names, and what its loader knows.

    With --symbol, say of each name whether it binds; exit code 1 when one does not.
    """
    _check_format(output)
    model = _model(name, arch)
    if symbol:
        rows = [_symbol_row(model, one) for one in symbol]
        _print(rows, output, "SYMBOL")
        if any(row["binds"] == "no" for row in rows):
            raise typer.Exit(1)
        return
    facts = _facts(model)
    if output == "json":
        facts["symbols"] = {n: model.kinds[n] for n in sorted(model.exports)}
        _json(facts)
        return
    _print([{"": key, " ": _word(value)} for key, value in facts.items()], "text", None)
    typer.echo("\nEvery name: add -o json. One name: add --symbol NAME.")


@app.command()
def learn(
    path: Annotated[Path | None, typer.Argument(help="A musl libc.so or loader, or a root directory.")] = None,
    arch: Annotated[str | None, typer.Option("--arch", help="Which loader, if a root has several.")] = None,
    apkindex: Annotated[
        Path | None,
        typer.Option("--apkindex", metavar="FILE", help="Learn from APKINDEX.tar.gz which package has which library."),
    ] = None,
    release: Annotated[str | None, typer.Option("--release", help="Alpine release of the index, as 3.23.")] = None,
    output: Annotated[str, typer.Option("--output", "-o", help="text, json, or a file to write.")] = "text",
) -> None:
    """Read a real musl and make its model, for --on.

    -o FILE keeps it, for --on FILE. Of a package index it makes a table for --sonames.
    """
    from muslint.errors import MuslintError
    from muslint.libc.learn import learn as read
    from muslint.libc.modelfile import dumps

    if (path is None) is (apkindex is None):
        raise _wrong("name a musl library or root to learn from, or --apkindex FILE")
    if apkindex is not None:
        _learn_index(apkindex, release, output)
        return
    assert path is not None
    try:
        model = read(path, arch)
    except MuslintError as error:
        raise _wrong(str(error)) from error
    if output == "json":
        _json({**_facts(model), "symbols": {n: model.kinds[n] for n in sorted(model.exports)}})
    elif output == "text":
        _print([{"": key, " ": _word(value)} for key, value in _facts(model).items()], "text", None)
    else:
        _keep(output, dumps(model))
        typer.echo(f"wrote {output}: musl {model.version} {model.arch}, {len(model.exports)} names", err=True)


def _learn_index(path: Path, release: str | None, output: str) -> None:
    from muslint.errors import UnknownLibc
    from muslint.libc.apkindex import read_apkindex

    try:
        table = read_apkindex(path, release)
    except UnknownLibc as error:
        raise _wrong(str(error)) from error
    if output == "json":
        _json({"release": table.release, "sonames": dict(sorted(table.packages.items()))})
    elif output == "text":
        typer.echo(table.dumps(), nl=False)
    else:
        _keep(output, table.dumps())
        typer.echo(f"wrote {output}: alpine:{table.release}, {len(table.packages)} libraries", err=True)


def _keep(file: str, text: str) -> None:
    try:
        Path(file).write_text(text)
    except OSError as error:
        raise _wrong(f"{file} cannot be written: {error.strerror}") from error


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="The library to start from.")],
    new: Annotated[str, typer.Argument(help="The library to go to.")],
    arch: Arch = "x86_64",
    output: Output = "text",
) -> None:
    """Compare two C libraries: names gained and lost, and their loaders."""
    _check_format(output)
    changes = _changes(_model(old, arch), _model(new, arch))
    if output == "json":
        _json(changes)
        return
    if not any(changes.values()):
        typer.echo("no difference")
    _print_changes(changes)


@app.command()
def verify(
    name: Annotated[str, typer.Argument(help="The table: musl:1.2.5, alpine:3.23, a model file.")],
    path: Annotated[Path, typer.Argument(help="A real musl, or a root that holds one.")],
    output: Output = "text",
) -> None:
    """Hold a table against a real library.

    Exit code 1 when they differ.
    """
    _check_format(output)
    from muslint.errors import MuslintError
    from muslint.libc.learn import learn as read

    try:
        real = read(path)
    except MuslintError as error:
        raise _wrong(str(error)) from error
    changes = _changes(_model(name, real.arch), real)
    if output == "json":
        _json({"same": not any(changes.values()), **changes})
    elif any(changes.values()):
        typer.echo(f"{path} is not {name} ({real.arch}): + is in the library, - in the table alone")
        _print_changes(changes)
    else:
        typer.echo(f"{path} is {name} ({real.arch}): {len(real.exports)} names agree")
    if any(changes.values()):
        raise typer.Exit(1)


def _model(name: str, arch: str) -> "LibcModel":
    from muslint.errors import MuslintError
    from muslint.libc.names import named

    try:
        return named(name, arch)
    except MuslintError as error:
        raise _wrong(str(error)) from error


def _check_format(output: str) -> None:
    if output not in ("text", "json"):
        raise _wrong(f"-o {output}: write text or json")


def _wrong(text: str) -> typer.Exit:
    typer.echo(f"muslint libc: {text}", err=True)
    return typer.Exit(2)


def _facts(model: "LibcModel") -> dict[str, object]:
    return {
        "libc": model.family,
        "version": model.version,
        "package": model.package,
        "arch": model.arch,
        "exports": len(model.exports),
        "lfs64": model.lfs64.value,
        "relr": model.relr,
        "zero-length-load": model.zero_length_load,
        "relocations": {str(n): kind for n, kind in sorted(model.relocations.items())},
        "provenance": model.provenance,
    }


def _symbol_row(model: "LibcModel", name: str) -> dict[str, str]:
    from muslint.libc.model import lfs64_target

    words = {"F": "function", "O": "object", "T": "TLS", "N": "untyped"}
    row = {"symbol": name, "binds": "no", "how": ""}
    target = lfs64_target(name, model.lfs64)
    if name in model.exports:
        row |= {"binds": "yes", "how": f"exported {words[model.kinds[name]]}"}
    elif target is not None and target in model.exports:
        row |= {"binds": "yes", "how": f"the loader maps it to {target}; dlsym does not find it"}
    elif model.family == "musl":
        from muslint.libc import glibc, groups

        first = glibc.since(name, model.arch)
        since = "private" if first == glibc.PRIVATE else f"since {first}"
        row["how"] = f"glibc's, {since}: {groups.family(name).title}" if first else "no glibc has it either"
    return row


def _changes(old: "LibcModel", new: "LibcModel") -> dict[str, list[str]]:
    before, after = _facts(old), _facts(new)
    keys = ("libc", "version", "arch", "lfs64", "relr", "zero-length-load")
    loader = [f"{key}: {_word(before[key])} -> {_word(after[key])}" for key in keys if before[key] != after[key]]
    for number in sorted({*old.relocations, *new.relocations}):
        was, now = old.relocations.get(number, "none"), new.relocations.get(number, "none")
        if was != now:
            loader.append(f"relocation {number}: {was} -> {now}")
    shared = old.exports & new.exports
    return {
        "loader": loader,
        "added": sorted(new.exports - old.exports),
        "removed": sorted(old.exports - new.exports),
        "kind": [f"{n}: {old.kinds[n]} -> {new.kinds[n]}" for n in sorted(shared) if old.kinds[n] != new.kinds[n]],
    }


def _print_changes(changes: dict[str, list[str]]) -> None:
    for line in (*changes["loader"], *changes["kind"]):
        typer.echo(line)
    for mark, key in (("+", "added"), ("-", "removed")):
        for name in changes[key]:
            typer.echo(f"{mark} {name}")


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return " ".join(f"{key}:{kind}" for key, kind in value.items()) or "all of its machine"
    return "-" if value is None else str(value)


def _print(rows: "Sequence[Mapping[str, object]]", output: str, heads: str | None) -> None:
    if output == "json":
        _json(rows)
        return
    from tabulate import tabulate

    names = [key.upper() for key in rows[0]] if heads else ()
    typer.echo(tabulate([list(row.values()) for row in rows], headers=names, tablefmt="plain", disable_numparse=True))


def _json(value: object) -> None:
    import json

    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


COMMAND = app
