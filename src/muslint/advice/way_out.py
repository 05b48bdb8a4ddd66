"""The remedies of what fails in one place; what tries them is imported once something does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from muslint.loader.named import Target
from muslint.rules.finding import Finding, Tried
from muslint.rules.rule import Case
from muslint.sources.source import Member

if TYPE_CHECKING:
    from muslint.advice.advisor import Advisor


class WayOut:
    """The remedies of the failing objects of one place (a source, an archive in it, an image)."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._advisor: Advisor | None = None

    def of(self, case: Case, findings: tuple[Finding, ...], member: Member) -> tuple[Tried, ...]:
        """The remedies that were tried for one object which fails with these findings."""
        if self._advisor is None:
            from muslint.advice.advisor import Advisor

            self._advisor = Advisor(self._target)
        return self._advisor.ways_out(case, findings, _typed(case, member))


def _typed(case: Case, member: Member) -> str:
    """The path of an object as it is typed where the user stands; inside an archive, its path there."""
    source = case.source
    if source.parents or source.kind not in ("directory", "root"):
        return member.display
    folder = source.name.removeprefix("dir:").removeprefix("rootfs:")
    return member.display.removeprefix("/") if folder == "." else f"{folder.rstrip('/')}/{member.display.lstrip('/')}"
