"""A JSON report read back as values, so that it can be compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from muslint.errors import WrongUse
from muslint.policy.verdict import Verdict
from muslint.report.json_format import SCHEMA
from muslint.report.report import Judged, Report, TargetFacts
from muslint.rules.finding import Effect, Evidence, Finding, Remedy, Severity, Tried, When
from muslint.rules.findings import together
from muslint.sources.source import Skipped


def read_report(path: str) -> Report:
    """The report that ``check -o json`` wrote to a file; raises WrongUse when it is none.

    The kind of the source and the interpreters are not in the file: they come back empty. Fingerprints are made anew.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            document = json.load(stream)
    except OSError as error:
        raise WrongUse(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise WrongUse(f"{path}: no JSON: write it with check -o json={path}") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise WrongUse(f"{path}: no {SCHEMA}: write it with check -o json={path}")
    try:
        return _report(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WrongUse(f"{path}: not a whole report: {type(error).__name__}: {error}") from None


def _report(document: Mapping[str, Any]) -> Report:
    target = document["target"]
    return Report(
        document["source"], "", TargetFacts(target["name"], target["libc"], target["version"], target["provenance"]),
        tuple(_judged(judged) for judged in document["objects"]),
        tuple(Skipped(one["path"], one["reason"], tuple(one["parents"])) for one in document["skipped"]),
    )  # fmt: skip


def _judged(document: Mapping[str, Any]) -> Judged:
    return Judged(
        document["path"], tuple(document["parents"]), document["arch"], document["kind"], document["built_for"],
        Verdict(document["verdict"]), dict(document["requires"]), None, tuple(document["assumed"]),
        together(_finding(finding) for finding in document["findings"]), document.get("reason"),
        remedies=tuple(_tried(way) for way in document.get("remedies", ())),
    )  # fmt: skip


def _tried(document: Mapping[str, Any]) -> Tried:
    return Tried(
        document["kind"], tuple(document["commands"]), document["text"], Effect(document["effect"]),
        tuple(document["remains"]), document["loads"],
    )  # fmt: skip


def _finding(document: Mapping[str, Any]) -> Finding:
    return Finding(
        document["rule"], Severity(document["severity"]), When(document["when"]), document["object"],
        document["message"], document["symbol"], document["version"], document["library"], document["needed_by"],
        document["relocation"], document["confidence"],
        tuple(Evidence(e["kind"], e["where"], e["text"]) for e in document["evidence"]),
        tuple(Remedy(r["kind"], r["text"], r["cures"]) for r in document["remedies"]), document["suppressed"],
    )  # fmt: skip
