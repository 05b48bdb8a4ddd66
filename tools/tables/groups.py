"""Tables of symbol families: which group of glibc's names a name belongs to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.tables.text import load, table

_RENAMED = {"backtrace": "execinfo"}
_FIELDS = ("title", "what", "provider_on_alpine", "source_fix", "binary_fix", "note")


def tables(facts: Path) -> Iterator[tuple[str, str]]:
    """Yield path and text of each table of families made from ``facts``."""
    groups = load(facts, "groups.json")["groups"]
    yield "groups/symbols.txt", member_table(groups)
    yield "groups/families.txt", family_table(groups)


def _id(group: dict[str, Any]) -> str:
    return str(_RENAMED.get(group["id"], group["id"])).replace("_", "-")


def member_table(groups: list[dict[str, Any]]) -> str:
    """Return the table from name to family; the first group that lists a name has it."""
    held: dict[str, str] = {}
    for group in groups:
        for symbol in group["symbols"]:
            seen = symbol.get("seen_in_local_binaries") or 0
            held.setdefault(symbol["name"], f"{_id(group)} {seen}")
    return table(
        "families of glibc names: NAME FAMILY SEEN\n"
        "SEEN: strong undefined references in a corpus of 1777 programs and libraries of Debian 12",
        [("source", "glibc's public names less musl's, grouped by hand")],
        [f"{name} {rest}" for name, rest in sorted(held.items())],
    )


def family_table(groups: list[dict[str, Any]]) -> str:
    """Return the table of what each family is, in words: FAMILY FIELD TEXT."""
    lines = []
    for group in sorted(groups, key=_id):
        for field in _FIELDS:
            text = " ".join(str(group.get(field) or "").split())
            if text:
                lines.append(f"{_id(group)} {field.replace('_on_alpine', '')} {text}")
    return table("families of glibc names in words: FAMILY FIELD TEXT", [], lines)
