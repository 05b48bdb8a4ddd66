"""What every test shares: a real part that cannot be had is a skip, and the run ends with the list of such skips."""

import os
from collections.abc import Generator

import pytest

from tests.support.cache import Unavailable

NOT_CHECKED = "not checked here: "

os.environ["MUSLINT_CACHE_DIR"] = ""  # no test shall see what another run proved, nor leave something to the user


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, object, object]:
    """A fixture that raises `Unavailable` skips its test."""
    try:
        return (yield)
    except Unavailable as error:
        pytest.skip(f"{NOT_CHECKED}{error.reason}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """A test that raises `Unavailable` is skipped."""
    try:
        return (yield)
    except Unavailable as error:
        pytest.skip(f"{NOT_CHECKED}{error.reason}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List, counted, what could not be checked on this machine and why."""
    rows = []
    for report in terminalreporter.getreports("skipped"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _before, mark, why = reason.partition(NOT_CHECKED)
        if mark:
            rows.append(f"{report.nodeid}: {why}")
    if rows:
        terminalreporter.section(f"not checked here: {len(rows)}")
        for row in sorted(rows):
            terminalreporter.line(row)
