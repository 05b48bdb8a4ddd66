"""What ``muslint bases`` says of real sources on every live image, held against what was worked out by hand."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from muslint.across import Across, bases
from muslint.advice.base import Base
from muslint.advice.bases import best
from tests.support.cache import REPOSITORY, Unavailable
from tests.support.fetch import debian_package, npm_package, pypi_file

DATA: dict[str, Any] = tomllib.loads(Path(__file__).with_name("rows.toml").read_text(encoding="utf-8"))
PARTS: dict[str, Any] = tomllib.loads((REPOSITORY / "tests/acceptance/parts.toml").read_text(encoding="utf-8"))
GROUPS: dict[str, list[str]] = DATA["groups"]
DAY: date = DATA["day"]
SOURCES: dict[str, dict[str, Any]] = {source["name"]: source for source in DATA["source"]}


def fetched(source: dict[str, Any]) -> Path:
    """The file of a source; skips where it cannot be had."""
    try:
        if "wheel" in source:
            part = PARTS["wheel"][source["wheel"]]
            return pypi_file(part["name"], part["version"], part["file"], part["sha256"])
        if "npm" in source:
            part = PARTS["npm"][source["npm"]]
            return npm_package(part["name"], part["version"], part["integrity"])
        return debian_package(source["deb"], "bookworm", "amd64")
    except Unavailable as error:
        pytest.skip(f"not checked here: the rows of {source['name']}: {error}")


@cache
def rows(name: str) -> dict[str, Base]:
    """Every live row of a source, by image."""
    found = bases(Across(str(fetched(SOURCES[name]))), (), DAY, live=True)
    return {row.image: row for row in found}


@pytest.mark.parametrize("name", SOURCES)
def test_rows(name: str) -> None:
    """Verdict, reason, what to add and what comes of it are those worked out by hand, on every live image."""
    source, found = SOURCES[name], rows(name)
    expected: dict[str, dict[str, str]] = {}
    for group, images in GROUPS.items():
        if "everywhere" in source:
            row = {"verdict": source["everywhere"]}
            images = [] if group == "gcompat" else images
        else:
            row = source["rows"][group]
        for image in images:
            expected[image] = {"verdict": "", "why": "", "add": "", "then": "", "instead": ""} | row
    said = {
        image: {
            "verdict": row.verdict, "why": row.why, "add": row.add or "", "then": row.then or "",
            "instead": row.instead or "",
        }
        for image, row in found.items()
    }  # fmt: skip
    assert said == expected
    assert len(said) >= 25


@pytest.mark.parametrize("name", SOURCES)
def test_best(name: str) -> None:
    """The image a Dockerfile is given."""
    chosen = best(tuple(rows(name).values()), "verdict")
    assert chosen is not None
    assert chosen.image == SOURCES[name]["best"]


def test_groups_hold_each_image_once() -> None:
    """No image is expected twice."""
    every = [image for images in GROUPS.values() for image in images]
    assert len(every) == len(set(every)) >= 50
