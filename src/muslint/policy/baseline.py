"""The baseline: findings known since before. Only new ones count.

A baseline counts how often each fingerprint occurred, so that one more copy of a known finding is new.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from muslint.errors import WrongUse
from muslint.rules.finding import Finding, Severity

SCHEMA = "muslint-baseline/1"
KNOWN = "in the baseline"
"""What stands as the reason where a finding is suppressed by the baseline."""

_SAID = ("rule", "object", "symbol", "library")


class Baseline:
    """How many of each finding are known and not yet met again."""

    def __init__(self, known: Iterable[tuple[str, str]]) -> None:
        """``known`` holds (fingerprint, object) pairs, one an occurrence."""
        self._left: dict[str, list[str]] = {}
        for fingerprint, path in known:
            self._left.setdefault(fingerprint, []).append(path)

    def settle(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings of one report, in their order, the known ones marked.

        Where more occur than are known, those in the places they were known in are the known ones.
        """
        items = list(findings)
        for same_place in (True, False):
            for number, finding in enumerate(items):
                if finding.suppressed is None and finding.severity is not Severity.INFO:
                    left = self._left.get(finding.fingerprint, [])
                    if left and (not same_place or finding.object in left):
                        left.remove(finding.object if same_place else left[0])
                        items[number] = replace(finding, suppressed=KNOWN)
        return items


def read_baseline(path: str) -> Baseline:
    """A file of ``--write-baseline``, or a JSON report of ``check``; raises WrongUse when it is neither."""
    try:
        with open(path, encoding="utf-8") as stream:
            document = json.load(stream)
    except OSError as error:
        raise WrongUse(f"--baseline {path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise WrongUse(f"--baseline {path}: no JSON") from None
    schema = document.get("schema") if isinstance(document, dict) else None
    try:
        if schema == SCHEMA:
            return Baseline((f["fingerprint"], f["object"]) for f in document["findings"] for _ in range(f["count"]))
        if schema == "muslint-report/1":
            return Baseline(
                (f["fingerprint"], f["object"])
                for judged in document["objects"]
                for f in judged["findings"]
                if f["severity"] != "info" and (f["suppressed"] is None or f["suppressed"] == KNOWN)
            )
    except (KeyError, TypeError):
        pass
    raise WrongUse(f"--baseline {path}: no baseline: make one with check --write-baseline {path}")


def written(findings: Iterable[Finding]) -> str:
    """The text of a baseline that knows these findings, save what is accepted elsewhere or only information."""
    counted: dict[tuple[str, ...], int] = {}
    for finding in findings:
        if finding.severity is not Severity.INFO and finding.suppressed in (None, KNOWN):
            key = (*(getattr(finding, field) or "" for field in _SAID), finding.fingerprint)
            counted[key] = counted.get(key, 0) + 1
    rows = [{**dict(zip(_SAID, key)), "fingerprint": key[-1], "count": count} for key, count in sorted(counted.items())]
    document = {"schema": SCHEMA, "findings": rows}
    text = json.dumps(document, indent=1, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode() + "\n"
