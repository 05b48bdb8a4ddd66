"""Where a load kills the loader, the file it dies of and the reason are told: its log says nothing."""

from pathlib import Path

from muslint.pipeline import check
from muslint.report import table
from muslint.rules.finding import Finding
from tests.support.compile import zig_cc

MUSL = "x86_64-linux-musl"
WEAK = "extern __thread int nobody __attribute__((weak));\nint part(void) { return nobody; }\n"
PROGRAM = "int part(void);\nint main(void) { return part(); }\n"


def killed(folder: Path) -> Finding:
    """What is said of the program, in whose load the loader dies."""
    judged = next(judged for judged in check(str(folder)).objects if judged.path == "app")
    (found,) = [finding for finding in judged.findings if finding.rule == "library-unusable"]
    assert found.message == "app: the loader dies of SIGSEGV, without a message"
    return found


def test_the_library_and_the_reason(tmp_path: Path) -> None:
    """Not all that may kill a loader, but what does."""
    (tmp_path / "part.c").write_text(WEAK)
    (tmp_path / "app.c").write_text(PROGRAM)
    dist = tmp_path / "dist"
    dist.mkdir()
    flags = ("-shared", "-fPIC", "-ftls-model=initial-exec", "-Wl,-soname,libpart.so")
    library = zig_cc(MUSL, [tmp_path / "part.c"], dist / "libpart.so", *flags)
    zig_cc(MUSL, [tmp_path / "app.c", library], dist / "app", "-dynamic", "-Wl,-rpath,$ORIGIN")
    found = killed(dist)
    assert found.library == "libpart.so"
    assert found.evidence[0].text == "it refers to a weak thread-local variable that nothing defines"
    shown = table.render(check(str(dist)), 0)
    assert "    libpart.so    it refers to a weak thread-local variable that nothing defines" in shown
