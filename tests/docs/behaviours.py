"""Pages of the behaviour rules: ``python -m tests.docs.behaviours`` writes them from the rules and their witnesses.

The outputs shown are those of ``witness.toml``, which ``tests/witness`` holds equal to what real machines print.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from muslint.rules import behaviours, load_rules
from muslint.rules.behaviour.behaviour import Behaviour
from tests.support.cache import REPOSITORY
from tests.witness.machine import described
from tests.witness.witness import Run, expected, ids, subject, witness

FOLDER = REPOSITORY / "docs" / "rules" / "behaviour"
FIXTURES = "../../../fixtures/witness"
_BUILDS = {
    "glibc": "files built for glibc; a rebuild for musl cures it",
    "any": "any file; a rebuild for musl has it too",
}
_NAMES = {"glibc": "glibc 2.36", "alpine": "Alpine 3.23"}


def pages() -> dict[Path, str]:
    """Every page by its path."""
    found = {FOLDER / "README.md": index()}
    for rule in behaviours():
        found[FOLDER / f"{rule.id}.md"] = page(rule)
    for name in ids():
        if witness(name).load is not None:
            found[FOLDER / f"{name}.md"] = loading_page(name)
    return found


def releases(since: str | None, until: str | None) -> str:
    """The releases of musl that behave so, in words."""
    if since and until:
        return f"musl {since} and later, before {until}"
    if since or until:
        return f"musl {since} and later" if since else f"musl before {until}"
    return "every release of musl that was run: 1.2.3, 1.2.5, 1.2.6"


def page(rule: Behaviour) -> str:
    """The page of one rule."""
    shows = f"**Severity** {rule.severity} · **shows** while it runs · **concerns** {_BUILDS[rule.builds]}"
    hidden = [] if rule.default else ["", "Information only, shown with `-v`: it depends on what the program does."]
    parts = [
        f"# {rule.id}", "", f"{_sentence(rule.title)}", "", shows, *hidden, "",
        "## What breaks", "", _sentence(rule.claim), "",
        "| on | |", "|---|---|", f"| glibc | {_cell(rule.glibc)} |", f"| musl | {_cell(rule.musl)} |",
        f"| releases | {releases(rule.since, rule.until)} |", "",
        *_shown(rule.id),
        "## How muslint decides", "", _sentence(rule.evidence), "", *_triggers(rule),
        "## What helps", "", f"- For the file as it is: {rule.remedy}", f"- In the source: {rule.fix}", "",
        "## References", "", *(f"- {reference}" for reference in rule.references),
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def loading_page(name: str) -> str:
    """The page of a matter of the loader, which a load rule reports."""
    load = witness(name).load
    assert load is not None
    parts = [
        f"# {name}", "", _sentence(load["title"]), "",
        f"Reported by the rule [{load['id']}](../{load['id']}.md), which says what helps.", "",
        "## What breaks", "", _sentence(load["claim"]), "",
        "| on | |", "|---|---|", f"| glibc | {_cell(load['glibc'])} |", f"| musl | {_cell(load['musl'])} |",
        f"| releases | {releases(None, load.get('until'))} |", "",
        *_shown(name),
    ]  # fmt: skip
    return "\n".join(parts).rstrip() + "\n"


def index() -> str:
    """The list of all of them."""
    rows = ["| rule | severity | in short |", "|---|---|---|"]
    quiet = ["| rule | in short |", "|---|---|"]
    for rule in behaviours():
        if rule.default:
            rows.append(f"| [{rule.id}]({rule.id}.md) | {rule.severity} | {_cell(rule.title)} |")
        else:
            quiet.append(f"| [{rule.id}]({rule.id}.md) | {_cell(rule.title)} |")
    known = {rule.id for rule in load_rules()}
    loads = ["| matter | rule |", "|---|---|"]
    for name in ids():
        if (load := witness(name).load) is not None:
            assert load["id"] in known
            loads.append(f"| [{name}]({name}.md) | [{load['id']}](../{load['id']}.md) |")
    return _INTRODUCTION + "\n".join([*rows, "", "## Shown with -v", "", *_QUIET, "", *quiet, "",
                      "## Reported by load rules", "", *loads]) + "\n"  # fmt: skip


_INTRODUCTION = """\
# Behaviour rules

What loads on musl and behaves differently there. Each rule is backed twice: by evidence in the file (a constant that
is passed to a call, a string, initialised data, an import that tells by its name), and by a program that was run on
real glibc and on real musl; its page shows both outputs.

**Confidence** is `certain` where the contract is broken whatever the input, `likely`, or `possible`: information,
shown with `-v`, which never moves the verdict. In files not built for glibc every finding is information: they were
tried on their own C library.

"""
_QUIET = ["Too many programs use these functions without ever meeting the difference."]


def _shown(name: str) -> Iterator[str]:
    """The outputs of every run."""
    yield "## The witness"
    yield ""
    yield f"[fixtures/witness/{name}]({FIXTURES}/{name}), the same file on each:"
    yield ""
    runs = witness(name).runs
    for run in runs:
        if len(runs) > 1:
            yield f"**{run.name}**"
            yield ""
        for machines, text in _outputs(run):
            yield f"{machines}:"
            yield ""
            yield "```"
            yield text.rstrip("\n")
            yield "```"
            yield ""


def _outputs(run: Run) -> Iterator[tuple[str, str]]:
    """(machines, output), alike ones once, glibc first."""
    rule, others = subject(run.rule), [name for name in run.machines if name != "glibc"]
    same: dict[str, list[str]] = {}
    again: dict[str, list[str]] = {}
    for name in run.machines:
        same.setdefault(expected(rule, run, described(name)), []).append(name)
    for name in others if run.rebuild else ():
        again.setdefault(expected(rule, run, described(name), rebuilt=True), []).append(name)
    for text in [*same, *(text for text in again if text not in same)]:
        said = [_listed(same[text])] if text in same else []
        if text in again:
            alike = again[text] in (others, [name for name in same.get(text, ()) if name != "glibc"])
            said.append("rebuilt for musl" + ("" if alike else f", on {_listed(again[text])}"))
        yield "; ".join(said), text


def _listed(names: Sequence[str]) -> str:
    """glibc 2.36, musl 1.2.3, 1.2.5, Alpine 3.23"""
    musl = [name.removeprefix("musl-") for name in names if name.startswith("musl-")]
    parts = [_NAMES["glibc"]] if "glibc" in names else []
    parts += [f"musl {', '.join(musl)}"] if musl else []
    return ", ".join(parts + ([_NAMES["alpine"]] if "alpine" in names else []))


def _triggers(rule: Behaviour) -> Iterator[str]:
    if rule.triggers:
        yield f"Looked for in files that import {', '.join(f'`{name}`' for name in rule.triggers)}."
        yield ""


def _sentence(text: str) -> str:
    """A sentence begins with a capital, unless its first word is a name in C."""
    name = text.partition(" ")[0].rstrip(":,") in _names() or re.match(r"\w*[._(\d]", text)
    return (text if name else text[0].upper() + text[1:]) + ("" if text.endswith(".") else ".")


@cache
def _names() -> frozenset[str]:
    return frozenset(name for rule in behaviours() for name in rule.triggers) | {"dlsym", "musl", "glibc"}


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def write() -> None:
    """Write every page, and remove those of rules that went away."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for path in FOLDER.glob("*.md"):
        if path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    write()
