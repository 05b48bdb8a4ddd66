"""The ways out of what stands against an object, as every format for people tells them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence

from muslint.policy.verdict import Verdict
from muslint.report.report import Judged
from muslint.rules.finding import Effect, Finding, Remedy, Severity, Tried, When

TITLES = {
    Effect.CURES: "Least change that is enough",
    Effect.HELPS: "Not enough",
    Effect.HIDES: "Only hides it",
    Effect.UNTRIED: "Not tried",
}
_SHOWN, _WIDTH = 3, 56
_FAILING = (Verdict.FAILS, Verdict.FAILS_ON_USE)
_DOWNLOAD = "download"
_NOTHING = re.compile(r"none( needed| without a change of the program( or of the library)?)?")
"""Remedies of behaviour rules that are none."""


def ways(judged: Judged, verbose: int, several: bool = False) -> Iterator[str]:
    """What to do about one object: what is enough, numbered, then what is not and why.

    Where it is one of ``several``, what to download is told of all of them together: see `downloads`.
    """
    if judged.verdict not in _FAILING:
        return  # all that stood against it is accepted
    for effect, title in TITLES.items():
        found = [way for way in judged.remedies if way.effect is effect and not (several and way.kind == _DOWNLOAD)]
        shown = found if verbose else found[:_SHOWN]
        if not found:
            continue
        yield ""
        yield f"  {title}"
        width = max((len(_said(way)) for way in shown if len(_said(way)) <= _WIDTH), default=0)
        for number, way in enumerate(shown, 1):
            mark = f"{number}. " if effect is Effect.CURES else ""
            note = way.text if effect is Effect.CURES else remains(way, verbose)
            yield f"    {mark}{_said(way).ljust(width)}    {note}".rstrip()
        if len(found) > len(shown):
            yield f"    … and {len(found) - len(shown)} more (-v lists them)"


def _said(way: Tried) -> str:
    return ", then ".join(way.commands)


def remains(way: Tried, verbose: int = 0) -> str:
    """What a way out leaves."""
    if not way.remains:
        return way.text
    names = way.remains if verbose or len(way.remains) <= _SHOWN + 1 else way.remains[:_SHOWN]
    more = f" and {len(way.remains) - len(names)} more" if len(names) < len(way.remains) else ""
    if way.effect is Effect.HIDES:
        return f"{'; '.join(names)}{more}"
    return f"leaves {', '.join(names)}{more}{' (it loads then)' if way.loads else ''}"


def downloads(failing: Iterable[Judged]) -> Iterator[str]:
    """What to ask for in place of the packages that several objects lie in, each package once."""
    found = [way for one in failing if one.verdict in _FAILING for way in one.remedies if way.kind == _DOWNLOAD]
    if found:
        yield ""
        yield TITLES[Effect.UNTRIED]
        yield from dict.fromkeys(f"  {_said(way)}    {way.text}" for way in found)


def counted(judged: Judged) -> list[Finding]:
    """The findings that stand against an object."""
    return [f for f in judged.findings if f.severity is not Severity.INFO and f.suppressed is None]


def alike(failing: Iterable[Judged]) -> list[list[Judged]]:
    """Failing objects that fail for the same reasons and that the same changes help, so that each is told once; those
    of another machine, or built for another C library, are told apart. What most objects have in common comes first."""
    groups: dict[object, list[Judged]] = {}
    for judged in failing:
        causes = frozenset(f"{f.rule} {f.symbol or f.version or f.library or f.relocation}" for f in counted(judged))
        helped = tuple(_of_any(way) for way in judged.remedies if way.kind != _DOWNLOAD)
        groups.setdefault((judged.arch, judged.built_for, causes, helped), []).append(judged)
    return sorted(groups.values(), key=lambda same: (-len(same), same[0].path))


def _of_any(way: Tried) -> Tried:
    """A way out without the path of the object it is for."""
    words = [shlex.split(command) for command in way.commands if command.startswith("muslint fix ")]
    commands = [command for command in way.commands if not command.startswith("muslint fix ")]
    return way._replace(commands=(*commands, *(shlex.join(found[3:]) for found in words)))


def enough_for(failing: Sequence[Judged]) -> Iterator[tuple[str, int]]:
    """Of several failing objects: each change to the target that is enough for some, with for how many."""
    counted: dict[str, int] = {}
    for judged in failing:
        for way in judged.remedies:
            if way.cures and way.kind in ("package", "release", "image"):
                counted[_said(way)] = counted.get(_said(way), 0) + 1
    yield from sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def worth_telling(judged: Judged, finding: Finding, remedy: Remedy) -> bool:
    """Whether a single finding's remedy says something that the ways out of all of them do not.

    Of a failing file that is what to do in the source about names that a rebuild would ask for again.
    """
    if _NOTHING.fullmatch(remedy.text):
        return False
    if not judged.remedies or finding.when is When.RUN:
        return True
    if not finding.decides:
        return remedy.cures  # no way out was sought for it
    left = [way.remains for way in judged.remedies if way.kind == "rebuild"]
    if remedy.kind == "replace":
        return True  # another library in place of the one that is missing is not tried
    return remedy.kind == "source" and (not left or finding.symbol in left[0])
