"""``muslint formats``: what ``check -o`` can write."""

from __future__ import annotations


def list_formats() -> None:
    """List the formats that `check -o FORMAT[=FILE]` writes."""
    from tabulate import tabulate

    from muslint.report.format import formats

    print(tabulate([(form.name, form.title) for form in formats()], tablefmt="plain"))


COMMAND = list_formats
