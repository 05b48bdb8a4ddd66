"""What the pages of the load rules say of the rules: ``python -m tests.docs.load_rules`` writes it from them.

The paragraph under the first sentence of each page, and the table in their index. All else is prose.
"""

from __future__ import annotations

import re

from muslint.rules import load_rules
from muslint.rules.finding import When
from muslint.rules.rule import Rule
from tests.support.cache import REPOSITORY
from tests.witness.witness import ids, witness

FOLDER = REPOSITORY / "docs" / "rules"
_SHOWS = {When.LOAD: "at load", When.USE: "when that code is reached", When.RUN: "while it runs"}
_FACTS = re.compile(r"^\*\*Severity\*\*.*(?:\n.+)*", re.M)
_TABLE = re.compile(r"^\| rule \| .*(?:\n\|.*)*", re.M)


def facts(rule: Rule) -> str:
    """Severity, when it shows, what proves it, and the witnesses that were run on both C libraries."""
    text = f"**Severity** {rule.severity} · **shows** {_SHOWS[rule.when]} · **proof** {rule.evidence}"
    shown = [name for name in ids() if (load := witness(name).load) is not None and load["id"] == rule.id]
    links = ", ".join(f"[{name}](behaviour/{name}.md)" for name in shown)
    return text + (f" · **both outputs** {links}" if links else "")


def index() -> str:
    """The table of the rules, in the order reports tell them."""
    rows = (f"| [{rule.id}]({rule.id}.md) | {rule.severity} | {rule.title} |" for rule in load_rules())
    return "\n".join(("| rule | severity | fires when |", "|---|---|---|", *rows))


def page(rule: Rule) -> tuple[str, str]:
    """The page of a rule as it is, and as it should be. Raises ValueError where it has no place for the facts."""
    text = (FOLDER / f"{rule.id}.md").read_text(encoding="utf-8")
    if not _FACTS.search(text):
        raise ValueError(f"{rule.id}.md has no paragraph that begins with **Severity**")
    return text, _FACTS.sub(lambda _: facts(rule), text, count=1)


def listed() -> tuple[str, str]:
    """The index as it is, and as it should be."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    return text, _TABLE.sub(lambda _: index(), text, count=1)


if __name__ == "__main__":
    for rule in load_rules():
        (FOLDER / f"{rule.id}.md").write_text(page(rule)[1], encoding="utf-8")
    (FOLDER / "README.md").write_text(listed()[1], encoding="utf-8")
