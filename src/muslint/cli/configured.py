"""Options that are also set in a file or by the environment: command line > environment > file > default.

What can be set is read off a command's own signature, so a new option needs nothing here.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import wraps
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import typer

from muslint.errors import WrongUse
from muslint.policy.config import (
    ConfigFile,
    Kind,
    Setting,
    Value,
    find_config,
    from_environment,
    from_file,
    read_config,
)

_ONLY_TYPED = ("write-baseline",)
"""Options that only the command line takes: what they do is not for every run."""

Config = Annotated[
    str | None,
    typer.Option("--config", metavar="FILE", help="Take the settings from FILE. Default: the nearest muslint.toml."),
]
Isolated = Annotated[bool, typer.Option("--isolated", help="Take no settings from files or the environment.")]


@dataclass(frozen=True, slots=True, eq=False)
class Effective:
    """One option as it counts, and where that comes from."""

    setting: Setting
    value: Value | None
    origin: str


def settings_of(command: Callable[..., None]) -> dict[str, Setting]:
    """Everything of a command that can be set, by name, in the order of its help page."""
    hints = get_type_hints(command, include_extras=True)
    found: dict[str, Setting] = {}
    for parameter in inspect.signature(command).parameters.values():
        name = _option_name(hints[parameter.name])
        if name is not None and name not in _ONLY_TYPED:
            default = parameter.default.value if isinstance(parameter.default, Enum) else parameter.default
            found[name] = Setting(name, *_kind(hints[parameter.name]), default)
    return found


def _option_name(hint: Any) -> str | None:
    for extra in getattr(hint, "__metadata__", ()):
        # Within Annotated typer keeps the first name where the default would be.
        for text in (getattr(extra, "default", None), *(getattr(extra, "param_decls", None) or ())):
            if isinstance(text, str) and text.startswith("--"):
                return text[2:]
    return None


def _kind(hint: Any) -> tuple[Kind, tuple[str, ...]]:
    plain = get_args(hint)[0]
    if get_origin(plain) in (Union, UnionType):
        plain = next(part for part in get_args(plain) if part is not type(None))
    if get_origin(plain) is list:
        return Kind.LIST, ()
    if isinstance(plain, type) and issubclass(plain, Enum):
        return Kind.TEXT, tuple(str(member.value) for member in plain)
    return {bool: Kind.FLAG, int: Kind.COUNT}.get(plain, Kind.TEXT), ()


def chosen_file(config: str | None, isolated: bool, environment: Mapping[str, str]) -> ConfigFile | None:
    """The file that counts. Raises WrongUse when it cannot be read, or when both options are given."""
    if isolated and config is not None:
        raise WrongUse("--isolated takes no settings from files: leave out --config")
    if isolated:
        return None
    named = config if config is not None else environment.get("MUSLINT_CONFIG") or None
    return read_config(named, wanted=True) if named is not None else find_config()


def effective(
    settings: Mapping[str, Setting], file: ConfigFile | None, environment: Mapping[str, str]
) -> dict[str, Effective]:
    """Every option as it counts without a command line. Raises WrongUse for what does not exist."""
    in_file = from_file(file, settings) if file is not None else {}
    in_environment = from_environment(environment, settings)
    found: dict[str, Effective] = {}
    for name, setting in settings.items():
        if name in in_environment:
            found[name] = Effective(setting, in_environment[name], setting.variable)
        elif name in in_file and file is not None:
            found[name] = Effective(setting, _from(file.folder, name, in_file[name]), file.path)
        else:
            found[name] = Effective(setting, setting.default, "default")
    return found


def _from(folder: str, name: str, value: Value) -> Value:
    """A value of a file, with the paths in it beginning where the file lies."""

    def path(text: str) -> str:
        return os.path.join(folder, text) if folder and text != "-" else text

    if isinstance(value, str) and name in ("baseline", "files-from"):
        return path(value)
    if isinstance(value, str) and name == "on":
        scheme, colon, rest = value.partition(":")
        if scheme == "rootfs" and colon:
            return f"rootfs:{path(rest)}"
        return path(value) if os.path.isfile(path(value)) else value
    if isinstance(value, list) and name == "output":
        pairs = (item.partition("=") for item in value)
        return [f"{form}={path(file)}" if equals else form for form, equals, file in pairs]
    return value


def configured(command: Callable[..., None]) -> Callable[..., None]:
    """The command with ``--config`` and ``--isolated``, called with the values that count.

    It finds the file in ``context.obj``, as a `ConfigFile` or None.
    """
    hints = get_type_hints(command, include_extras=True)
    signature = inspect.signature(command)

    @wraps(command)
    def run(**given: Any) -> None:
        context: typer.Context = given["context"]
        isolated = given.pop("isolated")
        environment: Mapping[str, str] = {} if isolated else os.environ
        context.obj = chosen_file(given.pop("config"), isolated, environment)
        settings = settings_of(command)
        for name, option in effective(settings, context.obj, environment).items():
            parameter = next(p for p in given if _option_name(hints.get(p)) == name)
            source = context.get_parameter_source(parameter)
            if option.origin != "default" and (source is None or source.name != "COMMANDLINE"):
                given[parameter] = _typed(hints[parameter], option.value)
        command(**given)

    added = {"config": (Config, None), "isolated": (Isolated, False)}
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)
        for name, (hint, default) in added.items()
    ]
    plain = [p.replace(annotation=hints[p.name]) for p in signature.parameters.values()]
    run.__signature__ = signature.replace(parameters=[*plain, *more], return_annotation=None)  # type: ignore[attr-defined]
    run.__annotations__ = {**hints, **{name: hint for name, (hint, _) in added.items()}, "return": None}
    del run.__wrapped__
    return run


def _typed(hint: Any, value: Value | None) -> Any:
    plain = get_args(hint)[0]
    return plain(value) if isinstance(plain, type) and issubclass(plain, Enum) else value
