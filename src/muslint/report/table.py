"""The table for people: one line a binary, then under each failing one what the log will say, the causes
in groups, and what would help."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from muslint.libc.groups import family
from muslint.policy.verdict import Verdict
from muslint.report.bases import table as bases_table
from muslint.report.differences import about, differences, says
from muslint.report.folded import folded
from muslint.report.format import Format
from muslint.report.image import images, layer_of
from muslint.report.readable import readable
from muslint.report.report import Judged, Report
from muslint.report.ways import alike, counted, downloads, enough_for, ways, worth_telling
from muslint.report.width import cut, left
from muslint.rules.finding import UNLISTED, Finding, Remedy, Severity, When

NAME = "table"
_WORDS = {
    Verdict.FAILS: "FAILS", Verdict.FAILS_ON_USE: "fails on use", Verdict.DIFFERS: "differs",
    Verdict.RUNS: "runs", Verdict.UNKNOWN: "unknown",
}  # fmt: skip
_COUNTED = {
    Verdict.FAILS: ("fails", "fail"), Verdict.FAILS_ON_USE: ("fails on use", "fail on use"),
    Verdict.DIFFERS: ("differs", "differ"), Verdict.RUNS: ("runs", "run"), Verdict.UNKNOWN: ("unknown", "unknown"),
}  # fmt: skip
_COLOURS = {
    Verdict.FAILS: "31;1", Verdict.FAILS_ON_USE: "31", Verdict.DIFFERS: "33", Verdict.RUNS: "32", Verdict.UNKNOWN: "35",
}  # fmt: skip
# What is in each error line of the loaders: musl's at its beginning, glibc's further on.
_LOADER_SAYS = (
    "Error ", ": error while loading shared libraries: ", ": symbol lookup error: ", "undefined symbol: ",
    "cannot open shared object file", " not found (required by ",
)  # fmt: skip
_SHOWN, _SHOWN_GROUPS, _NAMES_WIDTH = 4, 8, 44
_ADD = re.compile(r"apk add [\w.+-]+")
_SYMBOL_RULES = ("symbol-missing", "symbol-fortify", "symbol-too-new", "symbol-runtime", "symbol-unresolved",
                 "link-missing")  # fmt: skip
_TITLES = {
    "label-mismatch": ("label that is not true", "labels that are not true"),
    "library-missing": ("library that is not on the target", "libraries that are not on the target"),
    UNLISTED: ("library that may not be on the target", "libraries that may not be on the target"),
    "library-off-path": ("library that is there, but where the loader does not look",
                         "libraries that are there, but where the loader does not look"),
    "library-unusable": ("library that cannot be used", "libraries that cannot be used"),
    "relocation-unsupported": ("relocation type the loader does not know", "relocation types the loader does not know"),
    "relr-unsupported": ("object with packed relocations", "objects with packed relocations"),
    "tls-initial-exec": ("thread-local variable that must be there at start",
                         "thread-local variables that must be there at start"),
    "version-unmet": ("symbol version that is not there", "symbol versions that are not there"),
    "libc-mixed": ("process with two C libraries", "processes with two C libraries"),
    "textrel-program": ("program with text relocations", "programs with text relocations"),
}  # fmt: skip


def render(report: Report, verbose: int, colour: bool = False, width: int | None = None) -> str:
    """The report as text; ``verbose`` above 0 lists everything. Rows are cut to ``width`` characters, None to none."""
    report = readable(report)
    lines: list[str] = []
    failing = [judged for judged in report.objects if judged.verdict not in (Verdict.RUNS, Verdict.UNKNOWN)]
    lines += images(report, verbose, lambda verdict: _paint(_WORDS[verdict], verdict, colour), first_failure)
    if len(report.objects) == 1:
        lines += _single(report, report.objects[0], verbose, colour)
    elif report.objects:
        lines += _many(report, failing, verbose, colour, None if verbose else width)
    lines += _skipped(report, verbose)
    lines.append(_totals(report))
    if report.bases:
        lines += ["", *bases_table(report.bases, "Base images", verbose, colour, width).splitlines()]
    return "\n".join(line for line, last in zip(lines, ["", *lines]) if line or last) + "\n"


def target_name(report: Report) -> str:
    """The target's name; a whole file system is its own."""
    return (
        f"its own {report.target.libc} {report.target.version}" if report.target.name == "self" else report.target.name
    )


def _paint(text: str, verdict: Verdict, colour: bool) -> str:
    return f"\x1b[{_COLOURS[verdict]}m{text}\x1b[0m" if colour else text


