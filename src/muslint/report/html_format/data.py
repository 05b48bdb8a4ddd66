"""The data of the page: the report with texts that occur often said once."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from muslint.advice.base import Base
from muslint.libc.groups import OTHER, families, family
from muslint.report import bases
from muslint.report.heatmap import words
from muslint.report.json_format import object_document, skipped_document, summary, target_document
from muslint.report.readable import shown
from muslint.report.report import Judged, Report
from muslint.rules import rules
from muslint.rules.finding import Finding, Severity
from muslint.rules.page import link, page

_SYMBOLS = "symbol-"


class _Once:
    """Values that are said once and then meant by their number."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def number(self, value: Any) -> int:
        """The number of a value."""
        if value not in self._numbers:
            self._numbers[value] = len(self.values)
            self.values.append(value)
        return self._numbers[value]


def data_of(report: Report) -> dict[str, Any]:
    """Everything the page shows. Findings are rows whose columns ``page.js`` names."""
    remedies, evidence = _Once(), _Once()
    seen: dict[str, int] = {}
    found = [(number, finding) for number, judged in enumerate(report.objects) for finding in judged.findings]
    groups = {finding.symbol: _group(finding) for _, finding in found}
    return {
        "source": shown(report.source),
        "target": target_document(report),
        "summary": summary(report),
        "objects": [_object(report, judged) for judged in report.objects],
        "findings": [
            _row(number, finding, groups[finding.symbol], remedies, evidence, seen) for number, finding in found
        ],
        "remedies": [remedy._asdict() for remedy in remedies.values],
        "evidence": [
            {key: shown(text) for key, text in each._asdict().items()} for each in evidence.values
        ],
        "rules": _rules({finding.rule for _, finding in found}, report.documentation),
        "families": {name: asdict(families()[name]) for name in sorted({g for g in groups.values() if g})},
        "skipped": [{key: _shown(text) for key, text in skipped_document(s).items()} for s in report.skipped],
        "bases": [_base(row) for row in report.bases],
    }  # fmt: skip


def _base(row: Base) -> dict[str, Any]:
    """A base image, with what the page says of it."""
    return bases.document(row) | {
        "best": row.best, "why": shown(row.why), "then_why": shown(row.then_why), "assumed": _shown(list(row.assumed)),
        "shown": {
            "family": bases.family(row), "tag": bases.tag(row), "libc": bases.libc(row), "says": bases.says(row),
            "words": words(row), "verdict": bases.WORDS[row.verdict].lower(),
        },
    }  # fmt: skip


def _shown(value: str | list[str]) -> str | list[str]:
    return shown(value) if isinstance(value, str) else [shown(text) for text in value]


def _object(report: Report, judged: Judged) -> dict[str, Any]:
    document = object_document(judged)
    del document["findings"]
    for way in document.get("remedies", ()):
        way |= {"commands": _shown(way["commands"]), "remains": _shown(way["remains"])}
    return document | {
        "path": shown(judged.path), "parents": _shown(document["parents"]), "assumed": _shown(document["assumed"]),
        "shuts": report.shuts(judged),
        "loaded": [[shown(text) if text is not None else None for text in edge] for edge in judged.loaded],
    }  # fmt: skip


def _group(finding: Finding) -> str | None:
    """The family of a name that glibc has."""
    known = finding.symbol and finding.rule.startswith(_SYMBOLS) and finding.severity is not Severity.INFO
    name = family(finding.symbol).id if known and finding.symbol else None
    return None if name == OTHER else name


def _row(
    number: int, finding: Finding, group: str | None, remedies: _Once, evidence: _Once, seen: dict[str, int]
) -> list[Any]:
    fingerprint = finding.fingerprint
    seen[fingerprint] = count = seen.get(fingerprint, 0) + 1
    texts = (finding.symbol, finding.version, finding.library, finding.needed_by)
    return [
        number, finding.rule, str(finding.severity), str(finding.when), finding.confidence,
        *(shown(text) if text else None for text in texts), finding.relocation, shown(finding.message),
        [evidence.number(e) for e in finding.evidence], [remedies.number(r) for r in finding.remedies],
        finding.suppressed, fingerprint if count == 1 else f"{fingerprint}-{count}", group,
    ]  # fmt: skip


def _rules(used: set[str], documentation: str | None) -> dict[str, Any]:
    known = {rule.id: rule for rule in rules()}
    return {
        name: {
            "title": known[name].title if name in known else name,
            "proof": known[name].evidence if name in known else "",
            "page": page(name),
            "link": link(name, documentation),
        }
        for name in sorted(used)
    }
