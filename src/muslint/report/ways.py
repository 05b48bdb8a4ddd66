"""The ways out of what stands against an object, as every format for people tells them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from muslint.policy.verdict import Verdict
from muslint.report.report import Judged
from muslint.rules.finding import Effect, Finding, Remedy, Tried, When

TITLES = {
    Effect.CURES: "Least change that is enough",
    Effect.HELPS: "Not enough",
    Effect.HIDES: "Only hides it",
    Effect.UNTRIED: "Not tried",
}
_SHOWN, _WIDTH = 3, 56
_FAILING = (Verdict.FAILS, Verdict.FAILS_ON_USE)


def ways(judged: Judged, verbose: int) -> Iterator[str]:
    """What to do about one object: what is enough, numbered, then what is not and why."""
    if judged.verdict not in _FAILING:
        return  # all that stood against it is accepted
    for effect, title in TITLES.items():
        found = [way for way in judged.remedies if way.effect is effect]
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
    if not judged.remedies or finding.when is When.RUN:
        return True
    left = [way.remains for way in judged.remedies if way.kind == "rebuild"]
    return remedy.kind == "source" and (not left or finding.symbol in left[0])
