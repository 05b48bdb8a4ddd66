"""``muslint rules``: every rule with its severity, evidence and witness."""

from __future__ import annotations

from typing import Annotated

import typer


def list_rules(
    output: Annotated[str, typer.Option("--output", "-o", metavar="FORMAT", help="table or json.")] = "table",
) -> None:
    """List every rule: how bad it is, what proves it, what shows it."""
    from muslint.errors import WrongUse
    from muslint.rules import rules

    if output == "json":
        import json

        fields = ("id", "title", "severity", "when", "evidence", "witness")
        print(json.dumps([{name: str(getattr(rule, name)) for name in fields} for rule in rules()], indent=2))
        return
    if output != "table":
        raise WrongUse(f"-o {output}: write table or json")
    from tabulate import tabulate

    rows = [(rule.id, rule.severity, rule.when, rule.title) for rule in rules()]
    print(tabulate(rows, headers=("rule", "severity", "when", "fires when"), tablefmt="plain"))


COMMAND = list_rules