def _describe(judged: Judged) -> str:
    kind = {"executable": "program", "shared-library": "library"}.get(judged.kind, judged.kind.replace("-", " "))
    needs = ", ".join(f"{k} {v}" if k != "GLIBC" else v for k, v in judged.requires.items())
    if judged.kind == "script":
        return "script"
    origin = {"none": "", "unknown": ""}.get(judged.built_for, f", built for {judged.built_for}")
    package = f", from package {judged.package}" if judged.package else ""
    needed = f" (needs {needs})" if needs and judged.built_for == "glibc" else ""
    return f"{judged.arch} {kind}{origin}{needed}{package}"


def _single(report: Report, judged: Judged, verbose: int, colour: bool) -> list[str]:
    verdict = _paint(_WORDS[judged.verdict], judged.verdict, colour)
    lines = [f"{report.shown(judged)}  {_describe(judged)}    {verdict} on {target_name(report)}"]
    lines += [*layer_of(judged), ""]
    details = list(_details(judged, verbose))
    return lines + details + ([""] if details else [])


def _many(report: Report, failing: list[Judged], verbose: int, colour: bool, width: int | None) -> list[str]:
    from tabulate import tabulate

    shown = (
        list(report.objects) if verbose or len(report.objects) <= 12 else [j for j in report.objects if j in failing]
    )
    rest = [j for j in report.objects if j not in shown]
    told = [(report.shown(j), j.verdict, first_failure(j)) for j in shown]
    told = told if verbose else folded(told)
    for verdict in Verdict:
        count = sum(j.verdict is verdict for j in rest)
        if count:
            told.append(("…", verdict, f"({count} more)"))
    room = left(("", "verdict"), [(path, _WORDS[verdict]) for path, verdict, _ in told], width)
    rows = [(path, _paint(_WORDS[verdict], verdict, colour), cut(why, room)) for path, verdict, why in told]
    lines = [f"{report.source} on {target_name(report)}", ""]
    if not shown:
        return lines  # the last line says it all
    lines += tabulate(
        rows, headers=("", "verdict", "first thing that breaks"), tablefmt="plain", disable_numparse=True
    ).splitlines()
    lines += _enough([judged for judged in failing if judged.remedies])
    lines += downloads(failing)
    lines.append("")
    for same in alike(failing):
        judged = same[0]
        if len(same) > 1:
            lines.append(f"{report.shown(judged)} and {len(same) - 1} more with the same causes:")
        else:
            lines.append(f"{report.shown(judged)}  {_describe(judged)}")
        lines += [*layer_of(judged), ""]
        lines += _details(judged, verbose, several=True)
        lines.append("")
    return lines


def _enough(failing: list[Judged]) -> Iterator[str]:
    """What is enough for most of several failing objects."""
    if len(failing) > 1 and (found := list(enough_for(failing))[:_SHOWN]):
        yield ""
        every = len(failing)
        yield "What is enough, and for how many"
        width = len(str(every))
        yield from (f"  {count:{width}} of {every}  {command}" for command, count in found)


def first_failure(judged: Judged) -> str:
    """The first thing that breaks, short enough for a line, with how many follow."""
    if judged.verdict is Verdict.UNKNOWN:
        return judged.reason or ""
    errors = counted(judged)
    if not errors:
        return ""
    errors.sort(key=lambda finding: not finding.decides)
    first = next(iter(sorted((f for f in errors if f.when is When.LOAD), key=lambda f: f.unlisted)), errors[0])
    if first.when is When.RUN:
        return f"{about(first)}: {says(first)}" + (f" (+{len(errors) - 1})" if len(errors) > 1 else "")
    text = f"no {first.library} there" if first.rule == "interpreter-missing" else first.message
    text = f"{first.library} may not be there" if first.unlisted else text
    for prefix in (
        f"Error relocating {judged.path}: ",
        "Error relocating ",
        "Error loading shared library ",
        f"{judged.path}: ",
        "error while loading shared libraries: ",
        "symbol lookup error: ",
        f"{judged.path}: ",
    ):
        text = text.removeprefix(prefix)
    text = text.split(" (needed by ")[0]
    return text + (f" (+{len(errors) - 1})" if len(errors) > 1 else "")


