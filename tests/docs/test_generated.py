"""Pages that are made from the code say what the code says: ``make docs`` writes them anew."""

import pytest

from muslint.advice.messages import FORMS
from muslint.rules import load_rules
from muslint.rules.rule import Rule
from tests.docs import api, messages
from tests.docs import load_rules as loads
from tests.docs.messages import PAGE


def test_index_by_message() -> None:
    """Every form of message is in it."""
    assert PAGE.read_text(encoding="utf-8") == messages.page()
    for form in FORMS:
        assert f"\n## {form.id}\n" in messages.page()


def test_python_api() -> None:
    """The page is that of the signatures and docstrings."""
    assert api.PAGE.read_text(encoding="utf-8") == api.page()


@pytest.mark.parametrize("rule", load_rules(), ids=lambda rule: rule.id)
def test_facts_of_a_load_rule(rule: Rule) -> None:
    """Severity, when it shows and what proves it are the rule's own."""
    found, wanted = loads.page(rule)
    assert found == wanted


def test_index_of_load_rules() -> None:
    """Every rule with its severity and title, in the order of reports."""
    found, wanted = loads.listed()
    assert found == wanted
    assert loads.index() in found
