"""``muslint libc`` as people and scripts call it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from muslint.cli.libc import app
from tests.support import musl as real


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_list_names_what_show_takes() -> None:
    rows = json.loads(run("list", "-o", "json").stdout)
    names = [row["name"] for row in rows]
    assert {"musl:1.2.5", "alpine:3.23"} <= set(names)
    assert "alpine:3.23" in run("list").stdout


def test_show_says_what_and_from_where() -> None:
    facts = json.loads(run("show", "alpine:3.23", "--arch", "arm64", "-o", "json").stdout)
    assert (facts["arch"], facts["exports"], facts["lfs64"]) == ("aarch64", 1646, "remap-short")
    assert "Alpine 3.23" in facts["provenance"]
    assert len(facts["symbols"]) == 1646


@pytest.mark.parametrize(
    ("library", "symbol", "code"),
    [
        ("musl:1.2.5", "malloc", 0),
        ("musl:1.2.5", "open64", 0),
        ("musl:1.2.5", "posix_fallocate64", 1),
        ("musl:1.2.6", "posix_fallocate64", 0),
        ("musl:1.2.5", "fcntl64", 1),
        ("musl:1.2.5", "no_such_name", 1),
        ("glibc:2.31", "fcntl64", 0),
        ("glibc:2.31", "arc4random", 1),
    ],
)
def test_one_symbol(library: str, symbol: str, code: int) -> None:
    result = run("show", library, "--symbol", symbol)
    assert result.exit_code == code
    assert symbol in result.stdout


def test_a_missing_symbol_is_placed() -> None:
    assert "since 2.28" in run("show", "musl:1.2.5", "--symbol", "fcntl64").stdout
    assert "no glibc has it either" in run("show", "musl:1.2.5", "--symbol", "no_such_name").stdout


def test_diff() -> None:
    changes = json.loads(run("diff", "musl:1.2.4", "musl:1.2.5", "-o", "json").stdout)
    assert changes["added"] == ["preadv2", "pwritev2", "statx"]
    assert changes["removed"] == []
    assert "no difference" in run("diff", "musl:1.2.5", "musl:1.2.5").stdout
    assert "+ statx" in run("diff", "musl:1.2.4", "musl:1.2.5").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "nonsense"),
        ("show", "musl:0.1"),
        ("show", "musl:9"),
        ("show", "musl:1.2"),
        ("show", "alpine:1"),
        ("list", "-o", "xml"),
        ("show", "musl:1.2.5", "-o", "yaml"),
        ("show", "musl:1.2.5", "--symbol", "puts", "-o", "yaml"),
        ("diff", "musl:1.2.4", "musl:1.2.5", "-o", "yaml"),
        ("verify", "musl:1.2.5", "nowhere", "-o", "yaml"),
    ],
)
def test_wrong_use_is_2_and_says_so(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("muslint libc: ")


def test_learn_writes_a_model_that_can_be_named(tmp_path: Path) -> None:
    library, kept = real.loader("1.2.5").file, tmp_path / "mine.model"
    assert run("learn", str(library), "-o", str(kept)).exit_code == 0
    assert run("show", str(kept), "--symbol", "fts_open").exit_code == 0
    assert run("verify", str(kept), str(library)).exit_code == 0
    assert json.loads(run("learn", str(library), "-o", "json").stdout)["version"] == "1.2.5"
    assert run("learn", str(tmp_path)).exit_code == 2


def test_verify_tells_what_differs() -> None:
    result = run("verify", "musl:1.2.5", str(real.loader("1.2.5").file))
    assert result.exit_code == 1
    assert "+ renameat2" in result.stdout
    changes = json.loads(run("verify", "musl:1.2.5", str(real.loader("1.2.5").file), "-o", "json").stdout)
    assert changes["same"] is False
    assert "fts_open" in changes["added"]
