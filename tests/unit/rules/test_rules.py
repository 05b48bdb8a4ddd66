"""Each rule on tiny real files: where it fires, with what it says, and where it does not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from muslint.pipeline import check
from muslint.rules import load_rules
from muslint.rules.finding import Finding
from tests.unit.rules.cases import RuleCase, cases, lay

ALL = [case for rule in load_rules() for case in cases(rule.id)]


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.rule}: {case.name}")
def test_case(case: RuleCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The findings of the rule are those the case expects, no more and no fewer."""
    source = lay(case, tmp_path)
    monkeypatch.chdir(tmp_path / "tree")
    report = check(source, on=case.on)
    found = [f for judged in report.objects for f in judged.findings if f.rule == case.rule]
    assert report.objects
    assert len(found) == len(case.findings), found
    for finding, expected in zip(found, case.findings, strict=True):
        assert_like(finding, expected)


def assert_like(finding: Finding, expected: Mapping[str, Any]) -> None:
    """A finding has the fields that are written, and evidence and remedies that say what is written."""
    for field, value in expected.items():
        if field in ("evidence", "remedies"):
            texts = [said.text for said in getattr(finding, field)]
            for wanted in value:
                assert any(wanted in text for text in texts), texts
        else:
            assert getattr(finding, field) == value
    assert len(finding.fingerprint) == 16


def test_fingerprints_of_one_report_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two findings of one object never share a name."""
    case = next(case for case in cases("symbol-fortify") if len(case.findings) > 1)
    source = lay(case, tmp_path)
    monkeypatch.chdir(tmp_path / "tree")
    prints = [f.fingerprint for judged in check(source, on=case.on).objects for f in judged.findings]
    assert len(prints) > 2
    assert len(prints) == len(set(prints))
