"""``muslint floor``: the oldest glibc, musl and Alpine a binary runs on, and the symbols that force it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from muslint.cli.app import UNREADABLE
from muslint.cli.bases import FilesFrom, Globs, Limit, NoCache, NoGlobs, Strict
from muslint.cli.completion import FILE

if TYPE_CHECKING:
    from muslint.across import Across
    from muslint.advice.floor import Floor, Release
    from muslint.report.report import Judged
    from muslint.rules.finding import Finding

_SHOWN = 6
_WORDS = {
    "relr-unsupported": "packed relative relocations (DT_RELR)",
    "relocation-unsupported": "a relocation type it uses",
    "tls-initial-exec": "room for its initial-exec TLS",
    "textrel-program": "text relocations in programs",
}
"""What a release lacks where that has no name in the file: by the rule that says so."""

Key = tuple[tuple[str, ...], str]


def floor(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE…", click_type=FILE, help="As for check.")
    ] = None,
    output: Annotated[
        list[str] | None,
        typer.Option("--output", "-o", metavar="FORMAT[=FILE]", help="text or json; may be given more than once."),
    ] = None,
    arch: Annotated[str | None, typer.Option("--arch", metavar="ARCH", help="As for check.")] = None,
    include: Globs = None,
    exclude: NoGlobs = None,
    files_from: FilesFrom = None,
    limit: Limit = None,
    strict: Strict = False,
    no_cache: NoCache = False,  # noqa: ARG001 (nothing is kept)
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Every version and every symbol.")] = False,
) -> None:
    """The oldest glibc, libstdc++, musl and Alpine that run it.

    With the symbols that force each, and what lower releases lack.

    Exit code: 0; 2 wrong use; 3 a source could not be read, holds no ELF file, or with --strict not all
    of it could be read.
    """
    from muslint.across import Across
    from muslint.cli.check import known_arch, named_sources
    from muslint.cli.outputs import Files
    from muslint.errors import UnreadableSource
    from muslint.policy.selection import Selection
    from muslint.sources.limits import parsed

    named = named_sources(sources, files_from)
    known = known_arch(arch) if arch is not None else None
    selection, limits = Selection(tuple(include or ()), tuple(exclude or ())), parsed(tuple(limit or ()))
    found: list[Floor] = []
    failed = False
    with Files(output or ["text"], ("text", "json"), "never") as files:
        for source in named:
            try:
                across = Across(source, arch=known, selection=selection, limits=limits)
                told = list(floors(across))
                partly = across.on("alpine", behaviour=False).skipped
            except UnreadableSource as error:
                print(f"muslint: {error}", file=sys.stderr)
                failed = True
                continue
            if not told:
                print(f"muslint: {source}: no ELF file to judge", file=sys.stderr)
            failed = failed or bool(strict and (partly or not told))
            found += told
        for name, write, *_ in files:
            write(_rendered(name, found, verbose))
    raise typer.Exit(UNREADABLE if failed or not found else 0)


def _rendered(name: str, found: list[Floor], verbose: bool) -> str:
    if name == "json":
        import json

        document = {"schema": "muslint-floor/1", "objects": [_plain(item) for item in found]}
        return json.dumps(document, indent=2) + "\n"
    return "\n\n".join(_told(item, verbose) for item in found) + ("\n" if found else "")


def floors(across: Across) -> Iterator[Floor]:
    """The floor of every object of a source, in the order of a report."""
    from muslint.advice.floor import Floor, Release, lacks, packages, steps
    from muslint.libc.musl import alpine_releases, releases

    musl: dict[Key, list[Release]] = {}
    alpine: dict[Key, list[Release]] = {}
    facts: dict[Key, Judged] = {}
    for release in releases():
        for key, judged in _judged(across, f"musl:{release}").items():
            facts[key] = judged
            if judged.verdict != "unknown":
                said = (*_loader_of_glibc(judged.findings), *lacks(judged.findings, libc_alone=True))
                row = Release(release, f"musl:{release}", said)
                musl.setdefault(key, []).append(row)
    objects = across.objects()
    for release in alpine_releases():
        asked: dict[str, dict[Key, Judged]] = {}
        for key, obj in objects.items():
            target = "+".join((f"alpine:{release}", *packages(obj, release)))
            if target not in asked:
                asked[target] = _judged(across, target)
            judged_there = asked[target].get(key)
            if judged_there is not None and judged_there.verdict != "unknown":
                row = Release(release, target, lacks(judged_there.findings, libc_alone=False))
                alpine.setdefault(key, []).append(row)
    for key, judged in facts.items():
        if key in objects:
            static = judged.kind.startswith("static")
            yield Floor(
                judged.path, judged.parents, judged.arch, judged.kind, judged.built_for, steps(objects[key]),
                () if static else tuple(musl.get(key, ())), () if static else tuple(alpine.get(key, ())),
                _foreign(judged.findings, judged.interpreter),
            )  # fmt: skip


def _loader_of_glibc(findings: Iterable[Finding]) -> tuple[str, ...]:
    """glibc's own loader where it is needed as a library: no musl has it, whatever else is installed."""
    from muslint.loader.glibc_rtld import INTERPRETERS

    names = {path.rpartition("/")[2] for path in INTERPRETERS.values()}
    found = (f.library for f in findings if f.rule == "library-missing" and f.severity == "error" and f.when == "load")
    return tuple(dict.fromkeys(name for name in found if name in names))


