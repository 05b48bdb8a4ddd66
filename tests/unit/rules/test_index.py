"""The index of the behaviour rules: as the rules are, and never more than a shortcut."""

from pathlib import Path

import pytest

from muslint.rules import rules
from muslint.rules.behaviour import index
from muslint.rules.behaviour.found import as_rule

FIELDS = ("id", "title", "severity", "when", "evidence", "witness", "order", "default")


def test_the_index_is_as_the_rules_are() -> None:
    """`make docs` writes it anew."""
    text = (Path(index.__file__).parent / "index.txt").read_text()
    assert text.splitlines() == list(index.lines())


def test_rules_are_the_same_without_an_import() -> None:
    told = {rule.id: [getattr(rule, field) for field in FIELDS] for rule in rules()}
    for behaviour in index.behaviours():
        rule = as_rule(behaviour)
        assert told[rule.id] == [getattr(rule, field) for field in FIELDS]


def test_an_entry_says_what_its_rule_says_and_finds_it() -> None:
    entries = [entry for entry in index.listed() if isinstance(entry, index.Entry)]
    assert len(entries) == len(index.behaviours())
    for entry in entries:
        rule = entry.rule()
        for field in index.Entry._fields:
            assert getattr(entry, field) == getattr(rule, field)


def test_a_file_that_has_changed_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """As is one the index does not have; where there are no files at all, the index is all there is to ask."""
    real = index._size
    monkeypatch.setattr(index, "_size", lambda module: 1 if module == "ld_irelative" else real(module))
    index.listed.cache_clear()
    try:
        imported = [found.id for found in index.listed() if not isinstance(found, index.Entry)]
        assert imported == ["ld-irelative"]
        monkeypatch.setattr(index, "_size", lambda _module: None)
        index.listed.cache_clear()
        assert all(isinstance(found, index.Entry) for found in index.listed())
    finally:
        index.listed.cache_clear()
