"""The table for people: one line a binary, then under each failing one what the log will say, the causes
in groups, and what would help."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from muslint.libc.groups import family
from muslint.policy.verdict import Verdict
from muslint.report.report import Judged, Report
from muslint.rules.finding import Finding, Remedy, Severity, When

NAME = "table"
_WORDS = {
    Verdict.FAILS: "FAILS", Verdict.FAILS_ON_USE: "fails on use", Verdict.DIFFERS: "differs",
    Verdict.RUNS: "runs", Verdict.UNKNOWN: "unknown",
}  # fmt: skip
_COLOURS = {
    Verdict.FAILS: "31;1", Verdict.FAILS_ON_USE: "31", Verdict.DIFFERS: "33", Verdict.RUNS: "32", Verdict.UNKNOWN: "35",
}  # fmt: skip
_SHOWN = 4
_SYMBOL_RULES = ("symbol-missing", "symbol-fortify", "symbol-too-new", "symbol-runtime", "symbol-unresolved")


def render(report: Report, verbose: int, colour: bool = False) -> str:
    """The report as text; ``verbose`` above 0 lists everything."""
    lines: list[str] = []
    failing = [judged for judged in report.objects if judged.verdict not in (Verdict.RUNS, Verdict.UNKNOWN)]
    if len(report.objects) == 1:
        lines += _single(report, report.objects[0], verbose, colour)
    elif report.objects:
        lines += _many(report, failing, verbose, colour)
    lines += _skipped(report, verbose)
    lines.append(_totals(report))
    return "\n".join(lines) + "\n"


def _paint(text: str, verdict: Verdict, colour: bool) -> str:
    return f"\x1b[{_COLOURS[verdict]}m{text}\x1b[0m" if colour else text


def _describe(judged: Judged) -> str:
    kind = {"executable": "program", "shared-library": "library"}.get(judged.kind, judged.kind.replace("-", " "))
    needs = ", ".join(f"{k} {v}" if k != "GLIBC" else v for k, v in judged.requires.items())
    origin = {"none": "", "unknown": ""}.get(judged.built_for, f", built for {judged.built_for}")
    return f"{judged.arch} {kind}{origin}" + (f" (needs {needs})" if needs and judged.built_for == "glibc" else "")


def _single(report: Report, judged: Judged, verbose: int, colour: bool) -> list[str]:
    verdict = _paint(_WORDS[judged.verdict], judged.verdict, colour)
    lines = [f"{judged.path}  {_describe(judged)}    {verdict} on {report.target.name}", ""]
    details = list(_details(judged, verbose))
    return lines + details + ([""] if details else [])


def _many(report: Report, failing: list[Judged], verbose: int, colour: bool) -> list[str]:
    from tabulate import tabulate

    shown = (
        list(report.objects) if verbose or len(report.objects) <= 12 else [j for j in report.objects if j in failing]
    )
    rest = [j for j in report.objects if j not in shown]
    rows = [(j.path, _paint(f"{_WORDS[j.verdict]:12}".rstrip(), j.verdict, colour), first_failure(j)) for j in shown]
    for verdict in Verdict:
        count = sum(j.verdict is verdict for j in rest)
        if count:
            rows.append(("…", _paint(_WORDS[verdict], verdict, colour), f"({count} more)"))
    lines = [f"{report.source} on {report.target.name}", ""]
    lines += tabulate(
        rows, headers=("", "verdict", "first thing that breaks"), tablefmt="plain", disable_numparse=True
    ).splitlines()
    lines.append("")
    for same in _alike(failing):
        judged = same[0]
        if len(same) > 1:
            lines.append(f"{judged.path} and {len(same) - 1} more with the same causes:")
        else:
            lines.append(f"{judged.path}  {_describe(judged)}")
        lines.append("")
        lines += _details(judged, verbose)
        lines.append("")
    return lines


def _alike(failing: list[Judged]) -> list[list[Judged]]:
    """Failing objects that fail for the same reasons, so that one cause is told once."""
    groups: dict[tuple[str, ...], list[Judged]] = {}
    for judged in failing:
        key = tuple(sorted({f"{f.rule} {f.symbol or f.library or f.relocation}" for f in _errors(judged)}))
        groups.setdefault(key, []).append(judged)
    return sorted(groups.values(), key=lambda same: (-len(same), same[0].path))


def _errors(judged: Judged) -> list[Finding]:
    return [f for f in judged.findings if f.severity is not Severity.INFO and f.suppressed is None]


def first_failure(judged: Judged) -> str:
    """The first thing that breaks, short enough for a line, with how many follow."""
    if judged.verdict is Verdict.UNKNOWN:
        return judged.reason or ""
    errors = _errors(judged)
    if not errors:
        return ""
    text = errors[0].message
    for prefix in (f"Error relocating {judged.path}: ", "Error relocating ", "Error loading shared library "):
        text = text.removeprefix(prefix)
    text = text.split(" (needed by ")[0]
    return text + (f" (+{len(errors) - 1})" if len(errors) > 1 else "")


def _details(judged: Judged, verbose: int) -> Iterator[str]:
    errors = _errors(judged)
    if judged.reason:
        yield f"  Not judged: {judged.reason}."
    interpreter = [f for f in errors if f.rule == "interpreter-missing"]
    others = [f for f in errors if f.rule != "interpreter-missing"]
    if interpreter:
        yield f"  Will not start: its interpreter {interpreter[0].library} does not exist there."
        yield f"  The shell will say:  {interpreter[0].message}"
    told = [f for f in others if f.when is When.LOAD]
    if told:
        yield "  With that cured, the loader would say:" if interpreter else "  The loader will say:"
        more = len(told) - 1
        yield f"    {told[0].message}" + (f"    … and {more} more" if more else "")
    used = [f for f in others if f.when is When.USE]
    if used:
        yield f"  Loads, but dies without a message when it calls: {_listed([f.symbol or '' for f in used], verbose)}"
    yield from _causes(others, verbose)
    yield from _notes(judged, verbose)
    yield from _ways_out(errors, verbose)


def _causes(errors: list[Finding], verbose: int) -> Iterator[str]:
    symbols = [f for f in errors if f.rule in _SYMBOL_RULES]
    rest = [f for f in errors if f.rule not in _SYMBOL_RULES]
    if rest:
        yield ""
    for rule, found in groupby(sorted(rest, key=lambda f: f.rule), key=lambda f: f.rule):
        findings = list(found)
        title = {"library-missing": "not on the target", "library-off-path": "there, but where musl does not look"}.get(
            rule, rule.replace("-", " ")
        )
        names = dict.fromkeys(str(f.library or f.relocation or f.symbol or f.message) for f in findings)
        yield f"  {_counted(len(names), rule)} {title}"
        for name in list(names)[: None if verbose else _SHOWN]:
            finding = next(f for f in findings if str(f.library or f.relocation or f.symbol or f.message) == name)
            yield f"    {name}    {_reason(finding)}".rstrip()
        if not verbose and len(names) > _SHOWN:
            yield f"    … and {len(names) - _SHOWN} more (-v lists them)"
    if symbols:
        yield ""
        distinct = dict.fromkeys((f.symbol, f.rule) for f in symbols)
        yield f"  {len(distinct)} symbol{'s' if len(distinct) != 1 else ''} no library there gives"
        yield from _symbol_groups(symbols, verbose)


def _counted(number: int, rule: str) -> str:
    one, many = ("library", "libraries") if rule.startswith("library") else ("finding:", "findings:")
    return f"{number} {one if number == 1 else many}"


def _reason(finding: Finding) -> str:
    if finding.needed_by and finding.evidence:
        return f"needed by {finding.needed_by}"
    return finding.evidence[0].text if finding.evidence else ""


def _symbol_groups(symbols: list[Finding], verbose: int) -> Iterator[str]:
    groups: dict[str, dict[str, Finding]] = {}
    for finding in symbols:
        groups.setdefault(_group(finding), {}).setdefault(finding.symbol or "", finding)
    for title, members in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        versions = sorted({f.version for f in members.values() if f.version})
        note = f"  [{versions[0]}{' …' if len(versions) > 1 else ''}]" if versions else ""
        yield f"    {_listed(list(members), verbose)}    {title}{note}"


def _group(finding: Finding) -> str:
    if finding.rule == "symbol-too-new":
        return finding.remedies[0].text if finding.remedies else "newer release"
    if finding.rule == "symbol-runtime":
        return finding.evidence[0].text if finding.evidence else f"{finding.library} there lacks it"
    if finding.rule == "symbol-unresolved":
        return finding.evidence[0].text if finding.evidence else "nothing known gives it"
    kin = family(finding.symbol or "")
    return kin.title if kin.id != "other" else "glibc only"


def _listed(names: list[str], verbose: int) -> str:
    names = list(dict.fromkeys(names))
    if verbose or len(names) <= _SHOWN:
        return ", ".join(names)
    return ", ".join(names[: _SHOWN - 1]) + f" and {len(names) - _SHOWN + 1} more"


def _notes(judged: Judged, verbose: int) -> Iterator[str]:
    infos = [f for f in judged.findings if f.severity is Severity.INFO]
    if infos and (verbose or judged.verdict is not Verdict.RUNS):
        yield ""
        for text, found in groupby(sorted(infos, key=_why), key=_why):
            names = [f.symbol or f.library or "" for f in found]
            yield f"  {len(names)} name{'s' if len(names) != 1 else ''} {text}: {_listed(names, verbose)}"
    if judged.assumed:
        yield f"  Taken for granted: {', '.join(judged.assumed)} (exports not known to muslint)"


def _why(finding: Finding) -> str:
    return finding.evidence[0].text if finding.evidence else "unresolved"


def _ways_out(errors: list[Finding], verbose: int) -> Iterator[str]:
    counted: dict[Remedy, int] = {}
    for finding in errors:
        for remedy in finding.remedies:
            counted[remedy] = counted.get(remedy, 0) + 1
    if not counted:
        return
    yield ""
    yield "  What helps"
    ordered = sorted(counted, key=lambda r: (not r.cures, -counted[r], r.text))
    for remedy in ordered[: None if verbose else _SHOWN]:
        share = "" if counted[remedy] == len(errors) else f"  ({counted[remedy]} of {len(errors)} findings)"
        yield f"    {remedy.text}{share}"


def _skipped(report: Report, verbose: int) -> list[str]:
    if not report.skipped:
        return []
    by_reason: dict[str, list[str]] = {}
    for skipped in report.skipped:
        by_reason.setdefault(skipped.reason, []).append(skipped.path)
    lines = ["Not looked at:"]
    lines += [f"  {len(paths)} × {reason}: {_listed(paths, verbose)}" for reason, paths in sorted(by_reason.items())]
    return [*lines, ""]


def _totals(report: Report) -> str:
    parts = [
        f"{report.count(verdict)} {word}"
        for verdict, word in (
            (Verdict.FAILS, "fail"), (Verdict.FAILS_ON_USE, "fail on use"), (Verdict.DIFFERS, "differ"),
            (Verdict.RUNS, "run"), (Verdict.UNKNOWN, "unknown"),
        )
        if report.count(verdict)
    ]  # fmt: skip
    skipped = f"; {len(report.skipped)} not looked at" if report.skipped else ""
    return f"{len(report.objects)} checked on {report.target.name}: {', '.join(parts) or 'nothing'}{skipped}."


FORMAT = (NAME, render)
