"""Formats of strftime that are told from those of other functions."""

import pytest

from muslint.libc.strftime import gnu_only


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"%Y-%m-%d %k:%M", "%k"), (b"%^b %Y", "%^b"), (b"%#Z %H", "%#Z"), (b"%#d.%#m.%Y", "%#d"),
        (b"no such function: %#T", None), (b"misuse of %s function %#T()", None), (b"%Y-%m-%d %H:%M", None),
    ],
)  # fmt: skip
def test_what_only_a_time_format_of_gnu_has(text: bytes, found: str | None) -> None:
    """A flag that turns case says nothing of digits: SQLite's own printf has a ``%#T``."""
    assert gnu_only(text) == found
