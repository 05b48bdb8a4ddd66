"""Remedies of the failing objects of one place: asked once for all that fail alike."""

from __future__ import annotations

from collections.abc import Iterable

from muslint.advice.remedies import for_path, ways_out
from muslint.advice.trial import Trials, stands
from muslint.elf.facts import requires
from muslint.loader.named import Target
from muslint.rules.finding import Finding, Tried
from muslint.rules.rule import Case

MOST = 100
"""Groups of objects that fail alike whose remedies are tried, in one place; large packages have a few dozen."""


class Advisor:
    """Keeps what was found out for one group of objects for the others of it."""

    def __init__(self, target: Target) -> None:
        self._trials = Trials(target)
        self._known: dict[object, tuple[Tried, ...]] = {}

    def ways_out(self, case: Case, findings: tuple[Finding, ...], path: str) -> tuple[Tried, ...]:
        """The remedies of one object, which is shown as ``path``; none once too many fail in ways of their own."""
        key = _alike(case, findings)
        if key not in self._known:
            if len(self._known) >= MOST:
                return ()
            self._known[key] = ways_out(case, findings, self._trials)
        return for_path(self._known[key], path)


def _alike(case: Case, findings: Iterable[Finding]) -> object:
    """Equal for objects that the same changes help: what stands against them, and what they need, is the same."""
    return (
        case.program, case.plugin, case.built_for, case.object.interpreter, case.object.arch,
        case.object.gnu_stack is None, case.host.id if case.host is not None else None,
        tuple(requires(case.object).items()), case.environment, case.secure,
        frozenset(
            (f.rule, f.symbol, f.library, f.when, stands(f), f.needed_by == case.shown(case.path))
            for f in findings
            if stands(f) or f.library is not None or any(e.kind == "library" for e in f.evidence)
        ),
    )  # fmt: skip
