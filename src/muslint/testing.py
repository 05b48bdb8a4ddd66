"""For test suites: assert that what was built runs on a target.

>>> from muslint.testing import assert_runs_on
>>> assert_runs_on("alpine:3.23", "dist/app")  # doctest: +SKIP
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from muslint.report.report import Report

_ALLOWED = ("fails", "fails-on-use", "differs")


def assert_runs_on(target: str, *sources: str | os.PathLike[str], fail_on: str = "fails") -> Report:
    """Raise AssertionError, with the table as its text, unless everything in ``sources`` runs on ``target``.

    ``target`` and ``sources`` are as for ``muslint check``; ``fail_on`` is ``fails``, ``fails-on-use`` or
    ``differs``. What holds nothing that could be judged, or something that could not, is an AssertionError too:
    a test that looks at nothing must not pass. Returns the report. Raises UnreadableSource, UnknownTarget, and
    ValueError for another ``fail_on``.
    """
    from dataclasses import replace

    from muslint.pipeline import check
    from muslint.policy.verdict import FailOn, Verdict
    from muslint.report.report import joined
    from muslint.report.table import render

    __tracebackhide__ = True
    if fail_on not in _ALLOWED:
        raise ValueError(f"fail_on is {fail_on!r}: write {', '.join(_ALLOWED)}")
    if not sources:
        raise ValueError("name what is to run")
    reports = [check(os.fspath(source), target) for source in sources]
    report = replace(joined(reports), fail_on=FailOn(fail_on))
    if any(report.shuts(judged) or judged.verdict is Verdict.UNKNOWN for judged in report.objects):
        raise AssertionError(render(report, 0))
    if not all(each.objects for each in reports):
        raise AssertionError(f"nothing there to be judged:\n{render(report, 0)}")
    return report
