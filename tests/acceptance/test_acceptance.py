"""Each row of ``cases.toml`` through ``muslint check -o json``, as a user or a CI job runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.cache import REPOSITORY

from .case import Case, cases, left, parts
from .sources import lay

RUN_LIMIT = 300.0  # seconds
CASES = cases()
DEMAND = {*map(str, range(1, 68)), "61b"}

Finding = Mapping[str, Any]


def muslint(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Run ``muslint`` in a directory; exit code, stdout, stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "muslint", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=RUN_LIMIT, check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@cache
def schema() -> Any:
    """The report's JSON Schema as ``muslint schema`` prints it."""
    code, text, complaints = muslint(REPOSITORY, "schema")
    assert (code, complaints) == (0, "")
    return json.loads(text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case: Case, tmp_path: Path) -> None:
    """The report says of every object the row names what the row says, and no more."""
    source = lay(case.parts, tmp_path)
    named = case.check if source == tmp_path else str(source)
    target = ("--on", case.on) if case.on else ()
    code, text, complaints = muslint(tmp_path, "check", named, *target, "-o", "json")
    assert complaints == ""
    report = json.loads(text)
    jsonschema.Draft202012Validator(schema()).validate(report)
    assert {key: report["summary"][key] for key in case.summary} == case.summary
    objects = [found for found in report["objects"] if fnmatchcase(found["path"], case.object)]
    assert objects, f"no object {case.object} among {[found['path'] for found in report['objects']]}"
    if case.count is not None:
        assert len(objects) == case.count
    for found in objects:
        assert {**found, "findings": None} == {**found, "findings": None, **_facts(case)}
        _hold(case, found)
    assert code == case.exit_code


def _facts(case: Case) -> dict[str, str]:
    said = {"verdict": case.verdict, "kind": case.kind, "arch": case.arch, "built_for": case.built_for}
    return {key: value for key, value in said.items() if value is not None}


def _hold(case: Case, found: Mapping[str, Any]) -> None:
    """The findings of one object are those of the row."""
    where = found["path"]
    told = [item for item in found["findings"] if item["severity"] != "info" and item["when"] != "run"]
    felt = [item for item in told if item["when"] != "run"]
    for rule, wanted in case.exact.items():
        assert names(felt, rule) == set(wanted), f"{where}: {rule}"
    for rule, wanted in case.has.items():
        assert set(wanted) <= names(felt, rule), f"{where}: {rule}"
    if not case.more:
        assert {item["rule"] for item in felt} == {*case.exact, *case.has}, where
    expected = {*case.exact, *case.has}
    assert {item["when"] for item in felt if item["rule"] in expected} <= {case.when}, where
    if case.clean:
        assert told == [], where
    if case.first is not None:
        assert told and told[0]["message"] == case.first
    for kind, texts in (("evidence", case.evidence), ("remedies", case.remedies)):
        for text in texts:
            assert any(text in entry["text"] for item in told for entry in item[kind]), f"{where}: {kind}: {text}"
    said = {name for item in felt for name in (item["symbol"], item["library"])}
    assert said.isdisjoint(case.never), where
    _hold_host(case, found)


def _hold_host(case: Case, found: Mapping[str, Any]) -> None:
    """What the row takes to come from elsewhere is what the report takes from there: noise, not failure."""
    if case.assumed is not None:
        assert tuple(found["assumed"]) == case.assumed, found["path"]
    noise = [item["symbol"] for item in found["findings"] if item["severity"] == "info" and item["when"] != "run"]
    if case.host_names:
        assert noise and all(name.startswith(case.host_names) for name in noise), found["path"]
    if case.host_count is not None:
        assert len(noise) == case.host_count


def names(findings: Iterable[Finding], rule: str) -> set[str]:
    """What the findings of a rule are about: symbols, libraries or relocation numbers."""
    return {_name(item) for item in findings if item["rule"] == rule}


def _name(item: Finding) -> str:
    if item["relocation"] is not None:
        return str(item["relocation"])
    return str(item["symbol"] or item["library"] or "")


def test_rows_are_whole() -> None:
    """Ids are unique, every part is used and known, and every row of the demand is covered or says why not."""
    ids = [case.id for case in CASES]
    assert sorted(set(ids)) == sorted(ids)
    used = {name for case in CASES for name in case.parts}
    assert used == set(parts())
    covered = {row for case in CASES for row in case.demand}
    without = {row for entry in left() for row in entry.demand}
    assert covered.isdisjoint(without)
    assert covered | without == DEMAND


def test_downloads_are_pinned() -> None:
    """Nothing is downloaded without a hash, Debian's packages apart, which move on under their names."""
    for name, part in parts().items():
        if part["kind"] in ("wheel", "npm"):
            assert part.get("sha256") or part.get("integrity", "").startswith("sha512-"), name
