"""The index of behaviour rules says what the rules say."""

from importlib.resources import files

from muslint.rules.behaviour.index import behaviours, lines, listed


def test_it_is_as_the_rules_are() -> None:
    """``make docs`` writes it anew."""
    held = files("muslint.rules.behaviour").joinpath("index.txt").read_text(encoding="utf-8")
    assert held.splitlines() == list(lines())


def test_it_leaves_no_rule_out() -> None:
    """Every rule of the package is listed, with the same triggers."""
    assert {(rule.id, rule.triggers) for rule in listed()} == {(rule.id, rule.triggers) for rule in behaviours()}
