"""``muslint.testing`` and the pytest fixture, in a test suite of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from muslint.errors import UnknownTarget
from muslint.testing import assert_runs_on
from tests.reports.reports import MADE
from tests.support.cache import REPOSITORY

RUN_LIMIT = 120.0  # seconds
ON = "alpine:3.23"


def test_passes_and_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs passes and gives the report; what fails says why in the words of the table."""
    MADE["several"].lay(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert [judged.path for judged in assert_runs_on(ON, Path("two")).objects] == ["app"]
    with pytest.raises(AssertionError, match="backtrace: symbol not found"):
        assert_runs_on(ON, "two", "one")


def test_threshold(tmp_path: Path) -> None:
    """fail_on is that of the command."""
    MADE["lazy-plugin"].lay(tmp_path)
    assert_runs_on(ON, tmp_path / "module.so")
    with pytest.raises(AssertionError, match="fails on use"):
        assert_runs_on(ON, tmp_path / "module.so", fail_on="fails-on-use")
    with pytest.raises(ValueError, match="write fails"):
        assert_runs_on(ON, tmp_path / "module.so", fail_on="never")


def test_nothing_to_judge_does_not_pass(tmp_path: Path) -> None:
    """A wrong path, an empty directory and an unreadable file fail the test, or are an error."""
    MADE["no-elf"].lay(tmp_path)
    with pytest.raises(AssertionError, match="nothing there to be judged"):
        assert_runs_on(ON, tmp_path / "dist")
    with pytest.raises(ValueError, match="name what is to run"):
        assert_runs_on(ON)
    with pytest.raises(UnknownTarget):
        assert_runs_on("plan9", tmp_path / "dist")


def test_unknown_does_not_pass(tmp_path: Path) -> None:
    """What could not be judged is no proof."""
    MADE["directory"].lay(tmp_path)
    with pytest.raises(AssertionError, match="unknown"):
        assert_runs_on(ON, tmp_path / "dist" / "bin" / "other-machine")


def test_fixture(tmp_path: Path) -> None:
    """A suite that uses the fixture: one test passes, one fails with the table, no trace of muslint's own."""
    MADE["several"].lay(tmp_path)
    (tmp_path / "test_build.py").write_text(
        f'def test_good(assert_runs_on):\n    assert_runs_on("{ON}", "two")\n\n'
        f'def test_bad(assert_runs_on):\n    assert_runs_on("{ON}", "one")\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "muslint.pytest_plugin", "test_build.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=RUN_LIMIT, check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    assert "backtrace: symbol not found" in done.stdout
    assert "testing.py:" not in done.stdout
