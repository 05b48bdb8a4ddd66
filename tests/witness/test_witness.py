"""Each behaviour rule is shown by its witness on real glibc and real musl, and finds it without running it."""

from pathlib import Path

import pytest

from muslint.pipeline import check
from muslint.rules import behaviours
from muslint.rules.behaviour.behaviour import Behaviour
from tests.witness.witness import MACHINES, Build, Loading, Run, actual, expected, ids, machine, make, subject, witness

PAIRS = [(subject(rule), run) for rule in ids() for run in witness(rule).runs]
BUILDS = [(rule, build) for rule in ids() for build in witness(rule).builds.values() if build.fires is not None]


def _name(value: object) -> str:
    return str(getattr(value, "id", getattr(value, "name", value)))


def test_each_rule_has_a_witness_and_each_witness_a_rule() -> None:
    """No rule ships without one, and no folder is left behind."""
    of_rules = {rule for rule in ids() if witness(rule).load is None}
    assert {rule.witness for rule in behaviours()} == of_rules
    assert {rule.id for rule in behaviours()} == of_rules


@pytest.mark.parametrize("rule", ids())
def test_a_witness_shows_a_difference(rule: str) -> None:
    """At least one run prints something else on musl."""
    says = [run.expect for run in witness(rule).runs]
    assert any(text != say["glibc"] for say in says for key, text in say.items() if key.startswith(("musl", "alpine")))


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize(("rule", "run"), PAIRS, ids=_name)
def test_the_same_file(rule: Behaviour | Loading, run: Run, name: str) -> None:
    """The file built for glibc prints on each machine what is claimed."""
    if name not in run.machines:
        return
    on = machine(name)
    assert actual(run, on) == expected(rule, run, on)


@pytest.mark.parametrize("name", [name for name in MACHINES if name != "glibc"])
@pytest.mark.parametrize(("rule", "run"), [pair for pair in PAIRS if pair[1].rebuild], ids=_name)
def test_rebuilt_for_musl(rule: Behaviour | Loading, run: Run, name: str) -> None:
    """Rebuilt, it behaves as on glibc where only the binary contract differs, else as musl does."""
    if name not in run.machines:
        return
    on = machine(name)
    assert actual(run, on, rebuilt=True) == expected(rule, run, on, rebuilt=True)


@pytest.mark.parametrize(("rule", "build"), BUILDS, ids=_name)
def test_the_rule_sees_it(rule: str, build: Build, tmp_path: Path) -> None:
    """The rule fires on the file with the confidence that is written, or stays silent where it must.

    The other files of the witness lie beside it, for what concerns two files.
    """
    for other in witness(rule).builds.values():
        if other is build or other.fires != "":
            make(rule, other.name, tmp_path)
    load = witness(rule).load
    wanted = load["id"] if load is not None else rule
    judged = next(o for o in check(str(tmp_path), on=build.on).objects if o.path.rpartition("/")[2] == build.name)
    found = [finding for finding in judged.findings if finding.rule == wanted]
    assert [finding.confidence for finding in found] == ([build.fires] if build.fires else [])
