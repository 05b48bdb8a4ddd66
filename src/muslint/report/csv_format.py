"""CSV (RFC 4180): one row a finding, and one for each object without any."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from muslint.report.format import Format
from muslint.report.report import Judged, Report
from muslint.rules.finding import Finding

COLUMNS = (
    "target", "object", "inside", "arch", "kind", "built_for", "verdict", "rule", "severity", "when", "confidence",
    "symbol", "version", "library", "needed_by", "message", "remedies", "suppressed", "fingerprint", "reason",
)  # fmt: skip
"""The first row. ``inside`` is what the object lies in, outermost first, joined by ``!``."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run as a formula by spreadsheets."""


def render(report: Report, _verbose: int = 0) -> str:
    """Every finding, whatever the verbosity. A cell that would be a formula has an apostrophe before it."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for row in _all(report):
        rows.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])
    return text.getvalue()


def _all(report: Report) -> Iterator[tuple[str, ...]]:
    for judged in report.objects:
        yield from _rows(report, judged)
    for skipped in report.skipped:
        about = (report.target.name, skipped.path, "!".join(skipped.parents), "", "", "", "skipped")
        yield (*about, *("",) * (len(COLUMNS) - len(about) - 1), skipped.reason)


def _rows(report: Report, judged: Judged) -> Iterator[tuple[str, ...]]:
    about = (
        report.target.name, judged.path, "!".join(judged.parents), judged.arch, judged.kind, judged.built_for,
        str(judged.verdict),
    )  # fmt: skip
    for finding in judged.findings:
        yield (*about, *_cells(finding), judged.reason or "")
    if not judged.findings:
        yield (*about, *("",) * (len(COLUMNS) - len(about) - 1), judged.reason or "")


def _cells(finding: Finding) -> tuple[str, ...]:
    return (
        finding.rule, str(finding.severity), str(finding.when), finding.confidence, finding.symbol or "",
        finding.version or "", finding.library or "", finding.needed_by or "", finding.message,
        "; ".join(remedy.text for remedy in finding.remedies), finding.suppressed or "", finding.fingerprint,
    )  # fmt: skip


FORMAT = Format("csv", "one row a finding, for spreadsheets", render)
