"""Names as text that can be read: what would not show, or would act on the reader's screen, as escapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from muslint.report.report import Report
from muslint.rules.findings import Findings, together

_T = TypeVar("_T")

_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""Control characters, those without width, those that turn the text around, and bytes that are no text."""


def shown(text: str) -> str:
    r"""One text; a newline in it comes out as ``\n``."""
    return _UNSHOWN.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)


def readable(report: Report) -> Report:
    """The report with every text in it `shown`; the same one where nothing needs it."""
    return _readable(report) if any(_UNSHOWN.search(text) for text in _texts(report)) else report


def _texts(report: Report) -> Iterator[str]:
    """Where names from files stand; whatever else holds one has it from there."""
    yield report.source
    for skipped in report.skipped:
        yield from (skipped.path, skipped.reason, *skipped.parents)
    for judged in report.objects:
        yield from (judged.path, judged.reason or "", *judged.parents, *judged.assumed, *judged.requires)
        for finding in judged.findings:
            yield finding.message
            for evidence in finding.evidence:
                yield from evidence


def _readable(value: _T) -> _T:
    found: Any = value
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        found = shown(value)
    elif isinstance(value, Findings):  # its symbols are one text, with control characters between them
        found = together(_readable(finding) for finding in value)
    elif isinstance(value, tuple):
        items = [_readable(item) for item in value]
        found = type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    elif isinstance(value, dict):
        found = {_readable(key): _readable(item) for key, item in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        found = replace(value, **{field.name: _readable(getattr(value, field.name)) for field in fields(value)})
    return found  # type: ignore[no-any-return]
