"""The rows of ``cases.toml``: what is checked, and what the report must say."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Case:
    """One row. See README.md for what each field asks."""

    id: str
    says: str
    parts: tuple[str, ...]
    verdict: str
    demand: tuple[str, ...] = ()
    threads: tuple[str, ...] = ()
    check: str = "."
    on: str | None = None
    object: str = "*"
    count: int | None = None
    kind: str | None = None
    arch: str | None = None
    built_for: str | None = None
    exact: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    has: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    more: bool = False
    when: str = "load"
    first: str | None = None
    evidence: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    assumed: tuple[str, ...] | None = None
    host_names: tuple[str, ...] = ()
    host_count: int | None = None
    clean: bool = False
    summary: Mapping[str, int] = field(default_factory=dict)
    exit: int | None = None

    @property
    def exit_code(self) -> int:
        """What ``muslint check`` must exit with: 1 for a verdict of ``fails`` unless the row says otherwise."""
        return self.exit if self.exit is not None else int(self.verdict == "fails")


@dataclass(frozen=True, slots=True)
class Left:
    """Rows of the demand that no case covers, and why."""

    demand: tuple[str, ...]
    reason: str


def cases() -> list[Case]:
    """Every case of ``cases.toml``; raises ValueError for a field no case has."""
    return [_row(Case, row) for row in _toml("cases.toml")["case"]]


def left() -> list[Left]:
    """What is left out, from ``cases.toml``."""
    return [_row(Left, row) for row in _toml("cases.toml")["left"]]


def parts() -> Mapping[str, Mapping[str, Any]]:
    """Every part of ``parts.toml`` by name; its key ``kind`` is the table it stands in."""
    found: dict[str, Mapping[str, Any]] = {}
    for kind, rows in _toml("parts.toml").items():
        for name, row in rows.items():
            if name in found:
                raise ValueError(f"parts.toml: {name} twice")
            found[name] = {**row, "kind": kind}
    return found


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))


def _row(made: Any, row: Mapping[str, Any]) -> Any:
    unknown = set(row) - {field.name for field in fields(made)}
    if unknown:
        raise ValueError(f"{row.get('id', row)}: no such field: {', '.join(sorted(unknown))}")
    return made(**{key: _frozen(value) for key, value in row.items()})


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
