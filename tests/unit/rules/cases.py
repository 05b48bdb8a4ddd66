"""The cases of ``fixtures/rules``: how each is made, and what is expected (``fixtures/rules/README.md``)."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.support import compile as compiler
from tests.support import musl
from tests.support.cache import REPOSITORY

FIXTURES = REPOSITORY / "fixtures" / "rules"
COMMON = FIXTURES / "common"

Build = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RuleCase:
    """One row of a ``case.toml``."""

    rule: str
    name: str
    files: Mapping[str, str]  # path in the source tree → name of a build
    check: str
    on: str | None
    root: str | None  # musl release whose real loader makes the tree a whole file system
    findings: Sequence[Mapping[str, Any]]


@cache
def _document(rule: str) -> Mapping[str, Any]:
    return tomllib.loads((FIXTURES / rule / "case.toml").read_text(encoding="utf-8"))


def cases(rule: str) -> tuple[RuleCase, ...]:
    """The cases of a rule; raises FileNotFoundError for one without a folder."""
    return tuple(
        RuleCase(
            rule, row["name"], row["files"], row.get("check", "."), row.get("on"), row.get("root"), row["findings"]
        )
        for row in _document(rule)["case"]
    )


def build(rule: str, name: str, folder: Path) -> Path:
    """Make one file of a rule's folder below ``folder`` and return it."""
    recipe = _document(rule)["build"][name]
    shared = "-shared" in (*recipe.get("flags", ()), *recipe.get("lld", ()))
    output = folder / (f"{name}.so" if shared else name)  # the compiler tells its inputs apart by their names
    if output.exists():
        return output
    if "text" in recipe:
        output.write_text(recipe["text"])
        return output
    sources = [_input(rule, source, folder) for source in recipe["sources"]]
    flags = [_flag(rule, flag, folder) for flag in recipe.get("flags", ())]
    if "zig" not in recipe:
        return compiler.system_cc(sources, output, *_flat(flags))  # what zig refuses: a static glibc program
    if "lld" not in recipe:
        return compiler.zig_cc(recipe["zig"], sources, output, *_flat(flags))
    objects = [
        compiler.zig_cc(recipe["zig"], [source], folder / f"{name}-{source.stem}.o", "-c", *_flat(flags))
        for source in sources
    ]
    return compiler.zig_lld(objects, output, *recipe["lld"])


def _input(rule: str, source: str, folder: Path) -> Path:
    if source.startswith("{"):
        return build(rule, source.strip("{}"), folder)
    own = FIXTURES / rule / source
    return own if own.exists() else COMMON / source


def _flag(rule: str, flag: str, folder: Path) -> list[compiler.Flag]:
    """``-Wl,OPTION,{FILE}`` becomes three words, so that the file's content is part of the compiler cache's key."""
    if "{" not in flag:
        return [flag]
    option, _, file = flag.removeprefix("-Wl,").partition(",")
    return ["-Xlinker", option, "-Xlinker", _input(rule, file, folder) if file[1:-1] in _document(rule)["build"]
            else FIXTURES / rule / file[1:-1]]  # fmt: skip


def _flat(flags: Sequence[Sequence[compiler.Flag]]) -> list[compiler.Flag]:
    return [word for flag in flags for word in flag]


def lay(case: RuleCase, folder: Path) -> str:
    """Make the case's source tree below ``folder``; returns the source to check."""
    tree, built = folder / "tree", folder / "built"
    built.mkdir()
    tree.mkdir()
    for path, name in case.files.items():
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(build(case.rule, name, built).read_bytes())
    if case.root is not None:
        musl.install(musl.loader(case.root), tree)
    return case.check
