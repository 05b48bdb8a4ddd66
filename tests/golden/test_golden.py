"""Whole outputs of ``muslint check``, kept as text: ``MUSLINT_GOLDEN=write pytest tests/golden`` writes them anew.

Read the difference before keeping it: these files are what people see.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.golden.sources import GOLDEN
from tests.support.cache import REPOSITORY

EXPECTED = Path(__file__).with_name("expected")
RUN_LIMIT = 120.0  # seconds


def muslint(folder: Path, *arguments: str, seed: str = "0") -> tuple[int, str, str]:
    """Run ``muslint`` in a directory; exit code, stdout, stderr."""
    environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    done = subprocess.run(
        [sys.executable, "-m", "muslint", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=RUN_LIMIT, check=False,
        env={**environment, "PYTHONPATH": str(REPOSITORY / "src"), "PYTHONHASHSEED": seed},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name", GOLDEN)
def test_output(name: str, tmp_path: Path) -> None:
    """The table, the JSON report and the exit code are those kept."""
    golden = GOLDEN[name]
    golden.lay(tmp_path)
    code, table, complaints = muslint(tmp_path, "check", *golden.arguments, "-o", "table", "-o", "json=report.json")
    report = (tmp_path / "report.json").read_text(encoding="utf-8")
    assert complaints == ("muslint: dist: no ELF file to judge\n" if name == "no-elf" else "")
    assert str(tmp_path) not in table + report
    command = " ".join(["muslint check", *golden.arguments])
    hold(EXPECTED / f"{name}.txt", f"$ {command}\n{table}[exit {code}]\n")
    hold(EXPECTED / f"{name}.json", report)


def hold(file: Path, text: str) -> None:
    """The file says ``text``; written when ``MUSLINT_GOLDEN=write``."""
    if os.environ.get("MUSLINT_GOLDEN") == "write":
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


def test_kept_outputs_are_all_made() -> None:
    """No file is left behind by a source that went away."""
    assert {file.stem for file in EXPECTED.iterdir()} == set(GOLDEN)


@pytest.mark.parametrize("name", ["directory", "wheel"])
def test_same_every_time(name: str, tmp_path: Path) -> None:
    """Hash seed, working directory and place on the disk change no byte."""
    outputs = set()
    for seed in ("1", "2"):
        folder = tmp_path / f"place-{seed}"
        folder.mkdir()
        GOLDEN[name].lay(folder)
        outputs.add(muslint(folder, "check", *GOLDEN[name].arguments, "-o", "json", seed=seed)[1])
    assert len(outputs) == 1
    assert outputs.pop()


# --- JSON ---------------------------------------------------------------------------------------------------

SCHEMA: dict[str, Any] = json.loads((REPOSITORY / "src/muslint/report/schema.json").read_text(encoding="utf-8"))
KEPT = sorted(EXPECTED.glob("*.json"))


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_schema(file: Path) -> None:
    """A report satisfies the schema, and its numbers add up."""
    report = json.loads(file.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    summary = dict(report["summary"])
    assert summary.pop("objects") == len(report["objects"])
    assert summary.pop("skipped") == len(report["skipped"])
    assert summary.pop("suppressed") == 0
    assert sum(summary.values()) == len(report["objects"])
    for judged in report["objects"]:
        assert summary[judged["verdict"]] > 0
        assert len({finding["fingerprint"] for finding in judged["findings"]}) == len(judged["findings"])


def test_schema_refuses() -> None:
    """The schema is no rubber stamp: a wrong verdict, a missing field and an unknown one are refused."""
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for change in ({"verdict": "perhaps"}, {"findings": None}, {"surprise": 1}):
        report = json.loads((EXPECTED / "program-fails.json").read_text(encoding="utf-8"))
        report["objects"][0].update(change)
        assert not validator.is_valid(report)


def test_schema_command() -> None:
    """``muslint schema`` prints the schema itself."""
    code, text, _ = muslint(REPOSITORY, "schema")
    assert code == 0
    assert json.loads(text) == SCHEMA
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
