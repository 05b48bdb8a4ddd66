"""The pages of the behaviour rules say what the rules and their witnesses say."""

import pytest

from tests.docs.behaviours import FOLDER, pages

PAGES = pages()


def test_every_page_is_there_and_no_other() -> None:
    """One page a behaviour rule, one a matter of the loader that has a witness, and the index."""
    assert set(FOLDER.glob("*.md")) == set(PAGES)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_page(path: object) -> None:
    """``make docs`` writes it anew."""
    assert path.read_text(encoding="utf-8") == PAGES[path]  # type: ignore[attr-defined, index]
