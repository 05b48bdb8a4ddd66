"""GitHub Actions: annotations on standard output, and a summary of the step.

Workflow commands are ``::error file=F,title=T::MESSAGE``; a step shows ten annotations of each level, so one
object is one annotation.
"""

from __future__ import annotations

from collections.abc import Iterator

from muslint.policy.verdict import Verdict
from muslint.report.format import Format
from muslint.report.markdown import render as render_markdown
from muslint.report.report import Judged, Report
from muslint.report.table import target_name
from muslint.rules.finding import Severity

_LINES = 10
_WORDS = {
    Verdict.FAILS: "fails", Verdict.FAILS_ON_USE: "fails on use",
    Verdict.DIFFERS: "differs", Verdict.UNKNOWN: "unknown",
}  # fmt: skip


def render(report: Report, verbose: int = 0) -> str:
    """One annotation an object that does not simply run, and one for what was not looked at."""
    lines = [line for judged in report.objects for line in _annotation(report, judged, verbose)]
    if report.skipped:
        text = "\n".join(f"{one.path}: {one.reason}" for one in report.skipped[: None if verbose else _LINES])
        lines.append(f"::notice title={_property(f'muslint: {len(report.skipped)} not looked at')}::{_data(text)}")
    counts = ", ".join(f"{count} {verdict}" for verdict in Verdict if (count := report.count(verdict)))
    lines.append(
        f"muslint: {len(report.objects)} checked on {_data(target_name(report))}{f': {counts}' if counts else ''}."
    )
    return "\n".join(lines) + "\n"


def _annotation(report: Report, judged: Judged, verbose: int) -> Iterator[str]:
    if judged.verdict is Verdict.RUNS:
        return
    level = "error" if report.shuts(judged) else "notice" if judged.verdict is Verdict.UNKNOWN else "warning"
    found = [f.told for f in judged.findings if f.suppressed is None and f.severity is not Severity.INFO]
    shown = found if verbose else found[:_LINES]
    if len(found) > len(shown):
        shown = [*shown, f"… and {len(found) - len(shown)} more"]
    text = "\n".join(shown) or judged.reason or ""
    file = judged.parents[0] if judged.parents else judged.path
    title = f"{judged.path} {_WORDS[judged.verdict]} on {target_name(report)}"
    yield f"::{level} file={_property(file)},title={_property(title)}::{_data(text)}"


def _data(text: str) -> str:
    """As the runner's own toolkit escapes a message: no name can begin a command of its own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMAT = Format(
    "github", "annotations for GitHub Actions, and the step's summary", render,
    appended={"GITHUB_STEP_SUMMARY": render_markdown},
)  # fmt: skip
