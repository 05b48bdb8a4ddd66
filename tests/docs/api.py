"""The page of the Python API: ``python -m tests.docs.api`` writes it from signatures and docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.support.cache import REPOSITORY

PAGE = REPOSITORY / "docs" / "api.md"
FUNCTIONS = ("muslint.check", "muslint.explain", "muslint.ldd", "muslint.testing.assert_runs_on")
TYPES = (
    "muslint.report.report.Report",
    "muslint.report.report.Judged",
    "muslint.rules.finding.Finding",
    "muslint.rules.finding.Evidence",
    "muslint.rules.finding.Remedy",
    "muslint.policy.verdict.Verdict",
    "muslint.rules.finding.Severity",
    "muslint.rules.finding.When",
    "muslint.sources.source.Skipped",
    "muslint.advice.explanation.Explanation",
    "muslint.loader.target.Link",
)
_INTRODUCTION = """\
# Python API

The same values that the command line renders, typed (`py.typed`). Made from the signatures and docstrings.

```python
import muslint

report = muslint.check("dist/app", on="alpine:3.23")
for judged in report.objects:
    print(judged.path, judged.verdict)
    for finding in judged.findings:
        print("  ", finding.rule, finding.message)
```

In a test suite:

```python
from muslint.testing import assert_runs_on


def test_runs_on_alpine():
    assert_runs_on("alpine:3.23", "dist/app")
```

Bad input is an exception below `muslint.errors.MuslintError`, one line of text. What cannot be read inside a source is
in `report.skipped`. Names not listed here may change.

"""


def page() -> str:
    """The whole page."""
    parts = [_INTRODUCTION.rstrip("\n"), "", "## Functions", ""]
    for name in FUNCTIONS:
        parts += _function(name)
    parts += ["## Values", "", "Frozen: nothing of a report can be changed.", ""]
    for name in TYPES:
        parts += _type(name)
    return "\n".join(parts).rstrip("\n") + "\n"


def _found(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(module), attribute)


def _function(name: str) -> Iterator[str]:
    function = _found(name)
    yield f"### {name}"
    yield ""
    yield "```python"
    yield f"{name.rpartition('.')[2]}{_signature(function)}"
    yield "```"
    yield ""
    yield _prose(inspect.getdoc(function) or "")
    yield ""


def _type(name: str) -> Iterator[str]:
    kind = _found(name)
    yield f"### {kind.__name__}"
    yield ""
    yield f"`{name}`. {_prose(inspect.getdoc(kind) or '')}"
    yield ""
    if issubclass(kind, Enum):
        yield ", ".join(f"`{member.value}`" for member in kind) + "."
        yield ""
        return
    rows = list(_fields(kind))
    yield "| field | type | |"
    yield "|---|---|---|"
    yield from (f"| `{field}` | `{_cell(annotation)}` | {_cell(said)} |" for field, annotation, said in rows)
    yield ""
    methods = [
        (member, value) for member, value in vars(kind).items()
        if not member.startswith("_") and (isinstance(value, property) or inspect.isfunction(value))
        and inspect.getdoc(value)
    ]  # fmt: skip
    if methods:
        for member, value in methods:
            shown = member if isinstance(value, property) else f"{member}{_signature(value)}"
            yield f"- `{shown}`: {_prose(inspect.getdoc(value) or '')}"
        yield ""


def _signature(function: Any) -> str:
    """As one calls it: types without quotes, no ``self``."""
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(function)))
    return text.replace("(self, ", "(").replace("(self)", "()")


def _fields(kind: type) -> Iterator[tuple[str, str, str]]:
    """Name, type and meaning: the meaning is the comment behind the field, or the text below it."""
    source = inspect.getsource(kind)
    names = [field.name for field in fields(kind)] if is_dataclass(kind) else list(kind.__annotations__)
    for name in names:
        line = re.search(rf"^    {name}: (?P<type>[^=#\n]+?)(?: = [^#\n]*)?(?:  # (?P<said>.+))?$", source, re.M)
        assert line is not None, f"{kind.__name__}.{name}"
        below = re.match(r'\n    """(?P<said>.+?)"""', source[line.end() :], re.S)
        said = line["said"] or (below["said"] if below else "")
        yield name, line["type"], _prose(said)


def _prose(text: str) -> str:
    """A docstring as Markdown: what is marked up for documentation tools is plain code here."""
    plain = re.sub(r">>>.*", "", text, flags=re.S).strip()
    return re.sub(r"`?`([^`]+)``?", r"`\1`", " ".join(plain.split()))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def write(path: Path = PAGE) -> None:
    """Write the page."""
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
