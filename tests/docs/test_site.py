"""The site: built without a warning, no dead link or anchor, nothing asked of the network, no page forgotten."""

import os
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.support.cache import REPOSITORY
from tools import make_site

NETWORK = re.compile(r"(?:https?:)?//[\w.-]+")


class Read(HTMLParser):
    """What a page of the site refers to, loads, and can be reached at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.unlabelled = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Take note of a tag."""
        said = dict(attributes)
        self.anchors |= {value for name in ("id", "name") if (value := said.get(name))}
        if tag == "a" and said.get("href"):
            self.links.append(said["href"] or "")
        if tag in ("script", "img", "iframe", "source") and said.get("src"):
            self.loads.append(said["src"] or "")
        if tag == "link" and said.get("href") and said.get("rel") not in ("canonical", "next", "prev"):
            self.loads.append(said["href"] or "")
        self.unlabelled += tag == "img" and not said.get("alt")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as it is built now."""
    if find_spec("zensical") is None:
        pytest.skip("the site is not built here: zensical is not installed (pip install -e '.[docs]')")
    below = tmp_path_factory.mktemp("site")
    assert make_site.build(below) == 0, "the build gave a warning"
    return below / "site"


def html(site: Path) -> Iterator[tuple[Path, str]]:
    """Every page."""
    for page in sorted(site.rglob("*.html")):
        yield page, page.read_text(encoding="utf-8")


def test_links_and_anchors(site: Path) -> None:
    """Each link of each page leads to a file of the site, and where it names an anchor, to one."""
    read = {page: Read(text) for page, text in html(site)}
    assert len(read) > 150
    dead, seen = [], 0
    for page, found in read.items():
        if page.name == "404.html":  # its links begin at the root of wherever the site is put
            continue
        for link in found.links:
            if re.match(r"[a-z]+:", link):
                continue
            seen += 1
            path, _, anchor = unquote(link).partition("#")
            goal = Path(os.path.normpath(page.parent / path)) if path else page
            goal = goal / "index.html" if goal.is_dir() else goal
            if not goal.is_file() or (anchor and goal in read and anchor not in read[goal].anchors):
                dead.append(f"{page.relative_to(site)}: {link}")
    assert seen > 2000
    assert not dead


def test_nothing_is_asked_of_the_network(site: Path) -> None:
    """No page loads a script, style, font or picture from elsewhere, and no style does."""
    far = [f"{page.name}: {load}" for page, text in html(site) for load in Read(text).loads if NETWORK.match(load)]
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        far += [
            f"{style.name}: {goal}"
            for goal in re.findall(r"(?:url\(|@import )[\"']?([^\"')]+)", text)
            if NETWORK.match(goal)
        ]
    assert not far


def test_pictures_are_described(site: Path) -> None:
    """Pictures have a text, drawings a title and a description, both named to who cannot see them."""
    assert not [page.name for page, text in html(site) if Read(text).unlabelled]
    drawings = sorted((REPOSITORY / "docs" / "img").glob("*.svg"))
    assert len(drawings) >= 5
    for drawing in drawings:
        text = drawing.read_text(encoding="utf-8")
        assert re.search(r'role="img" aria-labelledby="(\S+) (\S+)"', text), drawing.name
        assert "<title" in text
        assert "<desc" in text
    assert (site / "loader.html").read_text(encoding="utf-8").count('role="img"') >= 5


def test_every_page_is_in_the_menu() -> None:
    """A page of docs that the menu does not name is one nobody finds."""
    named = {name for _, rows in make_site.navigation() for _, name in rows} | {"index.md"}
    named |= {name for folder in ("rules", "rules/behaviour", "adr") for _, name in make_site.folder_pages(folder)}
    assert {make_site.place(page) for page in make_site.DOCS.rglob("*.md")} <= named


def test_a_link_to_what_the_site_has_not_is_an_error() -> None:
    """The build tells of a page that leads out of the docs to where the site cannot follow."""
    with pytest.raises(ValueError, match=r"index\.md.*\.\./Makefile"):
        make_site.staged(make_site.DOCS / "index.md", "[how](../Makefile)")