def _details(judged: Judged, verbose: int, several: bool = False) -> Iterator[str]:
    errors = counted(judged)
    if judged.reason:
        yield f"  Not judged: {judged.reason}."
    interpreter = [f for f in errors if f.rule == "interpreter-missing"]
    others = [f for f in errors if f.rule != "interpreter-missing"]
    if interpreter:
        cannot = "does not exist there" if interpreter[0].message.endswith(": not found") else "cannot be opened there"
        yield f"  Will not start: its interpreter {interpreter[0].library} {cannot}."
        yield f"  The shell will say:  {interpreter[0].message}"
    load = [f for f in others if f.when is When.LOAD]
    linked = [f for f in load if f.rule == "link-missing"]
    told = sorted((f for f in load if _is_said(f.message)), key=lambda f: f.unlisted)
    silent = dict.fromkeys(f.message for f in load if not _is_said(f.message) and f not in linked)
    if linked:
        yield "  The linker will say:"
        yield f"    {linked[0].message}" + (f"    … and {len(linked) - 1} more" if len(linked) > 1 else "")
    if told:
        begins = "  If it is not there, the loader will say:" if told[0].unlisted else "  The loader will say:"
        yield "  With that cured, the loader would say:" if interpreter else begins
        more = len(told) - 1
        yield f"    {told[0].message}" + (f"    … and {more} more" if more else "")
    if silent:
        yield "  No log will say:"
        yield from (f"    {message}" for message in list(silent)[: None if verbose else _SHOWN])
    used = [f for f in others if f.when is When.USE and f.symbol]
    if used:
        yield f"  Loads, but dies without a message when it calls: {_listed([f.symbol or '' for f in used], verbose)}"
    yield from _causes([f for f in others if f.when is not When.RUN], verbose)
    yield from differences(judged, verbose)
    yield from _notes(judged, verbose)
    if verbose:
        yield from _suppressed(judged)
    yield from ways(judged, verbose, several)
    yield from _ways_out(judged, errors, verbose)


def _is_said(message: str) -> bool:
    return message.startswith(_LOADER_SAYS[0]) or any(words in message for words in _LOADER_SAYS[1:])


def _causes(errors: list[Finding], verbose: int) -> Iterator[str]:
    symbols = [f for f in errors if f.rule in _SYMBOL_RULES]
    rest = [f for f in errors if f.rule not in _SYMBOL_RULES]
    if rest:
        yield ""
    for rule, found in groupby(sorted(rest, key=_title), key=_title):
        about = {_about(finding): finding for finding in reversed(list(found))}
        yield f"  {len(about)} {_TITLES[rule][len(about) > 1]}"
        shown = sorted(about.items())[: None if verbose else _SHOWN]
        width = max((len(name) for name, _ in shown if len(name) <= _NAMES_WIDTH), default=0)
        for name, finding in shown:
            yield f"    {name.ljust(width)}    {_reason(finding)}".rstrip()
        if not verbose and len(about) > _SHOWN:
            yield f"    … and {len(about) - _SHOWN} more (-v lists them)"
    if symbols:
        yield ""
        distinct = dict.fromkeys((f.symbol, f.rule) for f in symbols)
        yield f"  {len(distinct)} symbol{'s' if len(distinct) != 1 else ''} no library there gives"
        yield from _symbol_groups(symbols, verbose)


def _title(finding: Finding) -> str:
    return UNLISTED if finding.unlisted else finding.rule


def _about(finding: Finding) -> str:
    """What a finding that is no symbol's is told under."""
    if finding.rule == "version-unmet":
        return f"{finding.version} of {finding.library}"
    return str(finding.library or finding.relocation or finding.symbol or finding.object)


def _reason(finding: Finding) -> str:
    places = [e.where for e in finding.evidence if e.kind == "file"]
    if finding.needed_by:
        needed = f"needed by {finding.needed_by}"
        return f"{needed}, lies at {', '.join(places[:_SHOWN])}" if places else needed
    return finding.evidence[0].text if finding.evidence else ""


def _symbol_groups(symbols: list[Finding], verbose: int) -> Iterator[str]:
    groups: dict[str, dict[str, Finding]] = {}
    for finding in symbols:
        groups.setdefault(_group(finding), {}).setdefault(finding.symbol or "", finding)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    shown = ordered if verbose else ordered[:_SHOWN_GROUPS]
    listed = [_listed(list(members), verbose) for _, members in shown]
    width = max((len(names) for names in listed if len(names) <= _NAMES_WIDTH), default=0)
    for names, (title, members) in zip(listed, shown):
        yield f"    {names.ljust(width)}    {title}{_versions(members.values())}"
    if len(ordered) > len(shown):
        left = sum(len(members) for _, members in ordered[len(shown) :])
        yield f"    … and {left} more in {len(ordered) - len(shown)} other groups (-v lists them)"


