"""The command line of ``muslint bases``: outputs, exit codes, and ``check --bases``."""

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from tests.support import compile as compiler
from tests.support.cache import REPOSITORY, Unavailable

RUN_LIMIT = 120.0  # seconds
SCHEMA = json.loads((files("muslint.report") / "schema.json").read_text(encoding="utf-8"))
EPOCH = "1795478400"  # 2026-11-24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a program that wants glibc 2.34, called ``p``."""
    made = tmp_path_factory.mktemp("source")
    (made / "p.c").write_text('#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n')
    try:
        compiler.zig_cc("x86_64-linux-gnu.2.34", [made / "p.c"], made / "p")
    except Unavailable as error:
        pytest.skip(f"not checked here: the command line of bases: {error}")
    return made


def muslint(folder: Path, *arguments: str, seed: str = "0") -> tuple[int, str, str]:
    """Run ``muslint``; exit code, stdout, stderr."""
    environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    done = subprocess.run(
        [sys.executable, "-m", "muslint", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=RUN_LIMIT, check=False,
        env={**environment, "PYTHONPATH": str(REPOSITORY / "src"), "PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": EPOCH},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_every_output(folder: Path) -> None:
    """One run writes all formats; JSON keeps to its schema, the picture is XML, the page has the tab's data."""
    names = ("table=t", "json=j", "svg=s", "html=h", "markdown=m")
    code, out, complaints = muslint(folder, "bases", "p", "--live", *(part for name in names for part in ("-o", name)))
    assert (code, out, complaints) == (0, "", "")
    document = json.loads((folder / "j").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator({**SCHEMA, "$ref": "#/$defs/bases"}).validate(document)
    assert document["today"] == "2026-11-24"
    assert len(document["bases"]) >= 50
    assert ElementTree.parse(folder / "s").getroot().tag.endswith("svg")
    assert '"bases":[{' in (folder / "h").read_text(encoding="utf-8")
    table = (folder / "t").read_text(encoding="utf-8")
    assert "GLIBC_2.34: __libc_start_main" in table
    assert (folder / "m").read_text(encoding="utf-8").count("\n") == len(document["bases"]) + 2


def test_same_every_time(folder: Path) -> None:
    """The hash seed changes no byte."""
    outputs = {muslint(folder, "bases", "p", "--live", "-o", "json", seed=seed)[1] for seed in ("1", "2")}
    assert len(outputs) == 1
    assert outputs.pop()


def test_dockerfile(folder: Path) -> None:
    """The lines of the best image; exit 1 where there is none."""
    code, out, _ = muslint(folder, "bases", "p", "--dockerfile")
    assert (code, out.splitlines()[-1]) == (0, "FROM debian:13-slim")
    code, out, complaints = muslint(folder, "bases", "p", "--dockerfile", "--on", "almalinux:8")
    assert (code, out) == (1, "")
    assert "no image" in complaints


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nothing",), 3, "no such file"),
        (("p", "--on", "nosuch"), 2, "not in the catalogue"),
        (("p", "--sort", "name"), 2, "verdict, size or eol"),
        (("p", "-o", "xml"), 2, "markdown"),
        (("p", "-o", "json", "-o", "table"), 2, "two reports"),
        (("p.c",), 3, "neither an ELF file"),
    ],
)
def test_wrong_use(folder: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    """One line says what is wrong."""
    found, out, complaints = muslint(folder, "bases", *arguments)
    assert (found, out) == (code, "")
    assert said in complaints
    assert complaints.count("\n") == 1


def test_check_with_bases(folder: Path) -> None:
    """``check --bases`` puts the live images into the report; without, there is no trace of them."""
    code, out, _ = muslint(folder, "check", "p", "--bases", "-o", "table", "-o", "json=with", "-o", "markdown=md")
    document = json.loads((folder / "with").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert code == 1
    assert "Base images" in out
    assert "debian:13-slim" in (folder / "md").read_text(encoding="utf-8")
    assert not any(row["ended"] for row in document["bases"])
    assert "bases" not in json.loads(muslint(folder, "check", "p", "-o", "json")[1])
