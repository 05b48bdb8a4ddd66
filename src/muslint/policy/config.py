"""The configuration: ``muslint.toml``, or ``[tool.muslint]`` in ``pyproject.toml``; the environment.

The nearest file counts, from the working directory upwards; files are not merged.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from muslint.errors import WrongUse

_PREFIX = "MUSLINT_"
_ELSE = {"CONFIG", "TRACEBACK"}  # variables of ours that are no options of a command
NAME, PROJECT = "muslint.toml", "pyproject.toml"
_LARGEST = 4 << 20  # bytes of a configuration file
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")

Value = str | int | bool | list[str]
"""What an option can be set to."""


class Kind(StrEnum):
    """What an option takes."""

    TEXT = "a text"
    LIST = "a text or a list of texts"
    FLAG = "true or false"
    COUNT = "a whole number"


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """One option that can be set outside the command line."""

    name: str  # as on the command line, without the dashes
    kind: Kind
    choices: tuple[str, ...] = ()  # none: any text
    default: Value | None = None

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"{_PREFIX}{self.name.replace('-', '_').upper()}"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What one file says."""

    path: str  # as people are shown it
    options: Mapping[str, object] = field(default_factory=dict)  # not yet checked
    suppress: object = ()  # not yet checked

    @property
    def folder(self) -> str:
        """Paths in the file start here; empty is the working directory."""
        return os.path.dirname(self.path)


def find_config() -> ConfigFile | None:
    """The nearest configuration from the working directory upwards; raises WrongUse when it cannot be read."""
    folder = os.getcwd()
    while True:
        for name in (NAME, PROJECT):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                # ./muslint.toml and ../muslint.toml read better than paths of one machine.
                found = read_config(os.path.relpath(path))
                if found is not None:
                    return found
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def read_config(path: str, wanted: bool = False) -> ConfigFile | None:
    """What a file says; None for a ``pyproject.toml`` that does not speak of muslint, unless it is ``wanted``.

    Raises WrongUse when it cannot be read or is no TOML.
    """
    import tomllib

    try:
        with open(path, "rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise WrongUse(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST:
        raise WrongUse(f"{path}: too large for a configuration")
    project = os.path.basename(path) == PROJECT
    if project and b"muslint" not in data and not wanted:
        return None
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WrongUse(f"{path}: no valid TOML: {error}") from None
    if project:
        tool = document.get("tool")
        table = tool.get("muslint") if isinstance(tool, dict) else None
        if table is None and not wanted:
            return None
        if not isinstance(table, dict):
            raise WrongUse(f"{path}: has no table [tool.muslint]")
        document = table
    suppress = document.pop("suppress", [])
    return ConfigFile(path, document, suppress)


def from_file(file: ConfigFile, settings: Mapping[str, Setting]) -> dict[str, Value]:
    """The options a file sets; raises WrongUse for a key or value that does not exist."""
    from muslint.policy.suppression import unknown

    found: dict[str, Value] = {}
    for key, value in file.options.items():
        if key not in settings:
            raise WrongUse(f"{file.path}: {unknown('key', key, [*settings, 'suppress'])}")
        found[key] = _checked(settings[key], value, f"{file.path}: {key}")
    return found


def from_environment(environment: Mapping[str, str], settings: Mapping[str, Setting]) -> dict[str, Value]:
    """The options the environment sets; an empty variable sets nothing.

    Raises WrongUse for a wrong value, and for a variable that is nearly one of ours: a gate must not open
    because of a slip of the pen.
    """
    ours = {setting.variable.removeprefix(_PREFIX) for setting in settings.values()} | _ELSE
    for variable in sorted(environment):
        name = variable.removeprefix(_PREFIX)
        if (
            variable.startswith(_PREFIX)
            and name not in ours
            and (near := get_close_matches(name, sorted(ours), 1, 0.8))
        ):
            raise WrongUse(f"{variable}: no such setting; did you mean {_PREFIX}{near[0]}?")
    found: dict[str, Value] = {}
    for setting in settings.values():
        text = environment.get(setting.variable, "")
        if text:
            found[setting.name] = _checked(setting, _parsed(setting, text), setting.variable)
    return found


def _parsed(setting: Setting, text: str) -> object:
    if setting.kind is Kind.LIST:
        return [item.strip() for item in text.split(",") if item.strip()]
    if setting.kind is Kind.FLAG and text.lower() in (*_TRUE, *_FALSE):
        return text.lower() in _TRUE
    if setting.kind is Kind.COUNT and text.isdecimal():
        return int(text)
    return text


def _checked(setting: Setting, value: object, where: str) -> Value:
    if setting.kind is Kind.FLAG and isinstance(value, bool):
        return value
    if setting.kind is Kind.COUNT and type(value) is int and value >= 0:
        return value
    if setting.kind is Kind.TEXT and isinstance(value, str):
        if setting.choices and value not in setting.choices:
            raise WrongUse(f"{where}: {value}: write {', '.join(setting.choices[:-1])} or {setting.choices[-1]}")
        return value
    if setting.kind is Kind.LIST:
        items = [value] if isinstance(value, str) else value
        if isinstance(items, list) and all(isinstance(item, str) for item in items):
            return items
    raise WrongUse(f"{where}: must be {setting.kind}")