def _foreign(findings: Iterable[Finding], interpreter: str | None) -> str | None:
    return interpreter if any(f.rule == "interpreter-missing" for f in findings) else None


def _judged(source: Across, on: str) -> dict[Key, Judged]:
    return {(judged.parents, judged.path): judged for judged in source.on(on, behaviour=False).objects}


def _plain(item: Floor) -> dict[str, Any]:
    return {
        "path": item.path, "parents": list(item.parents), "arch": item.arch, "kind": item.kind,
        "built_for": item.built_for, "interpreter_missing": item.foreign_interpreter,
        "versions": {
            family: [{"version": s.version, "symbols": list(s.symbols), "weak": s.weak} for s in steps]
            for family, steps in item.steps.items()
        },
        "musl": _line(item.musl), "alpine": _line(item.alpine),
    }  # fmt: skip


def _line(releases: tuple[Release, ...]) -> dict[str, Any]:
    from muslint.advice.floor import lowest

    first = lowest(releases)
    return {
        "lowest": first.name if first else None,
        "releases": [{"name": r.name, "target": r.target, "lacks": list(r.lacks)} for r in releases],
    }


def _told(item: Floor, verbose: bool) -> str:
    name = "".join(f"{parent}!" for parent in item.parents[1:]) + item.path
    lines = [f"{name}  {item.arch} {item.kind}, built for {item.built_for}"]
    for family, steps in item.steps.items():
        for place, step in enumerate(steps if verbose else steps[:1]):
            number = step.version.partition("_")[2] + (" (weak)" if step.weak else "")
            said = _some(step.symbols, verbose) or "asked for by the linker, by no symbol"
            lines.append(f"  {family if place == 0 else '':<8} {number:<9} {said}")
    if item.kind.startswith("static"):
        lines.append("  musl     any       static: no C library is loaded")
    elif not item.musl:
        lines.append(f"  musl     unknown   no release of it was judged for {item.arch}")
    else:
        lines += _release_lines("musl", item.musl, verbose)
        lines += _release_lines("Alpine", item.alpine, verbose)
    if item.foreign_interpreter:
        lines.append(f"  its interpreter is {item.foreign_interpreter}: so on musl only after muslint fix")
    return "\n".join(lines)


def _release_lines(family: str, releases: tuple[Release, ...], verbose: bool) -> Iterator[str]:
    from muslint.advice.floor import grouped, lowest

    first = lowest(releases)
    # A plus sign parts packages; those of libstdc++ itself are followed by another, or end the text.
    packages = first.target.replace("++", "\0").split("+")[1:] if first else []
    added = f"   with {', '.join(packages)}".replace("\0", "++") if packages else ""
    yield f"  {family:<8} {first.name if first else 'none':<9}{added}".rstrip()
    runs = grouped(releases)
    for start, end, what in runs if verbose else runs[:3]:
        span = start if start == end else f"{start} to {end}"
        yield f"           {span} {'lacks' if start == end else 'lack'} {_some(what, verbose)}"
    if not verbose and len(runs) > 3:
        yield f"           and {len(runs) - 3} more, with -v"


def _some(names: tuple[str, ...], verbose: bool) -> str:
    names = tuple(_WORDS.get(name, name) for name in names)
    if verbose or len(names) <= _SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:_SHOWN])} and {len(names) - _SHOWN} more"


COMMAND = floor
