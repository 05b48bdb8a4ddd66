"""From findings to a verdict, and from verdicts to an exit code."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from muslint.rules.finding import Finding, Severity, When


class Verdict(StrEnum):
    """What becomes of an object on the target."""

    FAILS = "fails"
    FAILS_ON_USE = "fails-on-use"
    DIFFERS = "differs"
    RUNS = "runs"
    UNKNOWN = "unknown"  # could not be judged; never said for what was judged, never "runs" for what was not


class FailOn(StrEnum):
    """From which verdict on the gate is shut."""

    FAILS = "fails"
    FAILS_ON_USE = "fails-on-use"
    DIFFERS = "differs"
    NEVER = "never"


_RANK = {Verdict.FAILS: 3, Verdict.FAILS_ON_USE: 2, Verdict.DIFFERS: 1, Verdict.RUNS: 0, Verdict.UNKNOWN: 0}
_LIMIT = {FailOn.FAILS: 3, FailOn.FAILS_ON_USE: 2, FailOn.DIFFERS: 1, FailOn.NEVER: 99}


def fold(findings: Iterable[Finding]) -> Verdict:
    """The verdict of an object that was judged: any error at load, at use, any error or warning at run."""
    counted = [f for f in findings if f.suppressed is None and f.severity is not Severity.INFO]
    if any(f.severity is Severity.ERROR and f.when is When.LOAD for f in counted):
        return Verdict.FAILS
    if any(f.severity is Severity.ERROR and f.when is When.USE for f in counted):
        return Verdict.FAILS_ON_USE
    return Verdict.DIFFERS if any(f.when is When.RUN for f in counted) else Verdict.RUNS


def shut(verdicts: Iterable[Verdict], fail_on: FailOn) -> bool:
    """Whether any verdict is at or above the threshold."""
    return any(_RANK[verdict] >= _LIMIT[fail_on] for verdict in verdicts)
