"""A library cut short kills musl's loader with SIGBUS (tests/loader/98): its program must never be said to run."""

from pathlib import Path

import pytest

from muslint.pipeline import check
from muslint.policy.verdict import Verdict
from tests.support.compile import zig_cc

MUSL = "x86_64-linux-musl"
LARGE = "static const char large[200000] = {1};\nconst char *part(void) { return large; }\n"
PROGRAM = "const char *part(void);\nint main(void) { return part()[0]; }\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A program and its library, both sound."""
    (tmp_path / "part.c").write_text(LARGE)
    (tmp_path / "app.c").write_text(PROGRAM)
    dist = tmp_path / "dist"
    dist.mkdir()
    library = zig_cc(MUSL, [tmp_path / "part.c"], dist / "libpart.so", "-shared", "-fPIC", "-Wl,-soname,libpart.so")
    zig_cc(MUSL, [tmp_path / "app.c", library], dist / "app", "-dynamic", "-Wl,-rpath,$ORIGIN")
    return dist


def test_whole_library_runs(folder: Path) -> None:
    """The same files before the cut."""
    assert [judged.verdict for judged in check(str(folder)).objects] == [Verdict.RUNS, Verdict.RUNS]


def test_library_cut_short_fails_its_program(folder: Path) -> None:
    """The finding names the file that is short, and the file itself is said not to have been read."""
    library = folder / "libpart.so"
    library.write_bytes(library.read_bytes()[:10000])
    report = check(str(folder))
    (program,) = report.objects
    assert program.verdict is Verdict.FAILS
    assert [(f.rule, f.library) for f in program.findings] == [("library-unusable", "libpart.so")]
    assert "SIGBUS" in program.findings[0].message
    assert [skipped.path for skipped in report.skipped] == ["libpart.so"]
