"""A static program brings its C library: nothing of another one is said of it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from muslint import pipeline

SOURCE = """
#include <stdio.h>
__attribute__((constructor)) static void early(int argc, char **argv) { printf("%d %s\\n", argc, argv[0]); }
int main(void) { return 0; }
"""


@pytest.mark.parametrize(("flags", "fires"), [(("-static",), False), (("-static-pie",), False), ((), True)])
def test_constructors_of_static_programs_get_their_arguments(
    flags: tuple[str, ...], fires: bool, tmp_path: Path
) -> None:
    """glibc's own start code, which is inside, calls them with argc, argv and envp."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("no gcc: constructors of static programs were not checked")
    (tmp_path / "source.c").write_text(SOURCE)
    made = tmp_path / "made"
    command = [compiler, *flags, "-o", str(made), str(tmp_path / "source.c")]
    if subprocess.run(command, capture_output=True, timeout=60, check=False).returncode:
        pytest.skip("gcc here makes no static programs: their constructors were not checked")
    (judged,) = pipeline.check(f"file:{made}", on="alpine:3.23").objects
    assert ("ld-constructor-args" in {finding.rule for finding in judged.findings}) is fires
