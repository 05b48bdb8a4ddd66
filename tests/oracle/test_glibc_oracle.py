"""``muslint ldd --libc glibc`` must say what the real ``ld.so`` says (``ldd -r``), on whole file systems.

Plain ``pytest`` takes a fixed sample; ``MUSLINT_ORACLE=full`` takes every corpus whole, ``MUSLINT_ORACLE=held-out``
the corpora nobody looked at while developing. One disagreement fails.
"""

import os

import pytest

from tests.support import compare, real_glibc, roots

SAMPLE = {"glibc-bookworm": 10, "glibc-bookworm-alpine": 1, "glibc-sid-i386": 4, "glibc-sid-arm64": 8}
"""The corpora of a plain run, each with the step between the files taken from its sorted list."""

MODES = {
    "sample": SAMPLE,
    "full": dict.fromkeys(roots.GLIBC, 1),
    "held-out": dict.fromkeys(roots.GLIBC_HELD_OUT, 1),
}

CHOSEN = MODES[os.environ.get("MUSLINT_ORACLE") or "sample"]


@pytest.mark.parametrize("name", CHOSEN)
def test_equals_the_real_loader(name: str) -> None:
    """Same exit status, same list, same missing libraries, same messages, for every file."""
    step = CHOSEN[name]
    root = roots.corpus(name)
    wanted = real_glibc.subjects(root)[::step]
    assert wanted, f"{name}: nothing to ask about"
    real = real_glibc.list_all(root, paths=wanted)
    ours = compare.ours(root, None if step == 1 else wanted, "glibc")
    wrong = compare.disagreements(ours, real)
    if wrong:
        pytest.fail(compare.report(name, real, wrong), pytrace=False)
