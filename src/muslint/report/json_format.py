"""The JSON report, ``muslint-report/1``. The schema is ``report/schema.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from muslint import __version__
from muslint.policy.verdict import Verdict
from muslint.report.bases import document as base_document
from muslint.report.format import Format
from muslint.report.report import Judged, JudgedImage, Report
from muslint.rules.finding import Finding, Tried
from muslint.sources.source import Layer, Skipped

NAME = "json"
SCHEMA = "muslint-report/1"


_OBJECTS = '\n  "objects": ['
"""Where the objects stand in the text: a line that begins so is no part of a text, which has no line breaks."""


def render(report: Report, _verbose: int = 0) -> str:
    """The whole report, whatever the verbosity."""
    return "".join(_pieces(report))


def _pieces(report: Report) -> Iterator[str]:
    """The text in parts, an object at a time: all of them as values take many times the room of the text."""
    frame = document(replace(report, objects=())) | {"summary": summary(report)}
    before, objects, after = _text(frame).partition(_OBJECTS)
    yield before + objects
    for number, judged in enumerate(report.objects):
        yield ("," if number else "") + "\n    " + _text(object_document(judged)).replace("\n", "\n    ")
    yield ("\n  " if report.objects else "") + after + "\n"


def _text(value: dict[str, Any]) -> str:
    # Names in ELF files may hold bytes that are not text: those come out as escapes.
    return json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def document(report: Report) -> dict[str, Any]:
    """The report as the values that make up the JSON text."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "tool": {"name": "muslint", "version": __version__},
        "source": report.source,
        "target": target_document(report),
        "summary": summary(report),
        "objects": [object_document(judged) for judged in report.objects],
        "skipped": [skipped_document(skipped) for skipped in report.skipped],
    }  # fmt: skip
    document.update(images_document(report))
    if report.bases:
        document["bases"] = [base_document(row) for row in report.bases]
    return document


def images_document(report: Report) -> dict[str, Any]:
    """``image`` where the source is or holds one, ``images`` where it holds several, else nothing."""
    if len(report.images) == 1:
        return {"image": _image(report.images[0])}
    return {"images": [_image(one) for one in report.images]} if report.images else {}


def target_document(report: Report) -> dict[str, Any]:
    """The target, as values."""
    target = report.target
    return {"name": target.name, "libc": target.libc, "version": target.version, "provenance": target.provenance}


def skipped_document(skipped: Skipped) -> dict[str, Any]:
    """What was not looked at, as values."""
    return {"path": skipped.path, "parents": list(skipped.parents), "reason": skipped.reason}


def summary(report: Report) -> dict[str, int]:
    """Counts by verdict; they add up to the number of objects."""
    counts = {"objects": len(report.objects)}
    counts.update({str(verdict): report.count(verdict) for verdict in Verdict})
    counts["skipped"] = len(report.skipped)
    counts["suppressed"] = report.suppressed
    return counts


def object_document(judged: Judged) -> dict[str, Any]:
    """One object with its findings, as values."""
    document = {
        "path": judged.path, "parents": list(judged.parents), "layer": _layer(judged.layer),
        "arch": judged.arch, "kind": judged.kind, "built_for": judged.built_for, "verdict": str(judged.verdict),
        "requires": judged.requires, "assumed": list(judged.assumed),
        "findings": [finding_document(finding) for finding in judged.findings],
    }  # fmt: skip
    if judged.remedies:
        document["remedies"] = [tried_document(way) for way in judged.remedies]
    if judged.package is not None:
        document["package"] = judged.package
    if judged.reason is not None:
        document["reason"] = judged.reason
    return document


def _layer(layer: Layer | None) -> dict[str, Any] | None:
    if layer is None:
        return None
    return {"index": layer.index, "digest": layer.digest, "created_by": layer.created_by}


def _image(one: JudgedImage) -> dict[str, Any]:
    image, system = one.image, one.system
    return {
        "parents": list(one.parents), "tags": list(image.tags), "platform": image.platform,
        "system": {"name": system.name or None, "musl": system.musl or None, "packages": system.packages},
        "target": {"name": one.target.name, "version": one.target.version},
        "layers": [{**(_layer(layer) or {}), "diff_id": layer.diff_id} for layer in image.layers],
        "environment": {
            name: value for name, value in image.environment if name in ("PATH", "LD_LIBRARY_PATH", "LD_PRELOAD")
        },
        "entrypoint": {
            "command": list(image.command), "verdict": str(one.verdict),
            "started": [
                {
                    "asked": step.asked, "path": step.path or None, "kind": step.kind or None,
                    "by": step.by or None, "trouble": step.trouble or None,
                    "verdict": str(verdict) if verdict is not None else None,
                }
                for step, verdict in one.started
            ],
        },
    }  # fmt: skip


def tried_document(way: Tried) -> dict[str, Any]:
    """One way out of all that stands against an object, as values."""
    return {
        "kind": way.kind, "commands": list(way.commands), "text": way.text, "effect": str(way.effect),
        "cures": way.cures, "loads": way.loads, "remains": list(way.remains),
    }  # fmt: skip


def finding_document(finding: Finding) -> dict[str, Any]:
    """One finding, as values."""
    return {
        "rule": finding.rule, "severity": str(finding.severity), "when": str(finding.when),
        "confidence": finding.confidence, "object": finding.object, "symbol": finding.symbol,
        "version": finding.version, "library": finding.library, "needed_by": finding.needed_by,
        "relocation": finding.relocation, "message": finding.message,
        "evidence": [{"kind": e.kind, "where": e.where, "text": e.text} for e in finding.evidence],
        "remedies": [{"kind": r.kind, "text": r.text, "cures": r.cures} for r in finding.remedies],
        "suppressed": finding.suppressed, "fingerprint": finding.fingerprint,
    }  # fmt: skip


FORMAT = Format(NAME, "everything, for programs (muslint schema)", render)
