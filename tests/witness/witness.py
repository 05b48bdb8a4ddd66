"""The witnesses of ``fixtures/witness``: how each is made, run, and what it must print (README.md here)."""

from __future__ import annotations

import re
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from muslint.rules import behaviours
from muslint.rules.behaviour.behaviour import Behaviour
from tests.support import compile as compiler
from tests.support.cache import REPOSITORY
from tests.witness.machine import MACHINES, Machine, Request, machine, output

FIXTURES = REPOSITORY / "fixtures" / "witness"
GLIBC, MUSL = "x86_64-linux-gnu.2.36", "x86_64-linux-musl"
TIMEOUT = 20.0  # seconds a program may take unless its run says otherwise

_RUN_KEYS = {"name", "command", "files", "env", "stdin", "timeout", "machines", "rebuild", "expect", "answer"}
_BUILD_KEYS = {"sources", "flags", "cc", "fires", "on", "rebuild_flags"}


@dataclass(frozen=True, slots=True)
class Build:
    """One file a witness needs."""

    name: str
    sources: Sequence[str]
    flags: Sequence[str]
    cc: str  # "zig" (for glibc 2.36), a zig target, or "cc", the machine's own compiler
    fires: str | None  # confidence the rule must have on it, "" for must not fire, None for not asked
    on: str  # target that is asked about
    rebuild_flags: Sequence[str]


@dataclass(frozen=True, slots=True)
class Run:
    """One command and what it must print on each machine."""

    rule: str
    name: str
    command: Sequence[str]
    files: Mapping[str, str]
    env: Mapping[str, str]
    stdin: str
    timeout: float
    machines: Sequence[str]
    rebuild: bool  # whether the program rebuilt for musl is run too
    expect: Mapping[str, str]
    answers: Sequence[Mapping[str, Any]] | None


@dataclass(frozen=True, slots=True)
class Witness:
    """All that one ``witness.toml`` says."""

    rule: str
    builds: Mapping[str, Build]
    runs: Sequence[Run]
    load: Mapping[str, str] | None
    """For a matter of the loader that a load rule reports: that rule's ``id``, and ``title`` and ``claim``."""


def ids() -> list[str]:
    """Every folder below ``fixtures/witness`` that holds a witness."""
    return sorted(path.parent.name for path in FIXTURES.glob("*/witness.toml"))


@cache
def witness(rule: str) -> Witness:
    """The witness of a rule; raises FileNotFoundError, and ValueError for a word the format does not have."""
    document = tomllib.loads((FIXTURES / rule / "witness.toml").read_text(encoding="utf-8"))
    _only(rule, document, {"build", "run", "load"})
    tables = document.get("build") or {"witness": {}}
    builds = {name: _build(rule, name, table, first=not i) for i, (name, table) in enumerate(tables.items())}
    runs = [_run(rule, table, f"run{i + 1}" if i else "run") for i, table in enumerate(document["run"])]
    if (load := document.get("load")) is not None:
        _only(rule, load, {"id", "title", "claim", "glibc", "musl", "until"})
    return Witness(rule, builds, runs, load)


def _only(rule: str, table: Mapping[str, Any], known: set[str]) -> None:
    if unknown := set(table) - known:
        raise ValueError(f"fixtures/witness/{rule}/witness.toml: unknown {', '.join(sorted(unknown))}")


def _build(rule: str, name: str, table: Mapping[str, Any], first: bool) -> Build:
    _only(rule, table, _BUILD_KEYS)
    fires = table.get("fires", "certain" if first else None)
    return Build(
        name, table.get("sources", [f"{name}.c"]), table.get("flags", []), table.get("cc", "zig"),
        fires, table.get("on", "musl:1.2.5"), table.get("rebuild_flags", table.get("flags", [])),
    )  # fmt: skip


def _run(rule: str, table: Mapping[str, Any], name: str) -> Run:
    _only(rule, table, _RUN_KEYS)
    allowed = {"glibc", "musl", "rebuilt", "alpine"}
    allowed |= {f"{kind}-{machine_.removeprefix('musl-')}" for kind in ("musl", "rebuilt") for machine_ in MACHINES}
    _only(rule, table["expect"], allowed)
    return Run(
        rule, table.get("name", name), table.get("command", ["witness"]), table.get("files", {}),
        table.get("env", {}), table.get("stdin", ""), table.get("timeout", TIMEOUT),
        table.get("machines", list(MACHINES)), table.get("rebuild", True), table["expect"], table.get("answer"),
    )  # fmt: skip


