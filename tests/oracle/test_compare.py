"""The comparison finds what differs: a row of each kind of mistake, and none where both say the same."""

from typing import Any

import pytest

from tests.support import compare

REAL: dict[str, Any] = {
    "path": "/a.so",
    "exit": 127,
    "loaded": [["/lib/ld-musl-x86_64.so.1", None], ["libx.so", "/lib/libx.so"]],
    "errors": ["Error relocating /a.so: one: symbol not found", "Error relocating /a.so: two: symbol not found"],
}


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("exit", 0, "exit: ours 0, real 127"),
        ("loaded", [["/lib/ld-musl-x86_64.so.1", None]], "only real: ['libx.so', '/lib/libx.so']"),
        ("errors", list(reversed(REAL["errors"])), "other order"),
        ("errors", [], "only real: Error relocating /a.so: one: symbol not found"),
    ],
)
def test_a_difference_is_found_and_shown(field: str, value: object, shown: str) -> None:
    """Each field counts, order and all, and the report says where the two part."""
    wrong = compare.disagreements({"/a.so": {**REAL, field: value}}, {"/a.so": REAL})
    assert [item.fields for item in wrong] == [(field,)]
    assert shown in compare.report("x", {"/a.so": REAL}, wrong)


def test_a_path_only_one_side_reports_is_a_disagreement() -> None:
    """Leaving a file out, or inventing one, is never agreement."""
    assert [item.path for item in compare.disagreements({}, {"/a.so": REAL})] == ["/a.so"]
    assert [item.path for item in compare.disagreements({"/b.so": REAL}, {})] == ["/b.so"]


def test_agreement() -> None:
    """Fields the contract may add later do not count."""
    assert compare.disagreements({"/a.so": {**REAL, "more": 1}}, {"/a.so": REAL}) == []
