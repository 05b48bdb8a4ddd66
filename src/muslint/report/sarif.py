"""SARIF 2.1.0 (OASIS), as code scanning services read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from muslint import __version__
from muslint.policy.baseline import KNOWN
from muslint.report.format import Format
from muslint.report.report import Judged, Report
from muslint.rules import rules
from muslint.rules.finding import Finding, Severity
from muslint.rules.page import elsewhere, link
from muslint.rules.rule import Rule
from muslint.sources.source import Layer

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_SOURCE_LINE = re.compile(r"(?P<file>[^:]+):(?P<line>[1-9]\d*)")


def render(report: Report, _verbose: int = 0) -> str:
    """One run with every finding, the suppressed ones marked."""
    used = _used(report)
    index = {rule: number for number, rule in enumerate(used)}
    seen: dict[str, int] = {}
    compared = any(finding.suppressed == KNOWN for judged in report.objects for finding in judged.findings)
    results = [
        _result(judged, finding, index[finding.rule], seen) for judged in report.objects for finding in judged.findings
    ]
    if compared:
        for result, finding in zip(results, (f for judged in report.objects for f in judged.findings)):
            result["baselineState"] = "unchanged" if finding.suppressed == KNOWN else "new"
    driver = {
        "name": "muslint", "version": __version__, "semanticVersion": __version__,
        **({"informationUri": report.documentation} if report.documentation else {}),
        "rules": list(_rules(used, report.documentation)),
    }  # fmt: skip
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"muslint/{report.target.name}/"},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": list(_notifications(report))}],
        "results": results,
        "columnKind": "utf16CodeUnits",
        "properties": {"source": report.source, "target": report.target.name},
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace").decode() + "\n"


def _used(report: Report) -> list[str]:
    return sorted({finding.rule for judged in report.objects for finding in judged.findings})


def _rules(used: Iterable[str], documentation: str | None) -> Iterator[dict[str, Any]]:
    known = {rule.id: rule for rule in rules()}
    for name in used:
        rule = known.get(name)
        title = rule.title if rule else name
        text, address = elsewhere(name, documentation), link(name, documentation)
        yield {
            "id": name,
            "name": "".join(word.capitalize() for word in name.split("-")),
            "shortDescription": {"text": title},
            "fullDescription": {"text": _first_paragraph(text) or title},
            **({"helpUri": address} if address else {}),
            "help": {"text": text or title, **({"markdown": text} if text else {})},
            "defaultConfiguration": {"level": _LEVELS[rule.severity] if rule else "error"},
            "properties": {"tags": ["portability", "musl"], **_facts(rule)},
        }


def _facts(rule: Rule | None) -> dict[str, str]:
    return {"when": str(rule.when), "precision": "very-high", "proof": rule.evidence} if rule else {}


def _first_paragraph(text: str) -> str:
    parts = [part for part in text.split("\n\n") if part and not part.startswith("#")]
    return " ".join(parts[0].split()) if parts else ""


def _result(judged: Judged, finding: Finding, rule: int, seen: dict[str, int]) -> dict[str, Any]:
    fingerprint = finding.fingerprint
    seen[fingerprint] = seen.get(fingerprint, 0) + 1
    result: dict[str, Any] = {
        "ruleId": finding.rule, "ruleIndex": rule, "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [{"physicalLocation": _place(judged), "logicalLocations": list(_logical(judged, finding))}],
        "partialFingerprints": {
            "muslint/v1": fingerprint, "primaryLocationLineHash": f"{fingerprint}:{seen[fingerprint]}"
        },
        "properties": {
            "when": str(finding.when), "confidence": finding.confidence, "verdict": str(judged.verdict),
            "remedies": [remedy.text for remedy in finding.remedies],
            **({"layer": _layer(judged.layer)} if judged.layer is not None else {}),
        },
    }  # fmt: skip
    if related := list(_related(finding)):
        result["relatedLocations"] = related
    if finding.suppressed is not None:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": finding.suppressed}]
    return result


def _layer(layer: Layer) -> dict[str, Any]:
    """The layer of an image that added the object."""
    return {"index": layer.index, "digest": layer.digest, "createdBy": layer.created_by}


def _message(finding: Finding) -> str:
    """The loader's line, and what would help."""
    remedies = [remedy.text for remedy in finding.remedies]
    return finding.told + (f"\nWhat helps: {'; '.join(remedies)}" if remedies else "")


def _place(judged: Judged) -> dict[str, Any]:
    """A binary has no lines; services that show results want one."""
    return {"artifactLocation": {"uri": _uri((*judged.parents, judged.path))}, "region": {"startLine": 1}}


def _uri(path: Iterable[str]) -> str:
    text = "/".join(path).encode("utf-8", "surrogateescape")
    return quote(text, safe="/@+,=~!$&'()*")


def _logical(judged: Judged, finding: Finding) -> Iterator[dict[str, str]]:
    whole = "!".join((*judged.parents, judged.path))
    name = judged.path.rpartition("/")[2] or judged.path
    yield {"name": name, "fullyQualifiedName": whole, "kind": "module"}
    if finding.symbol is not None:
        versioned = f"{finding.symbol}@{finding.version}" if finding.version else finding.symbol
        yield {
            "name": finding.symbol, "decoratedName": versioned,
            "fullyQualifiedName": f"{whole}::{finding.symbol}", "kind": "function",
        }  # fmt: skip
    if judged.layer is not None:
        yield {
            "name": f"layer {judged.layer.index}", "kind": "layer",
            "fullyQualifiedName": "!".join((*judged.parents, judged.layer.digest)),
        }  # fmt: skip


def _related(finding: Finding) -> Iterator[dict[str, Any]]:
    """Evidence that points into source files."""
    for number, evidence in enumerate(finding.evidence, 1):
        if line := _SOURCE_LINE.fullmatch(evidence.where):
            place = {"artifactLocation": {"uri": _uri([line["file"]])}, "region": {"startLine": int(line["line"])}}
            yield {"id": number, "message": {"text": evidence.text or evidence.kind}, "physicalLocation": place}


def _notifications(report: Report) -> Iterator[dict[str, Any]]:
    for skipped in report.skipped:
        place = {"artifactLocation": {"uri": _uri((*skipped.parents, skipped.path))}}
        yield {
            "level": "warning", "message": {"text": f"not looked at: {skipped.reason}"},
            "locations": [{"physicalLocation": place}],
        }  # fmt: skip
    for judged in report.objects:
        if judged.reason is not None:
            yield {
                "level": "warning", "message": {"text": f"not judged: {judged.reason}"},
                "locations": [{"physicalLocation": {"artifactLocation": _place(judged)["artifactLocation"]}}],
            }  # fmt: skip


FORMAT = Format("sarif", "SARIF 2.1.0, for code scanning", render)
