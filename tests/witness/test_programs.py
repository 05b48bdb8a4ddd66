"""Small programs of all kinds: each shows the rules it must show and no other, whatever made the file."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from muslint.pipeline import check
from tests.support.compile import zig_cc
from tests.witness.witness import FIXTURES

HEADERS = (
    "errno", "fcntl", "fnmatch", "getopt", "glob", "iconv", "langinfo", "libintl", "locale", "math", "regex", "stdarg",
    "stdio", "stdlib", "string", "time", "unistd", "wchar", "wordexp",
)  # fmt: skip
PROGRAMS = tomllib.loads((FIXTURES / "programs.toml").read_text(encoding="utf-8"))["program"]
GROUP = {rule for program in PROGRAMS for rule in program["rules"]}
"""The rules these programs are about; others are not asked."""

KINDS = {
    "x86_64 -O0": ("x86_64-linux-gnu.2.36", "-O0", "-fPIE", "-pie"),
    "x86_64 -O2 -fno-plt": ("x86_64-linux-gnu.2.36", "-O2", "-fno-plt", "-fPIE", "-pie"),
    "x86_64 -Os no PIE": ("x86_64-linux-gnu.2.36", "-Os", "-fno-pie", "-no-pie"),
    "aarch64 -O2": ("aarch64-linux-gnu.2.36", "-O2", "-fPIE", "-pie"),
    "aarch64 -O0": ("aarch64-linux-gnu.2.36", "-O0", "-fno-pie", "-no-pie"),
}
REMOVED = {"realloc1": ("-O2", "-Os")}  # clang drops the allocation and both calls: nothing is left to differ


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: str(program["name"]))
def test_program(program: Mapping[str, Any], kind: str, tmp_path: Path) -> None:
    """Exactly the rules that are written are found, as certain or likely."""
    target, *flags = KINDS[kind]
    source = tmp_path / "program.c"
    source.write_text("#define _GNU_SOURCE\n" + "".join(f"#include <{name}.h>\n" for name in HEADERS) + program["text"])
    if "crypt(" in program["text"]:  # zig has no libcrypt
        flags = [flag for flag in flags if "pie" not in flag.lower()] + ["-shared", "-fPIC"]
    made = zig_cc(target, [source], tmp_path / "program", "-w", "-fno-sanitize=undefined", *flags, "-lm")
    wanted = set() if set(REMOVED.get(program["name"], ())) & set(flags) else set(program["rules"])
    found = {
        finding.rule
        for judged in check(str(made), on="musl:1.2.5").objects
        for finding in judged.findings
        if finding.confidence != "possible"
    }
    assert found & GROUP == wanted
