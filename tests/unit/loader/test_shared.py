"""What links share: facts of objects, who gives what, and the bound on how much is kept."""

from typing import Any

import pytest

from muslint.loader import musl
from tests.unit.loader.objects import JUMP_SLOT, library, loader, symbol


def _root() -> list[Any]:
    user = [symbol("f", defined=False)], [(JUMP_SLOT, "f")]
    return [
        library("/with", needed=["liba.so", "libf.so"]),
        library("/without", needed=["liba.so"]),
        library("/lib/liba.so", *user),
        library("/lib/libf.so", [symbol("f")]),
    ]


def test_a_library_is_judged_by_each_scope() -> None:
    """The same library finds its name in one program's scope and not in another's, in either order."""
    for order in (["/with", "/without"], ["/without", "/with", "/without"]):
        shared = loader(*_root())
        exits = {path: shared.list(path).exit for path in order}
        assert exits == {"/with": 0, "/without": 127}


def test_forgotten_facts_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for nothing the answers are the same."""
    shared = loader(*_root())
    before = [shared.list(path) for path in ("/with", "/without")]
    monkeypatch.setattr(musl, "MOST_HELD", 0)
    starved = loader(*_root())
    after = [starved.list(path) for path in ("/with", "/without")]
    assert [(link.exit, link.errors) for link in after] == [(link.exit, link.errors) for link in before]
    assert len(starved._held._known) == 1