def _versions(findings: Iterable[Finding]) -> str:
    """The versions asked for, lowest and highest."""
    versions = sorted({f.version for f in findings if f.version}, key=_number)
    return f"  [{versions[0]}{f' … {versions[-1]}' if len(versions) > 1 else ''}]" if versions else ""


def _number(version: str) -> tuple[str, list[int]]:
    """Sorts ``GLIBC_2.9`` before ``GLIBC_2.28``."""
    return version.partition("_")[0], [int(digits) for digits in re.findall(r"\d+", version)]


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
    infos = [
        f for f in judged.findings if f.severity is Severity.INFO and f.suppressed is None and f.when is not When.RUN
    ]
    if infos and (verbose or judged.verdict is not Verdict.RUNS):
        yield ""
        for text, found in groupby(sorted(infos, key=_note), key=_note):
            names = list(dict.fromkeys(f.symbol or f.library or "" for f in found))
            yield f"  {len(names)} name{'s' if len(names) != 1 else ''} {text}: {_listed(names, verbose)}"
    assumed = [name for name in judged.assumed if not any(_why(f).endswith(f" from {name}") for f in infos)]
    if assumed:
        yield f"  Taken for granted: {', '.join(assumed)} (exports not known to muslint)"


def _suppressed(judged: Judged) -> Iterator[str]:
    accepted = [f for f in judged.findings if f.suppressed is not None]
    if accepted:
        yield ""
        yield "  Suppressed"
        yield from (f"    {finding.message}    ({finding.suppressed})" for finding in accepted)


def _note(finding: Finding) -> str:
    """What information about loading is told under."""
    if finding.rule == "library-missing" and finding.when is When.USE:
        return "of libraries it may open, which are not there"
    return _why(finding)


def _why(finding: Finding) -> str:
    return finding.evidence[0].text if finding.evidence else "unresolved"


def _ways_out(judged: Judged, errors: list[Finding], verbose: int) -> Iterator[str]:
    """What helps with single findings."""
    counted: dict[Remedy, int] = {}
    loading: set[Remedy] = set()
    for finding in errors:
        for remedy in finding.remedies:
            if not worth_telling(judged, finding, remedy):
                continue
            counted[remedy] = counted.get(remedy, 0) + 1
            if finding.when is not When.RUN and finding.decides:
                loading.add(remedy)
    if not counted:
        return
    yield ""
    yield "  What helps with some of it" if judged.remedies else "  What helps"
    ordered = sorted(counted, key=lambda r: (r not in loading, not r.cures, -counted[r], r.text))
    told = _together([(remedy.text, counted[remedy]) for remedy in ordered])
    for text, count in told[: None if verbose else _SHOWN]:
        share = "" if count == len(errors) else f"  ({count} of {len(errors)} findings)"
        yield f"    {text}{share}"


def _together(told: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Remedies with how many findings each is for; of packages to add, one command for all."""
    adding = [(text, count) for text, count in told if _ADD.fullmatch(text)]
    if len(adding) < 2:
        return told
    packages = dict.fromkeys(package for text, _ in adding for package in text.removeprefix("apk add ").split())
    one = f"apk add {' '.join(packages)}", sum(count for _, count in adding)
    at = told.index(adding[0])
    return [*told[:at], one, *(row for row in told[at:] if row not in adding)]


def _skipped(report: Report, verbose: int) -> list[str]:
    if not report.skipped:
        return []
    by_reason: dict[str, list[str]] = {}
    for skipped in report.skipped:
        by_reason.setdefault(skipped.reason, []).append(report.shown(skipped))
    lines = ["Not looked at:"]
    lines += [f"  {len(paths)} × {reason}: {_listed(paths, verbose)}" for reason, paths in sorted(by_reason.items())]
    return [*lines, ""]


def _totals(report: Report) -> str:
    if not report.objects and not report.skipped:
        return f"Nothing to check in {report.source}: no ELF file, or none that was asked for."
    parts = []
    for verdict, (one, many) in _COUNTED.items():
        if count := report.count(verdict):
            parts.append(f"{count} {one if count == 1 else many}")
    counts = f": {', '.join(parts)}" if parts else ""
    skipped = f"; {len(report.skipped)} not looked at" if report.skipped else ""
    accepted = report.suppressed
    suppressed = f"; {accepted} finding{'s' if accepted > 1 else ''} suppressed" if accepted else ""
    return f"{len(report.objects)} checked on {target_name(report)}{counts}{skipped}{suppressed}."


FORMAT = Format(NAME, "for people", render, coloured=True)
