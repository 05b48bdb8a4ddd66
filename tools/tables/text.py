"""Writing tables: sorted, one row a line, the same bytes for the same facts."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "src" / "muslint" / "libc" / "data"


def load(facts: Path, name: str) -> Any:
    """Return the parsed JSON file ``name`` of the facts directory."""
    return json.loads((facts / name).read_text())


def table(title: str, notes: Iterable[tuple[str, str]], lines: Iterable[str]) -> str:
    """Return the text of a table: a title, its ``@`` notes and its rows in order."""
    head = [f"# {line}" for line in title.splitlines()]
    marks = [f"@ {key} {value}".rstrip() for key, value in notes]
    return "\n".join([*head, *marks, *lines]) + "\n"
