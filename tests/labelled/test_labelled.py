"""What must show shows, and nothing else does, on small programs made in the ways that differ most.

Each program is made in one of these ways; ``MUSLINT_ORACLE=full`` makes each in all of them, ``make labelled`` in every
way there is.
"""

import os
from pathlib import Path

import pytest

from tests.labelled.measure import FEW, Kind, Score, group, lines, programs, score
from tests.support.cache import Unavailable

RECALL = 0.95
FULL = os.environ.get("MUSLINT_ORACLE") == "full"


@pytest.mark.parametrize("kind", FEW, ids=str)
def test_precision_and_recall(kind: Kind, tmp_path: Path) -> None:
    """Nothing false is said, and nearly all that is there."""
    total = Score()
    try:
        for number, program in enumerate(programs()):
            if program.of_kind(kind) and (FULL or number % len(FEW) == FEW.index(kind)):
                total.add(score(program, kind, tmp_path))
    except Unavailable as error:
        pytest.skip(f"{kind}: {error}")
    told = "\n".join(lines(total))
    print(told)
    assert not total.false, told
    assert total.recall >= RECALL, told


def test_every_rule_has_both_kinds_of_program() -> None:
    """A rule of the group must show on some program, and there are as many where it must not."""
    for rule in group():
        assert any(rule in program.rules for program in programs())
    assert sum(not program.rules for program in programs()) >= 30
    assert len(programs()) >= 60
