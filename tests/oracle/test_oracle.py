"""`muslint ldd` must equal the real loader, line for line, on whole file systems.

Plain ``pytest`` takes a fixed sample; ``MUSLINT_ORACLE=full`` takes every corpus whole, ``MUSLINT_ORACLE=held-out``
the corpora nobody looked at while developing. One disagreement fails.
"""

import os

import pytest

from tests.support import compare, real_loader, roots

SAMPLE = {
    "alpine-x86_64": 1,
    "alpine-wheels": 4,
    "debian-bookworm-amd64": 15,
    "debian-bookworm-amd64-multiarch": 5,
    "debian-sid-i386-multiarch": 4,
    "debian-sid-arm64-multiarch": 4,
    "debian-bookworm-mips64el-multiarch": 8,
}
"""The corpora of a plain run, each with the step between the files taken from its sorted list."""

MODES = {"sample": SAMPLE, "full": dict.fromkeys(roots.CORPORA, 1), "held-out": dict.fromkeys(roots.HELD_OUT, 1)}

CHOSEN = MODES[os.environ.get("MUSLINT_ORACLE") or "sample"]


@pytest.mark.parametrize("name", CHOSEN)
def test_equals_the_real_loader(name: str) -> None:
    """Same exit status, same list, same messages, for every file; and the same files where none were chosen."""
    step = CHOSEN[name]
    root = roots.corpus(name)
    wanted = real_loader.subjects(root)[::step]
    assert wanted, f"{name}: nothing to ask about"
    real = real_loader.list_all(root, paths=wanted)
    ours = compare.ours(root, None if step == 1 else wanted)
    wrong = compare.disagreements(ours, real)
    text = compare.report(name, real, wrong)
    if wrong:
        pytest.fail(text, pytrace=False)
