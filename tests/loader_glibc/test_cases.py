"""Every rule of glibc's loader, by itself: the real ``ld.so`` of four releases meets it, and ours says the same."""

import platform
import tempfile
from pathlib import Path

import pytest

from muslint.loader.root import glibc_loader_of
from muslint.sources.directory import DirectoryTree
from tests.support import compare, real_glibc, roots
from tests.support.cache import Unavailable

from .case import Ask, Case, cases, lay_out

CASES = {case.name: case for case in cases()}


def test_there_is_a_case_a_rule() -> None:
    """No rule is told twice, and none was lost."""
    assert len(CASES) >= 60
    assert len({case.rule for case in CASES.values()}) == len(CASES)


@pytest.mark.parametrize("suite", roots.GLIBC_SUITES)
@pytest.mark.parametrize("name", CASES)
def test_case(name: str, suite: str) -> None:
    """The real loader shows what the case says, and ours answers as the real one does."""
    if platform.machine() != "x86_64":
        raise Unavailable("glibc's loader of amd64 runs on x86_64 only")
    case = CASES[name]
    with tempfile.TemporaryDirectory(prefix="muslint-case-") as folder:
        root = Path(folder, "root")
        lay_out(case, suite, root)
        for ask in case.asks:
            _check(case, root, ask, suite)


def _check(case: Case, root: Path, ask: Ask, suite: str) -> None:
    real = real_glibc.ask(root, [ask.subject], library_path=ask.library_path, preload=ask.preload)[0]
    text = f"exit {real.exit}\n{real.stdout}{real.stderr}"
    for shown in ask.by_suite.get(suite, ask.shows):
        assert shown in text, f"the real loader does not show the rule: {case.rule}\n{text}"
    for hidden in ask.hides if suite not in ask.by_suite else ():
        assert hidden not in text, f"the real loader differs: {case.rule}\n{text}"
    loader = glibc_loader_of(DirectoryTree(str(root)), "x86_64", real_glibc.processor())
    ours = loader.list(ask.subject, library_path=ask.library_path or "", preload=ask.preload or "", repeats=True)
    row = {
        "exit": ours.exit,
        "loaded": [list(line) for line in ours.listed],
        "missing": list(ours.missing),
        "errors": list(ours.errors),
    }
    wrong = compare.disagreements({ask.subject: row}, {ask.subject: real.as_row()})
    assert not wrong, f"our model differs: {case.rule}\n{wrong[0]}\n{text}"
    assert "".join(f"{line}\n" for line in ours.printed or ()) == real_glibc.plain(real.stdout)
    if ours.errors == real.errors:
        assert list(ours.repeats or ()) == [line for line in real.stderr.split("\n") if line]