def make(rule: str, name: str, folder: Path, *, rebuilt: bool = False) -> Path:
    """Compile one build of a witness into ``folder``, for glibc or, ``rebuilt``, for musl; returns the file."""
    build = witness(rule).builds[name]
    target = folder / name
    if target.exists():
        return target
    sources = [_source(rule, text, folder, rebuilt) for text in build.sources]
    flags = [_flag(rule, flag, folder, rebuilt) for flag in (build.rebuild_flags if rebuilt else build.flags)]
    if rebuilt:
        return compiler.zig_cc(MUSL, sources, target, "-dynamic", *flags)
    if build.cc == "cc":
        return compiler.system_cc(sources, target, *flags)
    return compiler.zig_cc(GLIBC if build.cc == "zig" else build.cc, sources, target, *flags)


def _source(rule: str, text: str, folder: Path, rebuilt: bool) -> Path:
    if text.startswith("{"):
        return make(rule, text.strip("{}"), folder, rebuilt=rebuilt)
    return FIXTURES / rule / text


def _flag(rule: str, flag: str, folder: Path, rebuilt: bool) -> compiler.Flag:
    if flag.startswith("{"):
        return _source(rule, flag, folder, rebuilt)
    return FIXTURES / rule / flag.removeprefix("./") if flag.startswith("./") else flag


def actual(run: Run, on: Machine, *, rebuilt: bool = False) -> str:
    """What the run really prints on that machine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {
            f"/witness/{build}": ("0755", make(run.rule, build, folder, rebuilt=rebuilt).read_bytes())
            for build, recipe in witness(run.rule).builds.items()
            if recipe.fires != "" or build == run.command[0]
        }
    for path, text in run.files.items():
        if re.fullmatch(r"\{\S+\}", text):
            files[path] = files[f"/witness/{text.strip('{}')}"]
        else:
            mode = "0755" if text.startswith("#!") else "0644"
            files[path] = (mode, text.encode())
    command = [f"/witness/{run.command[0]}", *run.command[1:]]
    if run.command[0].startswith("/"):
        command = list(run.command)
    return output(on, Request(command, files, run.env, run.stdin, run.timeout, run.answers))


@dataclass(frozen=True, slots=True)
class Loading:
    """A matter of the loader, in the place of a behaviour rule: what `expected` asks of one."""

    id: str
    until: str | None
    since: str | None = None
    builds: str = "any"


def subject(rule: str) -> Behaviour | Loading:
    """What a witness is about; raises KeyError for a folder without a rule."""
    load = witness(rule).load
    if load is not None:
        return Loading(rule, load.get("until"))
    return {known.id: known for known in behaviours()}[rule]


def release_key(release: str) -> tuple[int, ...]:
    """A release as a value that sorts."""
    return tuple(int(part) for part in release.split("."))


def affected(rule: Behaviour | Loading, release: str) -> bool:
    """Whether musl of that release behaves as the rule says (its ``since`` and ``until``)."""
    key = release_key(release)
    after = rule.since is None or key >= release_key(rule.since)
    return after and (rule.until is None or key < release_key(rule.until))


def expected(rule: Behaviour | Loading, run: Run, on: Machine, *, rebuilt: bool = False) -> str:
    """What the run must print there: what is written for that machine, else what the rule's fields make of it."""
    say = run.expect
    if on.libc == "glibc":
        return say["glibc"]
    kinds = ("rebuilt",) if rebuilt else ("musl",)
    for kind in kinds:
        names = [f"{kind}-{on.name.removeprefix('musl-')}", kind] if rebuilt else [on.name, f"{kind}-{on.release}"]
        for key in names:
            if key in say:
                return say[key]
    shows = affected(rule, on.release) and not (rebuilt and rule.builds == "glibc")
    return say["musl" if shows else "glibc"]


__all__ = ["MACHINES", "actual", "affected", "expected", "ids", "machine", "make", "subject", "witness"]
