"""The pytest plugin: the fixture ``assert_runs_on``, which is `muslint.testing.assert_runs_on`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from muslint.report.report import Report


@pytest.fixture(name="assert_runs_on", scope="session")
def assert_runs_on_fixture() -> Callable[..., Report]:
    """``assert_runs_on("alpine:3.23", path)`` fails the test with muslint's table unless all of it runs there."""
    from muslint.testing import assert_runs_on

    return assert_runs_on
