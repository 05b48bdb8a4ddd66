"""``docs/compare.md`` says what is so: muslint's column is written anew here; with MUSLINT_ORACLE=full every column."""

import os
import re
from pathlib import Path

import pytest

from tests.compare.__main__ import PAGE, cell
from tests.compare.files import FILES, laid, really
from tests.compare.peers import PEERS

FULL = os.environ.get("MUSLINT_ORACLE") == "full"


def rows() -> dict[str, list[str]]:
    """The cells of the page by the name of the file."""
    found = re.findall(r"^\| \*\*([^*]+)\*\*<br>[^|]* \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.M)
    return {name: cells.split(" | ") for name, cells in found}


def test_page_is_true(tmp_path: Path) -> None:
    """Alpine's loader and muslint, and with MUSLINT_ORACLE=full every tool, say what the page shows."""
    shown = rows()
    assert list(shown) == [compared.name for compared in FILES]
    peers = PEERS if FULL else PEERS[:2]
    for compared, placed in laid(tmp_path / "root"):
        truth = really(tmp_path / "root", placed, compared.hosts)
        cells = [cell(peer.ask(tmp_path / "root", placed), truth) for peer in peers]
        assert shown[compared.name][: len(peers) + 1] == ["loads" if truth else "fails", *cells]


def test_both_answers_occur_and_muslint_is_right() -> None:
    """The files are of both kinds, in about equal number, and muslint's column has no wrong one."""
    truths = [cells[0] for cells in rows().values()]
    assert min(truths.count("loads"), truths.count("fails")) >= 5
    assert not [name for name, cells in rows().items() if not cells[1].startswith("✔")]


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_tool_is_described(peer: object) -> None:
    """What each is for, and how it was asked."""
    text = PAGE.read_text(encoding="utf-8")
    assert f"**{getattr(peer, 'name', '')}**: {getattr(peer, 'is_for', '')}" in text
    assert str(getattr(peer, "asked", "")) in text
