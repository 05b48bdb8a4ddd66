"""GitLab Code Quality: the fields GitLab's documentation of the report names, one entry a finding.

It is a part of Code Climate's format, whose specification wants categories and the end of a place too.
"""

from __future__ import annotations

import json
from typing import Any

from muslint.report.format import Format
from muslint.report.report import Judged, Report
from muslint.rules.finding import Finding, Severity, When

_SEVERITIES = {
    (Severity.ERROR, When.LOAD): "critical",
    (Severity.ERROR, When.USE): "major",
    (Severity.ERROR, When.RUN): "major",
}


def render(report: Report, _verbose: int = 0) -> str:
    """A list of what counts; suppressed findings are left out, since the format cannot mark them."""
    seen: dict[str, int] = {}
    found = [
        _entry(judged, finding, seen)
        for judged in report.objects
        for finding in judged.findings
        if finding.suppressed is None
    ]
    return json.dumps(found, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace").decode() + "\n"


def _entry(judged: Judged, finding: Finding, seen: dict[str, int]) -> dict[str, Any]:
    fingerprint = finding.fingerprint
    seen[fingerprint] = number = seen.get(fingerprint, 0) + 1
    usual = "minor" if finding.severity is Severity.WARNING else "info"
    return {
        "type": "issue",
        "check_name": finding.rule,
        "description": " ".join(finding.told.split()),  # one line, says Code Climate
        "categories": ["Compatibility"],
        "severity": _SEVERITIES.get((finding.severity, finding.when), usual),
        # GitLab drops entries whose fingerprint it has seen: copies of a file count up.
        "fingerprint": fingerprint if number == 1 else f"{fingerprint}-{number}",
        "location": {"path": "/".join((*judged.parents, judged.path)), "lines": {"begin": 1, "end": 1}},
    }


FORMAT = Format("gitlab", "GitLab Code Quality", render)
