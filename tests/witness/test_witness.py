"""Each behaviour rule is shown by its witness on real glibc and real musl, and finds it without running it."""

from pathlib import Path

import pytest

from muslint.pipeline import check
from muslint.rules import behaviours
from muslint.rules.behaviour.behaviour import Behaviour
from tests.witness.witness import MACHINES, Run, actual, expected, ids, machine, make, witness

RULES = {rule.id: rule for rule in behaviours()}
PAIRS = [(RULES[rule], run) for rule in ids() if rule in RULES for run in witness(rule).runs]
BUILDS = [
    (RULES[rule], build)
    for rule in ids()
    if rule in RULES
    for build in witness(rule).builds.values()
    if build.fires is not None
]


def _name(value: object) -> str:
    return str(getattr(value, "id", getattr(value, "name", value)))


def test_each_rule_has_a_witness_and_each_witness_a_rule() -> None:
    """No rule ships without one, and no folder is left behind."""
    assert {rule.witness for rule in RULES.values()} == set(ids())


@pytest.mark.parametrize("rule", ids())
def test_a_witness_shows_a_difference(rule: str) -> None:
    """At least one run prints something else on musl."""
    says = [run.expect for run in witness(rule).runs]
    assert any(text != say["glibc"] for say in says for key, text in say.items() if key.startswith(("musl", "alpine")))


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize(("rule", "run"), PAIRS, ids=_name)
def test_the_same_file(rule: Behaviour, run: Run, name: str) -> None:
    """The file built for glibc prints on each machine what is claimed."""
    if name not in run.machines:
        return
    on = machine(name)
    assert actual(run, on) == expected(rule, run, on)


@pytest.mark.parametrize("name", [name for name in MACHINES if name != "glibc"])
@pytest.mark.parametrize(("rule", "run"), [pair for pair in PAIRS if pair[1].rebuild], ids=_name)
def test_rebuilt_for_musl(rule: Behaviour, run: Run, name: str) -> None:
    """Rebuilt, it behaves as on glibc where only the binary contract differs, else as musl does."""
    if name not in run.machines:
        return
    on = machine(name)
    assert actual(run, on, rebuilt=True) == expected(rule, run, on, rebuilt=True)


@pytest.mark.parametrize(("rule", "build"), BUILDS, ids=_name)
def test_the_rule_sees_it(rule: Behaviour, build: object, tmp_path: Path) -> None:
    """The rule fires on the file with the confidence that is written, or stays silent where it must."""
    name, fires, on = (str(getattr(build, field)) for field in ("name", "fires", "on"))
    file = make(rule.id, name, tmp_path)
    found = [f for judged in check(str(file), on=on).objects for f in judged.findings if f.rule == rule.id]
    assert [f.confidence for f in found] == ([fires] if fires else [])
