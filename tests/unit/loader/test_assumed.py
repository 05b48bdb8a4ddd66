"""What a library that is known by name alone is taken to give."""

import subprocess
import sys
from pathlib import Path

from muslint.pipeline import check
from muslint.policy.verdict import Verdict
from muslint.report import table
from tests.support.compile import zig_cc

GLIBC = "x86_64-linux-gnu.2.28"


def test_another_library_in_place_of_the_one_it_was_linked_with(tmp_path: Path) -> None:
    """The version that a name must have says where it came from when it was linked: that library is needed no more.

    Alpine's ncurses keeps in libncursesw what Debian's splits off as libtinfo: real readline binds to it all.
    """
    (tmp_path / "tinfo.c").write_text("int tgetnum(const char *x) { return !x; }\n")
    (tmp_path / "tinfo.map").write_text("NCURSES6_TINFO_5.0.19991023 { global: tgetnum; };\n")
    (tmp_path / "user.c").write_text('int tgetnum(const char *);\nint columns(void) { return tgetnum("co"); }\n')
    script = f"-Wl,--version-script={tmp_path / 'tinfo.map'}"
    shared = ("-shared", "-fPIC")
    tinfo = zig_cc(GLIBC, [tmp_path / "tinfo.c"], tmp_path / "t.so", *shared, "-Wl,-soname,libtinfo.so.6", script)
    user = zig_cc(GLIBC, [tmp_path / "user.c", tinfo], tmp_path / "libuser.so", *shared)
    report = check(str(user), on="alpine:3.23")
    assert [finding.library for finding in report.objects[0].findings if finding.decides] == ["libtinfo.so.6"]
    said = "libncursesw.so.6 has the functions of libtinfo.so.6 there: apk add libncursesw, then muslint fix"
    assert f"{said} --replace-needed libtinfo.so.6=libncursesw.so.6" in table.render(report, 0)
    command = [sys.executable, "-m", "muslint", "fix", str(user), "--on", "alpine:3.23+libncursesw"]
    command += ["--replace-needed", "libtinfo.so.6=libncursesw.so.6", "-o", str(tmp_path / "fixed.so")]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
    (judged,) = check(str(tmp_path / "fixed.so"), on="alpine:3.23+libncursesw").objects
    assert judged.verdict is Verdict.RUNS
    assert judged.assumed == ("/usr/lib/libncursesw.so.6",)
