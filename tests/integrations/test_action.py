"""``action.yml``: valid by the published schema, and its steps do what they say when a runner's shell runs them."""

import json
import os
import re
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.reports.reports import MADE
from tests.support.cache import REPOSITORY, run
from tests.support.fetch import pypi_file
from tests.support.installed import offline

yaml = pytest.importorskip("yaml", reason="not checked here: pyyaml is not installed")

RUN_LIMIT = 120.0  # seconds
SCHEMA_WHEEL = (
    "check-jsonschema",
    "0.39.0",
    "check_jsonschema-0.39.0-py3-none-any.whl",
    "14ce5c94871c551268ea948ffe21e9f1464dc48fb20bf9a4c13deeaaf756cf9b",
)
"""The PyPI package that carries the published schema of actions."""


@cache
def action() -> dict[str, Any]:
    """The action."""
    loaded: dict[str, Any] = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
    return loaded


def test_schema() -> None:
    """The published schema takes it."""
    with zipfile.ZipFile(pypi_file(*SCHEMA_WHEEL)) as wheel:
        schema = json.loads(wheel.read("check_jsonschema/builtin_schemas/vendor/github-actions.json"))
    jsonschema.validate(action(), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**action(), "runs": {"using": "composite"}}, schema)


def test_no_input_is_put_into_a_script() -> None:
    """Inputs reach the shell by the environment only: no file name can become a command."""
    for step in action()["runs"]["steps"]:
        assert "${{" not in step["run"]


def check_step(folder: Path, **inputs: str) -> tuple[int, str, str]:
    """Run the step that checks as a runner does; exit code, standard output, what it sets."""
    given = {name: spec.get("default", "") for name, spec in action()["inputs"].items()} | inputs
    binaries = folder / "runner" / "muslint" / "bin"
    binaries.mkdir(parents=True, exist_ok=True)
    (binaries / "muslint").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m muslint "$@"\n')
    (binaries / "muslint").chmod(0o755)
    (step,) = [step for step in action()["runs"]["steps"] if step.get("id") == "check"]
    known = {f"inputs.{name}": value for name, value in given.items()} | {"runner.temp": str(folder / "runner")}

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: known[found[1]], text)

    environment = {key: filled(value) for key, value in step["env"].items()}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=folder, capture_output=True, text=True, timeout=RUN_LIMIT, check=False,
        env={
            **os.environ, **environment, "PYTHONPATH": str(REPOSITORY / "src"),
            "GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        },
    )  # fmt: skip
    return done.returncode, done.stdout, (folder / "output").read_text()


def test_check_step(tmp_path: Path) -> None:
    """Annotations, a summary, SARIF where asked, the exit code as output and as the step's own."""
    MADE["several"].lay(tmp_path)
    code, out, said = check_step(tmp_path, source="one\ntwo\n", on="alpine:3.23", sarif="out.sarif", html="out.html")
    assert (code, said) == (1, "exit-code=1\n")
    assert out.startswith("::error file=app,title=")
    assert (tmp_path / "summary").read_text().startswith("### muslint: ")
    assert json.loads((tmp_path / "out.sarif").read_text())["runs"][0]["results"]
    assert (tmp_path / "out.html").read_text().startswith("<!doctype html>")


def test_inputs(tmp_path: Path) -> None:
    """Threshold and target count; an empty input is none; names with blanks and quotes are names."""
    MADE["program-fails"].lay(tmp_path)
    (tmp_path / "app").rename(tmp_path / "a 'b' $(touch hacked).so")
    source = "a 'b' $(touch hacked).so"
    assert check_step(tmp_path, source=source, **{"on": "alpine:3.23", "fail-on": "never"})[0] == 0
    assert check_step(tmp_path, source=source)[0] == 1
    assert check_step(tmp_path, source=source, on="plan9")[0] == 2
    assert not (tmp_path / "hacked").exists()


def test_install_step(tmp_path: Path) -> None:
    """It installs from the action's own checkout, in an environment of its own."""
    (step,) = [step for step in action()["runs"]["steps"] if step["name"] == "Install muslint"]
    assert step["env"]["MUSLINT_ACTION"] == "${{ github.action_path }}"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=tmp_path, capture_output=True, text=True, timeout=RUN_LIMIT, check=False,
        env={
            **os.environ, **offline(), "PYTHONPATH": "", "MUSLINT_ACTION": str(REPOSITORY),
            "MUSLINT_PYTHON": sys.executable, "MUSLINT_VENV": str(tmp_path / "muslint"),
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert set(step["env"]) == {"MUSLINT_ACTION", "MUSLINT_PYTHON", "MUSLINT_VENV"}
    assert run([str(tmp_path / "muslint" / "bin" / "muslint"), "--version"], timeout=RUN_LIMIT, cwd=tmp_path)
