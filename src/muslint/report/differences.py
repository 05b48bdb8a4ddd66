"""The part of the table about what runs, but differently."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.report.report import Judged
from muslint.rules.finding import Evidence, Finding, Severity, When

_SHOWN, _PLACES, _WIDTH = 6, 2, 44


def differing(judged: Judged) -> list[Finding]:
    """The findings about behaviour that count."""
    return [f for f in judged.findings if _counts(f)]


def possible(judged: Judged) -> list[Finding]:
    """Those that are information only: it depends on what the program does with it."""
    return [f for f in judged.findings if f.when is When.RUN and f.severity is Severity.INFO and f.suppressed is None]


def _counts(finding: Finding) -> bool:
    return finding.when is When.RUN and finding.severity is not Severity.INFO and finding.suppressed is None


def differences(judged: Judged, verbose: int) -> Iterator[str]:
    """The section: one line a call, with where it is and what musl does."""
    found = differing(judged)
    if found:
        yield ""
        yield f"  {len(found)} {'call behaves' if len(found) == 1 else 'calls behave'} differently"
        yield from _lines(found if verbose else found[:_SHOWN], verbose)
        if len(found) > _SHOWN and not verbose:
            yield f"    … and {len(found) - _SHOWN} more (-v lists them)"
    maybe = possible(judged)
    if maybe and verbose:
        yield ""
        yield f"  {len(maybe)} that may behave differently, depending on what the program does"
        yield from _lines(maybe, verbose)


def _lines(findings: list[Finding], verbose: int) -> Iterator[str]:
    rows = [(about(finding), _places(finding, verbose), says(finding)) for finding in findings]
    width = max((len(row[0]) for row in rows if len(row[0]) <= _WIDTH), default=0)
    for name, places, said in rows:
        where = f"{places}  " if places else ""
        yield f"    {name.ljust(width)}    {where}{said}"


def about(finding: Finding) -> str:
    """What a finding is told under: the call with its constant, a string, or the name of the import."""
    shown = [e.text for e in finding.evidence if e.kind in ("call-site", "string") and len(e.text) <= _WIDTH]
    return shown[0] if shown else finding.symbol or finding.rule


def says(finding: Finding) -> str:
    """What musl does, in a few words."""
    return next((e.text for e in finding.evidence if e.kind == "behaviour" and e.where == "musl"), finding.message)


def _places(finding: Finding, verbose: int) -> str:
    places = list(dict.fromkeys(e.where for e in finding.evidence if _located(e)))
    shown = places if verbose else places[:_PLACES]
    return ", ".join(shown) + (f" (+{len(places) - len(shown)})" if len(places) > len(shown) else "")


def _located(evidence: Evidence) -> bool:
    return evidence.kind == "call-site" and bool(evidence.where)
