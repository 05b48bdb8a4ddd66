"""HTML: one file that needs nothing else, for people who look into a report by themselves.

The data lies in the page as JSON; the scripts beside this file build everything from it by DOM calls, so a name
can never become markup. The policy in the page lets only these scripts and styles run, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from importlib.resources import files
from string import Template

from muslint import __version__
from muslint.policy.verdict import Verdict
from muslint.report.format import Format
from muslint.report.html_format.data import data_of
from muslint.report.readable import shown
from muslint.report.report import Report
from muslint.report.table import target_name

SCRIPTS = (
    "page.js",
    "table.js",
    "prose.js",
    "detail.js",
    "findings.js",
    "binaries.js",
    "causes.js",
    "bases.js",
    "graph.js",
    "main.js",
)
"""In the order they are put together; each defines functions for those after it."""

_COUNTED = {
    Verdict.FAILS: ("fails", "fail"), Verdict.FAILS_ON_USE: ("fails on use", "fail on use"),
    Verdict.DIFFERS: ("differs", "differ"), Verdict.RUNS: ("runs", "run"), Verdict.UNKNOWN: ("unknown", "unknown"),
}  # fmt: skip


def render(report: Report, _verbose: int = 0) -> str:
    """The whole page, whatever the verbosity."""
    parts = "\n".join(_read(name) for name in SCRIPTS)
    script = f"(() => {{\n'use strict';\n{parts}}})();\n"
    style = _read("page.css")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )
    return Template(_read("page.html")).substitute(
        policy=html.escape(policy),
        style=style,
        script=script,
        title=html.escape(f"muslint: {shown(report.source)} on {shown(target_name(report))}"),
        source=html.escape(shown(report.source)),
        target=html.escape(shown(target_name(report))),
        answer=html.escape(_answer(report)),
        version=html.escape(__version__),
        provenance=html.escape(shown(report.target.provenance)),
        data=_json(report),
    )


def _read(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(report: Report) -> str:
    """JSON that no HTML parser takes for the end of its element, whatever the names."""
    text = json.dumps(data_of(report), ensure_ascii=True, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _answer(report: Report) -> str:
    """The first sentence: what a reader without scripts must know."""
    if not report.objects:
        return "Nothing was checked: " + (f"{len(report.skipped)} not looked at." if report.skipped else "no ELF file.")
    parts = [
        f"{count} {one if count == 1 else many}"
        for verdict, (one, many) in _COUNTED.items()
        if (count := report.count(verdict))
    ]
    rest = f"; {report.suppressed} findings suppressed" if report.suppressed else ""
    rest += f"; {len(report.skipped)} not looked at" if report.skipped else ""
    return f"{len(report.objects)} checked: {', '.join(parts)}{rest}."


FORMAT = Format("html", "one page to look into, without any network", render)
