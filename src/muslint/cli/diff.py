"""``muslint diff``: what got better and what got worse between two JSON reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from muslint.cli.completion import FILE
from muslint.policy.verdict import FailOn

if TYPE_CHECKING:
    from muslint.report.difference import Change, Difference
    from muslint.rules.finding import Finding

_LISTED = 20


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD.json", click_type=FILE, help="A report of `check -o json`.")],
    new: Annotated[str, typer.Argument(metavar="NEW.json", click_type=FILE, help="A later one.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FORMAT", help="table or json.")] = "table",
    fail_on: Annotated[FailOn, typer.Option("--fail-on", help="Exit 1 when a new finding is this bad.")] = FailOn.FAILS,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="List every finding.")] = False,
) -> None:
    """What got better and what got worse between two reports?

    Findings are told apart by fingerprint, so a rebuilt or moved file is the same. Exit code: 0 nothing
    new at or above --fail-on; 1 something.
    """
    from muslint.errors import WrongUse
    from muslint.report.difference import difference
    from muslint.report.read import read_report

    if output not in ("table", "json"):
        raise WrongUse(f"-o {output}: write table or json")
    found = difference(read_report(old), read_report(new))
    if output == "json":
        import json

        text = json.dumps(_document(found), indent=2, ensure_ascii=False)
    else:
        text = "\n".join(_lines(found, verbose))
    print(text.encode("utf-8", "backslashreplace").decode())
    raise typer.Exit(1 if found.worse(fail_on) else 0)


def _document(found: Difference) -> dict[str, Any]:
    from muslint.report.json_format import finding_document

    return {
        "schema": "muslint-diff/1",
        "targets": list(found.targets),
        "objects": [{"path": c.path, "old": c.old, "new": c.new, "worse": c.worse} for c in found.changes],
        "new": [finding_document(finding) for finding in found.appeared],
        "gone": [finding_document(finding) for finding in found.gone],
    }


def _lines(found: Difference, verbose: bool) -> Iterator[str]:
    if found.targets[0] != found.targets[1]:
        yield f"The targets differ: {found.targets[0]}, then {found.targets[1]}"
        yield ""
    titles = {True: "Worse", False: "Better", None: "Otherwise changed"}
    for worse, title in titles.items():
        changes = [change for change in found.changes if change.worse is worse]
        findings = {True: found.appeared, False: found.gone, None: ()}[worse]
        if changes or findings:
            yield title
            yield from (f"  {_change(change)}" for change in changes)
            yield from _findings(findings, "+" if worse else "-", verbose)
            yield ""
    new, gone = len(found.appeared), len(found.gone)
    yield f"{new} new finding{'s' if new != 1 else ''}, {gone} gone."


def _change(change: Change) -> str:
    words = [str(verdict).replace("-", " ") if verdict else None for verdict in (change.old, change.new)]
    if words[0] is None:
        return f"{change.path}  new: {words[1]}"
    return f"{change.path}  {words[0]} → {words[1]}" if words[1] else f"{change.path}  gone: {words[0]} before"


def _findings(findings: tuple[Finding, ...], mark: str, verbose: bool) -> Iterator[str]:
    shown = findings if verbose else findings[:_LISTED]
    yield from (f"  {mark} {finding.rule}: {finding.message}" for finding in shown)
    if len(findings) > len(shown):
        yield f"  {mark} … and {len(findings) - len(shown)} more (-v lists them)"


COMMAND = diff
