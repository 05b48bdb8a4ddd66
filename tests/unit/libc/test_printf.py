"""Formats that make formats."""

import pytest

from muslint.libc.printf import template


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (b"%%%dLd|", "%1Ld"), (b"%%-%d.%dLu", "%-1.1Lu"), (b"%%%zuqd", "%1qd"), (b"%%%dlld|", None),
        (b"use %%Ld or %%Zd", None), (b"%d of %%Ld", None), (b"%%%sf", None),
    ],
)  # fmt: skip
def test_what_a_format_makes(text: bytes, made: str | None) -> None:
    """A conversion only GNU's printf knows, where a width is put into it; a text that merely shows one makes none."""
    assert template(text) == made
