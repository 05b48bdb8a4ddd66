"""Suppressions and the baseline: what they cover, what they say, what they refuse."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from muslint.errors import WrongUse
from muslint.policy.baseline import KNOWN, Baseline, read_baseline, written
from muslint.policy.suppression import Suppressions, parse_suppressions
from muslint.rules.finding import Finding, Severity, When

RULES = ("symbol-missing", "symbol-fortify", "library-missing")
MISSING = Finding(
    "symbol-missing", Severity.ERROR, When.LOAD, "pkg/app.so", "m", symbol="backtrace", library="libc.so.6"
)
GONE = Finding("library-missing", Severity.ERROR, When.LOAD, "pkg/app.so", "m", library="libssl.so.1.1")
TODAY = date(2027, 1, 31)
ON = "alpine:3.23"


def entries(*tables: dict[str, Any]) -> Suppressions:
    """Suppressions of these tables, each with a reason."""
    return Suppressions(parse_suppressions([{"reason": "why", **table} for table in tables], "m.toml", RULES), TODAY)


@pytest.mark.parametrize(
    ("table", "covers"),
    [
        ({"rule": "symbol-missing"}, {"MISSING"}),
        ({"rule": "*"}, {"MISSING", "GONE"}),
        ({"rule": ["symbol-fortify", "library-*"]}, {"GONE"}),
        ({"symbol": "back*"}, {"MISSING"}),
        ({"symbol": "*"}, {"MISSING"}),
        ({"symbol": "Backtrace"}, set()),
        ({"soname": "libssl.so.*"}, {"GONE"}),
        ({"soname": "libc.so.6"}, set()),
        ({"soname": "app.so"}, {"MISSING", "GONE"}),
        ({"path": "app.so"}, {"MISSING", "GONE"}),
        ({"path": "pkg/*"}, {"MISSING", "GONE"}),
        ({"path": "lib/*"}, set()),
        ({"rule": "*", "target": "alpine:3.2*"}, {"MISSING", "GONE"}),
        ({"rule": "*", "target": "alpine:3.22"}, set()),
        ({"rule": "*", "symbol": "backtrace", "path": "other"}, set()),
        ({"rule": "*", "expires": date(2027, 1, 31)}, {"MISSING", "GONE"}),
        ({"rule": "*", "expires": "2027-01-30"}, set()),
    ],
)
def test_covers(table: dict[str, Any], covers: set[str]) -> None:
    """All keys that are given must match; the last day still counts."""
    settled = entries(table).settle((MISSING, GONE), "pkg/app.so", ON)
    found = {name for name, finding in zip(("MISSING", "GONE"), settled) if finding.suppressed == "why"}
    assert found == covers
    assert [replace(finding, suppressed=None) for finding in settled] == [MISSING, GONE]


def test_what_is_said() -> None:
    """Past its day and in the way: said with its owner. Meeting nothing: said, unless it is for another target."""
    made = entries(
        {"symbol": "backtrace", "expires": date(2026, 12, 31), "owner": "ops"},
        {"symbol": "nothing"},
        {"symbol": "nothing", "target": "alpine:edge"},
        {"rule": "library-missing"},
        {"symbol": "nothing", "expires": date(2026, 12, 31)},
    )
    made.settle((MISSING, GONE), "pkg/app.so", ON)
    (expired,) = made.expired()
    assert expired.startswith("m.toml: [[suppress]] 1: the suppression of symbol backtrace expired on 2026-12-31")
    assert "(owner: ops): 1 finding counts again" in expired
    assert [line.partition(": the")[0] for line in made.unused(ON)] == [
        "m.toml: [[suppress]] 2",
        "m.toml: [[suppress]] 5",
    ]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"rule": "symbol-missing", "reason": ""}, "needs a reason"),
        ({"rule": "symbol-missing", "reason": None}, "needs a reason"),
        ({"rule": "symbol-mising"}, "did you mean symbol-missing"),
        ({"rle": "symbol-missing"}, "did you mean rule"),
        ({"target": "alpine:*"}, "says nothing of what is meant"),
        ({"rule": []}, "must be a pattern"),
        ({"symbol": 1}, "must be a pattern"),
        ({"symbol": "x", "owner": 1}, "owner must be a text"),
        ({"symbol": "x", "expires": "soon"}, "such as 2027-06-30"),
        ({"symbol": "x", "expires": 2027}, "such as 2027-06-30"),
    ],
)
def test_refused(table: dict[str, Any], said: str) -> None:
    """The entry is named by its number."""
    with pytest.raises(WrongUse, match=said) as refused:
        entries({"symbol": "fine"}, table)
    assert str(refused.value).startswith("m.toml: [[suppress]] 2: ")


def test_not_a_list() -> None:
    """[suppress] in place of [[suppress]]."""
    with pytest.raises(WrongUse, match=r"write \[\[suppress\]\]"):
        parse_suppressions({"rule": "x"}, "m.toml", RULES)


# --- baseline -----------------------------------------------------------------------------------------------


def known(baseline: Baseline, *findings: Finding) -> list[bool]:
    """Which of these the baseline knows."""
    return [finding.suppressed == KNOWN for finding in baseline.settle(findings)]


def baseline_of(tmp_path: Path, *findings: Finding) -> Baseline:
    """A baseline written and read back."""
    (tmp_path / "baseline.json").write_text(written(findings))
    return read_baseline(str(tmp_path / "baseline.json"))


def test_baseline(tmp_path: Path) -> None:
    """Known are those of before, rebuilt and moved ones too; new names are not."""
    other = replace(MISSING, symbol="fcntl64")
    moved = replace(MISSING, object="lib/app.so.2", version="GLIBC_2.34")
    assert known(baseline_of(tmp_path, MISSING, GONE), moved, other, GONE) == [True, False, True]


def test_one_more_copy_is_new(tmp_path: Path) -> None:
    """As many as were there are known; those in the old places first."""
    elsewhere = replace(MISSING, object="new/app.so")
    assert known(baseline_of(tmp_path, MISSING), elsewhere, MISSING) == [False, True]
    assert known(baseline_of(tmp_path, MISSING), elsewhere) == [True]
    assert known(baseline_of(tmp_path, MISSING, MISSING), MISSING, MISSING, MISSING) == [True, True, False]


def test_what_is_not_written(tmp_path: Path) -> None:
    """Information never counts, and what is accepted by the configuration is not accepted twice."""
    info, accepted = replace(MISSING, severity=Severity.INFO), replace(GONE, suppressed="why")
    assert known(baseline_of(tmp_path, info, accepted), MISSING, GONE) == [False, False]
    assert known(baseline_of(tmp_path, replace(GONE, suppressed=KNOWN)), GONE) == [True]


def test_same_bytes_whatever_the_order() -> None:
    """A baseline can be kept under version control."""
    assert written([MISSING, GONE, MISSING]) == written([GONE, MISSING, MISSING])
    assert written([replace(MISSING, object="bad-\udcff")]).encode("utf-8")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "muslint-baseline/1", "findings": [{}]}', "[" * 100_000])
def test_no_baseline(tmp_path: Path, text: str) -> None:
    """One line that says how to make one."""
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(WrongUse, match="baseline"):
        read_baseline(str(tmp_path / "b.json"))
    with pytest.raises(WrongUse, match="cannot be read"):
        read_baseline(str(tmp_path / "missing.json"))
