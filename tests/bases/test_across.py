"""Reading once and judging images alike once changes nothing: the same as a check of each target by itself.

``MUSLINT_ORACLE=full`` asks about every image and more wheels, otherwise about a fixed sample.
"""

import os
from datetime import date
from pathlib import Path

import pytest

from muslint.across import Across, bases
from muslint.advice.bases import FAILS, RUNS
from muslint.libc.catalog import image
from muslint.libc.published import partial
from muslint.pipeline import check
from tests.bases.test_rows import PARTS, fetched
from tests.support.cache import Unavailable
from tests.support.fetch import pypi_file

FULL = os.environ.get("MUSLINT_ORACLE") == "full"
TARGETS = ("alpine:3.24", "debian:12", "alpine:3.22+gcompat+libstdc++", "almalinux:8", "debian:11", "alpine:3.24")


def wheel(name: str) -> Path:
    """A wheel of the acceptance cases."""
    part = PARTS["wheel"][name]
    try:
        return pypi_file(part["name"], part["version"], part["file"], part["sha256"])
    except Unavailable as error:
        pytest.skip(f"not checked here: {name} on several targets: {error}")


@pytest.mark.parametrize("name", ["uvloop-manylinux", *(["gevent-manylinux"] if FULL else [])])
def test_one_reading_is_as_good_as_many(name: str) -> None:
    """Every finding on every target is that of a check of its own, in whatever order they are asked."""
    path = str(wheel(name))
    source = Across(path)
    for target in TARGETS:
        alone, shared = check(path, target, advise=False), source.on(target)
        assert shared.objects == alone.objects
        assert shared.target == alone.target
        assert shared.skipped == alone.skipped


def test_rows_are_the_verdicts_of_check() -> None:
    """Where all is known of an image, its row is what ``check --on`` says of it alone."""
    path = str(fetched({"name": "gh", "deb": "gh"}))
    rows = bases(Across(path), (), date(2026, 11, 24), live=not FULL)
    compared = 0
    for row in rows if FULL else rows[::4]:
        found = image(row.image)
        sure = found is not None and found.libc == "glibc" and found.libc_version and not partial(row.image)
        if not sure or row.verdict not in (FAILS, RUNS):
            continue
        assert [str(judged.verdict) for judged in check(path, row.image).objects] == [row.verdict], row.image
        compared += 1
    assert compared >= (60 if FULL else 6)
