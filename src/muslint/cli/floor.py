"""``muslint floor``: the oldest glibc, musl and Alpine a binary runs on, and the symbols that force it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from muslint.cli.app import UNREADABLE

if TYPE_CHECKING:
    from muslint.across import Across
    from muslint.advice.floor import Floor, Release
    from muslint.report.report import Judged
    from muslint.rules.finding import Finding

_SHOWN = 6
Key = tuple[tuple[str, ...], str]


def floor(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE…", help="As for check.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FORMAT", help="text or json.")] = "text",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Every version and every symbol.")] = False,
) -> None:
    """The oldest glibc, libstdc++, musl and Alpine that run it.

    With the symbols that force each, and what lower releases lack.

    Exit code: 0; 3 when a source could not be read.
    """
    from muslint.errors import UnreadableSource, WrongUse

    if output not in ("text", "json"):
        raise WrongUse(f"-o {output}: write text or json")
    found: list[Floor] = []
    failed = False
    for source in sources:
        try:
            found += floors(source)
        except UnreadableSource as error:
            print(f"muslint: {error}", file=sys.stderr)
            failed = True
    if output == "json":
        import json

        print(json.dumps({"schema": "muslint-floor/1", "objects": [_plain(item) for item in found]}, indent=2))
    elif found:
        print("\n\n".join(_told(item, verbose) for item in found))
    raise typer.Exit(UNREADABLE if failed or not found else 0)


def floors(source: str) -> Iterator[Floor]:
    """The floor of every object of a source, in the order of a report."""
    from muslint.across import Across
    from muslint.advice.floor import Floor, Release, lacks, packages, steps
    from muslint.libc.musl import alpine_releases, releases

    across = Across(source)
    musl: dict[Key, list[Release]] = {}
    alpine: dict[Key, list[Release]] = {}
    facts: dict[Key, Judged] = {}
    for release in releases():
        for key, judged in _judged(across, f"musl:{release}").items():
            facts[key] = judged
            if judged.verdict != "unknown":
                row = Release(release, f"musl:{release}", lacks(judged.findings, libc_alone=True))
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
    if verbose or len(names) <= _SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:_SHOWN])} and {len(names) - _SHOWN} more"


COMMAND = floor
