"""Pages that are made from the code say what the code says: ``make docs`` writes them anew."""

from muslint.advice.messages import FORMS
from tests.docs import api, messages
from tests.docs.messages import PAGE


def test_index_by_message() -> None:
    """Every form of message is in it."""
    assert PAGE.read_text(encoding="utf-8") == messages.page()
    for form in FORMS:
        assert f"\n## {form.id}\n" in messages.page()


def test_python_api() -> None:
    """The page is that of the signatures and docstrings."""
    assert api.PAGE.read_text(encoding="utf-8") == api.page()
