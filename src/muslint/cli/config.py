"""``muslint config``: which settings count, and where they come from."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from muslint.cli.configured import Config, Isolated

app = typer.Typer(no_args_is_help=True, help="Settings of `check`: which count, and where they come from.")


@app.callback()
def options() -> None:
    """Settings of `check`: which count, and where they come from."""


@app.command()
def show(
    config: Config = None,
    isolated: Isolated = False,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FORMAT", help="table or json.")] = "table",
) -> None:
    """Print every setting that counts here, and where it comes from.

    Command line options of `check` stand above all of them.
    """
    from muslint.cli.check import check
    from muslint.cli.configured import chosen_file, effective, settings_of
    from muslint.errors import WrongUse
    from muslint.policy.suppression import parse_suppressions
    from muslint.rules import rules

    if output not in ("table", "json"):
        raise WrongUse(f"-o {output}: write table or json")
    environment = {} if isolated else dict(os.environ)
    file = chosen_file(config, isolated, environment)
    found = effective(settings_of(check), file, environment)
    entries = parse_suppressions(file.suppress, file.path, [rule.id for rule in rules()]) if file else ()
    if output == "json":
        import json

        values = {name: {"value": option.value, "from": option.origin} for name, option in found.items()}
        suppress = [{"meant": e.title, "reason": e.reason, "expires": e.expires and str(e.expires)} for e in entries]
        print(json.dumps({"file": file.path if file else None, "settings": values, "suppress": suppress}, indent=2))
        return
    from tabulate import tabulate

    rows = [(name, _toml(option.value), option.origin) for name, option in found.items()]
    rows.append(("suppress", f"{len(entries)} entries", file.path if file else "default"))
    print(tabulate(rows, headers=("setting", "value", "from"), tablefmt="plain", disable_numparse=True))


def _toml(value: object) -> str:
    """A value as it is written in the file; a dash for none."""
    import json

    return "-" if value is None else json.dumps(value, ensure_ascii=False)


COMMAND = app
