"""What the behaviour rules say of themselves, known without importing them: most objects ask for few of the seventy.

``index.txt`` is made from the rules (``make docs``) and is no more than a shortcut: a rule whose file it does not
hold, or holds with another size, is imported. A test tells when it is out of date.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from pkgutil import get_data, iter_modules
from typing import NamedTuple

from muslint.rules.behaviour.behaviour import Behaviour
from muslint.rules.finding import Severity

_PACKAGE = __name__.rpartition(".")[0]
_FOLDER = os.path.dirname(__file__)
_FILE = "index.txt"
_NONE = "-"


class Entry(NamedTuple):
    """A behaviour rule as the index has it; the fields are those of `Behaviour`."""

    id: str
    severity: Severity
    builds: str
    default: bool
    since: str | None
    until: str | None
    witness: str
    triggers: tuple[str, ...]
    title: str
    evidence: str

    @property
    def module(self) -> str:
        """The name of the rule's module within the package."""
        return self.id.replace("-", "_")

    def rule(self) -> Behaviour:
        """The rule itself, imported."""
        found = _rule_of(self.module)
        assert found is not None
        return found


def _rule_of(module: str) -> Behaviour | None:
    """The rule of a module of the package; None for one that holds none."""
    rule: Behaviour | None = getattr(import_module(f"{_PACKAGE}.{module}"), "RULE", None)
    return rule


def behaviours() -> tuple[Behaviour, ...]:
    """Every behaviour rule, imported, by id."""
    found = (_rule_of(module.name) for module in iter_modules([_FOLDER]))
    return tuple(sorted((rule for rule in found if rule is not None), key=lambda rule: rule.id))


@lru_cache(maxsize=1)
def listed() -> tuple[Entry | Behaviour, ...]:
    """Every behaviour rule as the index has it; those are imported that it does not have as they are now."""
    sizes, entries = _read()
    found: list[Entry | Behaviour | None] = []
    for module in iter_modules([_FOLDER]):
        known = sizes.get(module.name)
        if known is not None and known == (_size(module.name) or known):
            found.append(entries.get(module.name))
        else:
            found.append(_rule_of(module.name))
    return tuple(rule for rule in found if rule is not None)


@lru_cache(maxsize=1)
def triggers() -> frozenset[str]:
    """The imports that some behaviour rule asks for."""
    return frozenset(name for entry in listed() for name in entry.triggers)


def _read() -> tuple[dict[str, int], dict[str, Entry]]:
    """Size of the file and entry of each module; one without a rule has no entry."""
    sizes: dict[str, int] = {}
    entries: dict[str, Entry] = {}
    for line in (get_data(_PACKAGE, _FILE) or b"").decode().splitlines():
        if line.startswith("#"):
            continue
        module, size, *row = line.split("\t")
        sizes[module] = int(size)
        if row:
            severity, builds, default, since, until, witness, triggers, title, evidence = row
            entries[module] = Entry(
                module.replace("_", "-"), Severity(severity), builds, default == "on",
                None if since == _NONE else since, None if until == _NONE else until,
                witness, tuple(triggers.split(",")) if triggers != _NONE else (), title, evidence,
            )  # fmt: skip
    return sizes, entries


def _size(module: str) -> int | None:
    """Bytes of a module's file; None where there is no such file, as in an archive."""
    try:
        return os.stat(os.path.join(_FOLDER, f"{module}.py")).st_size
    except OSError:
        return None


def lines() -> Iterator[str]:
    """The index as it should be."""
    yield "# module, bytes, severity, builds, default, since, until, witness, triggers, title, evidence; by `make docs`"
    for module in iter_modules([_FOLDER]):
        rule, size = _rule_of(module.name), str(_size(module.name))
        if rule is None:
            yield f"{module.name}\t{size}"
            continue
        yield "\t".join((
            module.name, size, rule.severity, rule.builds, "on" if rule.default else "off", rule.since or _NONE,
            rule.until or _NONE, rule.witness, ",".join(rule.triggers) or _NONE, rule.title, rule.evidence,
        ))  # fmt: skip


def write() -> None:
    """Write the index anew."""
    with open(os.path.join(_FOLDER, _FILE), "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines())
