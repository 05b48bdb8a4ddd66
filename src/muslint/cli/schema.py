"""``muslint schema``: the JSON Schema of the report."""

from __future__ import annotations


def schema() -> None:
    """Print the JSON Schema of `check -o json`."""
    from importlib.resources import files

    print((files("muslint.report") / "schema.json").read_text(encoding="utf-8"), end="")


COMMAND = schema
