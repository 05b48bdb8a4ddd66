"""Markdown for a comment on a pull request or a step's summary: the counts first, one fold an object.

GitHub takes 65,536 characters in a comment: what does not fit is counted and left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from muslint.policy.verdict import Verdict
from muslint.report.bases import markdown as bases_table
from muslint.report.format import Format
from muslint.report.report import Judged, Report
from muslint.report.table import first_failure, target_name
from muslint.report.ways import TITLES, remains, worth_telling
from muslint.rules.finding import Effect, Finding, Severity
from muslint.rules.page import link

LIMIT = 60_000
"""Characters of a whole report, at most."""

_MARKS = {
    Verdict.FAILS: "❌ fails", Verdict.FAILS_ON_USE: "❌ fails on use", Verdict.DIFFERS: "⚠️ differs",
    Verdict.RUNS: "✅ runs", Verdict.UNKNOWN: "❔ unknown",
}  # fmt: skip
_NAMES, _FOLDED, _WAYS = 12, 200, 4
_LONGEST = 300  # characters of a name, at most


def render(report: Report, verbose: int = 0) -> str:
    """The report as Markdown; ``verbose`` above 0 gives what runs a row of its own."""
    head = [
        f"### muslint: {_html(report.source)} on {_html(target_name(report))}", "",
        "| " + " | ".join(_MARKS[verdict] for verdict in Verdict) + " | not looked at | suppressed |",
        "|" + "--:|" * (len(Verdict) + 2),
        "| " + " | ".join(str(report.count(verdict)) for verdict in Verdict)
        + f" | {len(report.skipped)} | {report.suppressed} |", "",
    ]  # fmt: skip
    shown = [judged for judged in report.objects if verbose or judged.verdict is not Verdict.RUNS]
    blocks = [_block(judged, report.documentation) for judged in shown]
    if report.skipped:
        blocks.append(_skipped(report))
    if not report.objects and not report.skipped:
        blocks.append("Nothing to check: no ELF file, or none that was asked for.\n")
    text, left = "\n".join(head) + "\n", 0
    for block in blocks:
        if len(text) + len(block) < LIMIT:
            text += block + "\n"
        else:
            left += 1
    if left:
        text += f"… and {left} more that do not fit here: see the whole report.\n"
    more = f"\n#### Base images\n\n{bases_table(report.bases)}" if report.bases else ""
    return text + more if len(text) + len(more) < LIMIT else text


def _block(judged: Judged, documentation: str | None) -> str:
    head = f"{_MARKS[judged.verdict]} {_html('!'.join((*judged.parents, judged.path)))}"
    first = first_failure(judged)
    counted = [f for f in judged.findings if f.suppressed is None and f.severity is not Severity.INFO]
    if not counted:
        return f"{head}" + (f" — {_text(first)}" if first else "") + "\n"
    return "\n".join(
        [f"<details><summary>{head} — {_html(first)}</summary>", "", *_rules(counted, documentation), *_ways(judged),
         *_remedies(judged, counted), "",
         "</details>", ""]
    )  # fmt: skip


def _rules(findings: list[Finding], documentation: str | None) -> Iterator[str]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.rule, []).append(finding)
    for rule, found in groups.items():
        symbols = list(dict.fromkeys(f.symbol for f in found if f.symbol))
        names = symbols or list(dict.fromkeys(f.told for f in found))
        more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        yield f"- {_named(rule, documentation)}: {', '.join(_html(name) for name in names[:_NAMES])}{more}"


def _named(rule: str, documentation: str | None) -> str:
    address = link(rule, documentation)
    return f"[{rule}]({address})" if address else rule


def _ways(judged: Judged) -> Iterator[str]:
    for effect, title in TITLES.items():
        found = [way for way in judged.remedies if way.effect is effect][:_WAYS]
        if found and judged.verdict in (Verdict.FAILS, Verdict.FAILS_ON_USE):
            yield from ("", f"{title}:", "")
            mark = "1." if effect is Effect.CURES else "-"
            for way in found:
                commands = ", then ".join(_html(command) for command in way.commands)
                yield f"{mark} {commands} — {_text(way.text if effect is Effect.CURES else remains(way))}"


def _remedies(judged: Judged, findings: list[Finding]) -> Iterator[str]:
    counted: dict[tuple[bool, str], int] = {}
    for finding in findings:
        for remedy in finding.remedies:
            if not worth_telling(judged, finding, remedy):
                continue
            key = (not remedy.cures, remedy.text)
            counted[key] = counted.get(key, 0) + 1
    if counted:
        yield ""
        yield "What helps with some of it:" if judged.remedies else "What helps:"
        yield ""
        for (_, text), count in sorted(counted.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))[:4]:
            share = "" if count == len(findings) else f" ({count} of {len(findings)} findings)"
            yield f"- {_text(text)}{share}"


def _skipped(report: Report) -> str:
    rows = [f"- {_html('!'.join((*one.parents, one.path)))}: {_text(one.reason)}" for one in report.skipped[:_FOLDED]]
    if len(report.skipped) > _FOLDED:
        rows.append(f"- … and {len(report.skipped) - _FOLDED} more")
    return "\n".join(
        [f"<details><summary>{len(report.skipped)} not looked at</summary>", "", *rows, "", "</details>", ""]
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


_MARKUP = {ord(mark): f"&#{ord(mark)};" for mark in "&<>\"'`*_[]|\\~#@$"}
_UNSHOWN = dict.fromkeys([*range(32), 127, *range(0xD800, 0xE000)], "�")


def _text(text: str) -> str:
    """What Markdown, HTML or a service could take for markup, a mention or a link comes out as references."""
    plain = _shortened(text).translate(_MARKUP | _UNSHOWN)
    return plain.replace("://", "&#58;//").replace("www.", "www&#46;")


def _html(text: str) -> str:
    """A name as code, by the HTML tag: names may hold backticks."""
    return f"<code>{_text(text)}</code>"


FORMAT = Format("markdown", "Markdown that fits a comment on a pull request", render)
