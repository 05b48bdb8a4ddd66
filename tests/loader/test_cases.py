"""Every rule of the loader, by itself: the expectation, the real loader and our model must be equal."""

import contextlib
import io
import json
import re
import tempfile
from pathlib import Path

import pytest
import typer

from muslint.cli.ldd import Format, ldd
from tests.support import real_loader

from .case import RELEASES, Ask, Case, Expected, cases, lay_out

CASES = {case.folder.name: case for case in cases()}
_ADDRESS = re.compile(r" \((0x[0-9a-f]+|0)\)$", re.MULTILINE)
"""What ends each line of the list; musl prints a null base, that of a file at a fixed address, as ``0``."""


def test_there_is_a_case_a_rule() -> None:
    """Numbers are unique and without gaps, so that a lost folder is noticed; no rule is told twice."""
    assert [int(name.partition("_")[0]) for name in CASES] == list(range(1, len(CASES) + 1))
    assert len(CASES) >= 60
    assert len({case.rule for case in CASES.values()}) == len(CASES)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", CASES)
def test_case(name: str, release: str) -> None:
    """The real loader does what the case says, and ours what the real one does."""
    case = CASES[name]
    assert case.asks, f"{name}: asks nothing"
    with tempfile.TemporaryDirectory(prefix="muslint-case-") as folder:
        root = Path(folder, "root")
        lay_out(case, release, root)
        for ask in case.asks:
            _check(case, root, ask, ask.expect[release])


def _check(case: Case, root: Path, ask: Ask, expected: Expected) -> None:
    real = real_loader.list_file(root, ask.subject, library_path=ask.library_path, preload=ask.preload)
    listing = _ADDRESS.sub("", real.stdout)
    found = Expected(real.exit, tuple(line.removeprefix("\t") for line in listing.splitlines()), real.errors)
    assert found == expected, f"the real loader differs: {case.rule}"
    if ask.text is not None:
        assert real.stderr.splitlines() == list(ask.text), f"the real loader's lines differ: {case.rule}"
    status, out, _err = _ours(root, ask, Format.JSONL)
    ours = json.loads(out)
    loaded = tuple(name if path is None else f"{name} => {path}" for name, path in ours["loaded"])
    assert Expected(ours["exit"], loaded, tuple(ours["errors"])) == found, f"our model differs: {case.rule}"
    assert status == (128 - real.exit if real.exit < 0 else real.exit)
    _status, out, err = _ours(root, ask, Format.TEXT)
    assert out == listing, f"our list differs: {case.rule}"
    assert err == real.stderr, f"our lines differ: {case.rule}"


def _ours(root: Path, ask: Ask, form: Format) -> tuple[int, str, str]:
    """`muslint ldd` in this process: exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(typer.Exit) as ended:
        ldd([ask.subject], root=str(root), library_path=ask.library_path or "", preload=ask.preload or "", form=form)
    return ended.value.exit_code, out.getvalue(), err.getvalue()
