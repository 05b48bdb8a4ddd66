"""JSON lines: one object a line, written as soon as a source is judged.

Each line says in ``type`` what it is: ``source`` begins one, ``object`` and ``skipped`` are as in the JSON
report, ``summary`` ends the whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from muslint import __version__
from muslint.report.format import Format
from muslint.report.json_format import (
    SCHEMA,
    images_document,
    object_document,
    skipped_document,
    summary,
    target_document,
)
from muslint.report.report import Report


def piece(report: Report) -> str:
    """The lines of one source."""
    return "".join(_lines(report))


def end(report: Report) -> str:
    """The last line, from the whole report."""
    return _line("summary", summary(report))


def render(report: Report, _verbose: int = 0) -> str:
    """Every line, whatever the verbosity."""
    return piece(report) + end(report)


def _lines(report: Report) -> Iterator[str]:
    tool = {"name": "muslint", "version": __version__}
    source = {"schema": SCHEMA, "tool": tool, "source": report.source, "target": target_document(report)}
    yield _line("source", {**source, **images_document(report)})
    yield from (_line("object", object_document(judged)) for judged in report.objects)
    yield from (_line("skipped", skipped_document(skipped)) for skipped in report.skipped)


def _line(kind: str, document: dict[str, Any]) -> str:
    text = json.dumps({"type": kind, **document}, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode() + "\n"


FORMAT = Format("jsonl", "JSON lines, as soon as each source is judged", render, piece=piece, end=end)
