"""The shape of the project holds: registries, layers, sizes, the public face, and what a start imports."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import muslint
from muslint.cli.app import COMMANDS
from muslint.hosts import hosts
from muslint.report.format import formats
from muslint.rules import load_rules, rules
from muslint.sources.source import formats as source_formats
from tests.support.cache import REPOSITORY
from tests.unit.rules.cases import FIXTURES, cases

PACKAGE = REPOSITORY / "src" / "muslint"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAX_MODULE, MAX_FUNCTION = 400, 60  # lines
RUN_LIMIT = 60.0  # seconds


REGISTRIES: dict[str, list[str]] = {
    "rules": [rule.id for rule in rules()],
    "hosts": [host.id for host in hosts()],
    "source formats": [kind.scheme for kind in source_formats()],
    "report formats": [form.name for form in formats()],
    "commands": list(COMMANDS),
}


# --- registries ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REGISTRIES)
def test_ids(name: str) -> None:
    """Each id of a registry is there once and in kebab-case."""
    ids = REGISTRIES[name]
    assert ids
    assert len(ids) == len(set(ids))
    for known in ids:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", known), known


@pytest.mark.parametrize("rule", [rule.id for rule in load_rules()])
def test_rule_is_documented_and_shown(rule: str) -> None:
    """A rule has a page, a module of its name, a case where it fires and one where it does not."""
    assert (REPOSITORY / "docs" / "rules" / f"{rule}.md").is_file()
    assert (PACKAGE / "rules" / f"{rule.replace('-', '_')}.py").is_file()
    expected = [bool(case.findings) for case in cases(rule)]
    assert True in expected
    assert False in expected


def test_every_fixture_folder_is_of_a_rule() -> None:
    """No folder is left behind by a rule that went away."""
    assert {path.parent.name for path in FIXTURES.glob("*/case.toml")} == {rule.id for rule in load_rules()}


def test_every_module_of_a_registry_is_in_it() -> None:
    """A host or rule module without its constant would be overlooked without a word."""
    for package, constant, shared in (
        ("hosts", "HOST", {"host"}),
        (
            "rules",
            "RULE",
            {"finding", "findings", "page", "rule", "library_cause", "symbol_cause", "opened_by_name", "behaviour"},
        ),
    ):
        parent = import_module(f"muslint.{package}")
        for module in iter_modules(parent.__path__):
            has = hasattr(import_module(f"muslint.{package}.{module.name}"), constant)
            assert has is (module.name not in shared), module.name


# --- layers -------------------------------------------------------------------------------------------------

MAY_IMPORT: dict[str, set[str]] = {
    "elf": set(),
    "sources": {"elf"},
    "libc": {"elf"},  # names of machines
    "loader": {"elf", "sources", "libc"},
    "hosts": set(),
    "run": set(),
    "rules": {"elf", "sources", "libc", "loader", "hosts"},
    "advice": {"elf", "sources", "libc", "loader", "hosts", "rules"},
    "policy": {"rules"},
    "report": {"sources", "rules", "policy"},
    "pipeline": {"elf", "sources", "libc", "loader", "hosts", "rules", "advice", "policy", "report", "run"},
    "across": {"elf", "sources", "libc", "loader", "advice", "policy", "report", "pipeline"},
    "testing": {"report", "policy", "pipeline"},
    "pytest_plugin": {"report", "testing"},
    "cli": {"elf", "sources", "libc", "loader", "hosts", "rules", "advice", "policy", "report", "pipeline", "across"},
}
"""What each part may import beside itself and `muslint.errors`: what stands before it, never sideways."""

BESIDES = {
    "report.report": {"advice.base"},  # a row of `muslint bases`, as a value
    "report.bases": {"advice.base"},
    "report.heatmap": {"advice.base"},
    "libc.learn": {"sources"},  # a model is read from a file
    "report.table": {"libc.groups"},  # the names of the groups that symbols are shown in
    "report.html_format.data": {"libc.groups", "advice.base"},
}
"""Single modules that may import more."""


def imported(path: Path) -> Iterator[str]:
    """Modules of muslint that a module imports, anywhere in it, without ``muslint.`` before them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.removeprefix("muslint.") for name in names if name.startswith("muslint."))


def dotted(path: Path) -> str:
    """A module's name without ``muslint.``."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def within(name: str, allowed: Iterable[str]) -> bool:
    """Whether a module is one of these, or lies in one."""
    return any(name == known or name.startswith(f"{known}.") for known in allowed)


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_layers(path: Path) -> None:
    """Imports lead back along the line, never forward and never sideways."""
    name = dotted(path)
    part = name.partition(".")[0]
    if part in ("__init__", "__main__", "errors"):
        return
    allowed = {part, "errors", "__version__"} | MAY_IMPORT[part] | BESIDES.get(name, set())
    wrong = sorted(found for found in imported(path) if not within(found, allowed))
    assert wrong == []


def test_layers_are_those_there_are() -> None:
    """The table above speaks of every part and of nothing else."""
    parts = {dotted(path).partition(".")[0] for path in MODULES}
    assert parts - {"__init__", "__main__", "errors"} == set(MAY_IMPORT)
    assert set(BESIDES) <= {dotted(path) for path in MODULES}


# --- sizes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_sizes(path: Path) -> None:
    """A module can be read in one sitting, a function on one screen."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_MODULE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < MAX_FUNCTION, node.name


# --- the public face ----------------------------------------------------------------------------------------


def test_exports() -> None:
    """``__all__`` is what the package defines for others: no name more, none less."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert set(muslint.__all__) == {name for name in defined if not name.startswith("_")} | {"__version__"}
    assert muslint.__all__ == sorted(muslint.__all__)
    for name in muslint.__all__:
        assert getattr(muslint, name) is not None


def test_version_is_a_version() -> None:
    """The version is one that packaging tools take."""
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+|\.dev\d+)?", muslint.__version__)


# --- what a start imports -----------------------------------------------------------------------------------

HEAVY = {"typer", "click", "rich", "lief", "elftools", "tabulate", "json", "dataclasses", "zipfile"}


def loaded_by(*arguments: str) -> set[str]:
    """Top-level modules that ``python -m muslint ARGUMENTS`` imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-S", "-c", _RUN, str(PACKAGE.parent), *arguments],
        capture_output=True, text=True, timeout=RUN_LIMIT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = re.findall(r"^import time:\s*\d+ \|\s*\d+ \|\s*(\S+)$", done.stderr, re.M)
    assert "muslint.cli.app" in found
    return {name.partition(".")[0] for name in found}


# Without site: what a .pth file of the machine imports is not ours.
_RUN = "import sys; sys.path.insert(0, sys.argv.pop(1)); import runpy; runpy.run_module('muslint', run_name='__main__')"


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version_imports_little(option: str) -> None:
    """Asking for the version starts no command line library and no reader."""
    assert loaded_by(option) & HEAVY == set()
