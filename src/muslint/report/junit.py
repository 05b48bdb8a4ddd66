"""JUnit XML: one test case an object; it fails where the gate is shut by it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from muslint.policy.verdict import Verdict
from muslint.report.format import Format
from muslint.report.report import Judged, Report
from muslint.report.table import first_failure
from muslint.rules.finding import Finding, Severity
from muslint.sources.source import Skipped

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters XML 1.0 cannot hold, not even as references (section 2.2, Char)."""


def render(report: Report, _verbose: int = 0) -> str:
    """One suite, without times."""
    failures = sum(report.shuts(judged) for judged in report.objects)
    skipped = len(report.skipped) + report.count(Verdict.UNKNOWN)
    counts = f'tests="{len(report.objects) + len(report.skipped)}" failures="{failures}" errors="0"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="muslint" {counts} skipped="{skipped}">',
        f"  <testsuite name={_attribute(f'{report.source} on {report.target.name}')} {counts} "
        f'skipped="{skipped}" time="0">',
        *(line for judged in report.objects for line in _case(report, judged)),
        *(line for one in report.skipped for line in _left_out(one)),
        "  </testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _case(report: Report, judged: Judged) -> Iterator[str]:
    yield (
        f"    <testcase name={_attribute(judged.path)} "
        f'classname={_attribute("!".join(judged.parents) or report.source)} time="0">'
    )
    if judged.verdict is Verdict.UNKNOWN:
        yield f"      <skipped message={_attribute(judged.reason or 'could not be judged')}/>"
    elif report.shuts(judged):
        title = f"{judged.verdict} on {report.target.name}: {first_failure(judged)}"
        yield f"      <failure type={_attribute(judged.verdict)} message={_attribute(title)}>"
        yield _text("\n".join(f"{f.rule}: {f.told}" for f in _counting(judged)))
        yield "      </failure>"
    elif said := [_said(f.rule, f.told, f.suppressed) for f in judged.findings]:
        yield f"      <system-out>{_text(chr(10).join(said))}</system-out>"
    yield "    </testcase>"


def _counting(judged: Judged) -> list[Finding]:
    return [f for f in judged.findings if f.suppressed is None and f.severity is not Severity.INFO]


def _said(rule: str, message: str, suppressed: str | None) -> str:
    return f"{rule}: {message}" + (f" (suppressed: {suppressed})" if suppressed is not None else "")


def _left_out(skipped: Skipped) -> Iterator[str]:
    name = _attribute(skipped.path)
    yield f'    <testcase name={name} classname={_attribute("!".join(skipped.parents) or "not looked at")} time="0">'
    yield f"      <skipped message={_attribute(skipped.reason)}/>"
    yield "    </testcase>"


def _plain(text: str) -> str:
    """What XML cannot hold comes out as an escape."""
    return _NOT_XML.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _text(text: str) -> str:
    return escape(_plain(text))


def _attribute(text: str) -> str:
    return quoteattr(_plain(text))


FORMAT = Format("junit", "JUnit XML, one test case an object", render)
