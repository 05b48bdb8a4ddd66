"""Range texts, and the form of every table in the package."""

from itertools import product
from pathlib import Path

import pytest

from muslint.libc import table
from muslint.libc.musl import alpine_releases

ORDER = ("1", "2", "3", "4")
DATA = Path(table.__file__).parent / "data"
TABLES = sorted(path.relative_to(DATA).as_posix() for path in DATA.rglob("*.txt"))
IN_RELEASE_ORDER = {
    "alpine/musl.txt",
    "alpine/gcc.txt",
    "alpine/symbols.txt",
    "alpine/relocations.txt",
    "alpine/base.txt",
}
KEPT_IN_THEIR_ORDER = IN_RELEASE_ORDER | {
    "images/images.txt",
    "images/published.txt",
    "musl/relocations.txt",
    "shims/packages.txt",
    "groups/families.txt",
}


@pytest.mark.parametrize("mask", list(product([False, True], repeat=4)))
def test_ranges_say_what_they_were_made_from(mask: tuple[bool, ...]) -> None:
    present = [release for release, held in zip(ORDER, mask, strict=True) if held]
    text = table.ranges_of(present, ORDER)
    if present == list(ORDER):
        assert text == ""
    elif present:
        assert [r for r in ORDER if table.covers(text, r, ORDER)] == present


def test_ranges_read_as_documented() -> None:
    assert table.ranges_of(["2", "3"], ORDER) == "2-3"
    assert table.ranges_of(["1", "4"], ORDER) == "-1,4-"
    assert table.ranges_of(["3"], ORDER) == "3"


def test_a_table_that_is_not_there_is_an_installation_fault() -> None:
    with pytest.raises(table.TableError, match="not part of this installation"):
        table.read_text("musl/vax.txt")


@pytest.mark.parametrize("name", TABLES)
def test_form_of_a_table(name: str) -> None:
    text = table.read_text(name)
    lines = [line for line in text.splitlines() if line and line[0] not in "#@"]
    assert lines, "a table without rows"
    assert text.startswith("# ")
    assert text.endswith("\n")
    assert len(lines) == len(set(lines)), "a row stands twice"
    assert all(line == line.strip() for line in lines)
    if name not in KEPT_IN_THEIR_ORDER:
        assert lines == sorted(lines)
    if name != "groups/families.txt":
        assert any(line.startswith("@ ") for line in text.splitlines()), "no provenance"


@pytest.mark.parametrize("name", sorted(IN_RELEASE_ORDER - {"alpine/base.txt"}))
def test_alpine_tables_name_known_releases_in_order(name: str) -> None:
    order = alpine_releases()
    places = [order.index(row[0]) for row in table.rows(table.read_text(name))]
    assert places == sorted(places)


def test_every_table_is_in_the_provenance_page() -> None:
    page = (DATA / "PROVENANCE.md").read_text()
    for name in TABLES:
        family = name.rpartition("/")[0]
        assert name in page or (family == "musl" and "musl/ARCH.txt" in page) or f"{family}/*.txt" in page
