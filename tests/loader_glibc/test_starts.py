"""Real starts: what the kernel and ``ld.so`` do with a program, and our `GlibcLoader.start` beside it."""

import platform
import tempfile
from pathlib import Path

import pytest

from muslint.loader.root import glibc_loader_of
from muslint.sources.directory import DirectoryTree
from tests.support import real_glibc, roots
from tests.support.cache import Unavailable

from .case import Ask, Case, Object, cases, lay_out


def _started(case: Case) -> list[Ask]:
    """The questions of a case about programs that the kernel can start."""
    programs = {o.path: o for o in case.objects if o.kind in ("program", "fixed")}
    return [
        ask
        for ask in case.asks
        if ask.subject in programs and not any(f.startswith("--dynamic-linker") for f in programs[ask.subject].flags)
    ]


CASES = {case.name: case for case in cases() if _started(case)}


@pytest.mark.parametrize("suite", roots.GLIBC_SUITES)
@pytest.mark.parametrize("name", CASES)
def test_start(name: str, suite: str) -> None:
    """Bound at once and bound lazily: the same exit status and the same lines, up to the first failure."""
    if platform.machine() != "x86_64":
        raise Unavailable("programs of amd64 start on x86_64 only")
    case = CASES[name]
    with tempfile.TemporaryDirectory(prefix="muslint-case-") as folder:
        root = Path(folder, "root")
        lay_out(case, suite, root)
        loader = glibc_loader_of(DirectoryTree(str(root)), "x86_64", real_glibc.processor())
        for ask in _started(case):
            # There is no /proc in the root to tell the program its own path.
            environment = {"LD_ORIGIN_PATH": ask.subject.rpartition("/")[0]}
            environment |= {"LD_LIBRARY_PATH": ask.library_path} if ask.library_path else {}
            environment |= {"LD_PRELOAD": ask.preload} if ask.preload else {}
            for now in (False, True):
                bind = {"LD_BIND_NOW": "1"} if now else {}
                status, err = real_glibc.start(root, ask.subject, environment | bind)
                ours = loader.start(
                    ask.subject, library_path=ask.library_path or "", preload=ask.preload or "",
                    bind_now=now, first_only=True,
                )  # fmt: skip
                real = tuple(dict.fromkeys(line for line in err.split("\n") if line))
                assert (ours.exit, ours.errors) == (status, real), f"{ask.subject}, bind_now {now}: {case.rule}"


def test_a_deferred_function_ends_the_process(tmp_path: Path) -> None:
    """A function that nothing gives is no error of a lazy start: calling it is."""
    if platform.machine() != "x86_64":
        raise Unavailable("programs of amd64 start on x86_64 only")
    code = "extern void gone(void); void _start(void) { gone(); }"
    program = Object("/app/main", "program", code, needed=("@/x/liba.so",), flags=("-rpath=/x", "-z", "lazy"))
    case = Case("deferred", "", "", (Object("/x/liba.so"), program), {}, (), {}, {}, False, (), ())
    lay_out(case, "bookworm", tmp_path / "root")
    loader = glibc_loader_of(DirectoryTree(str(tmp_path / "root")), "x86_64", real_glibc.processor())
    ours = loader.start("/app/main")
    status, err = real_glibc.start(tmp_path / "root", "/app/main")
    assert (ours.exit, status) == (0, 127)
    assert err.splitlines() == [message.text for message in ours.deferred]
