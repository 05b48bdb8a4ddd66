"""The site in Chromium: nothing asked elsewhere, no complaint, nothing wider than a phone, colours that follow."""

import re
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tools import make_site

sync_api = pytest.importorskip("playwright.sync_api", reason="not checked here: playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="not checked here: chromium is not installed"),
    pytest.mark.skipif(find_spec("zensical") is None, reason="the site is not built here: zensical is not installed"),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PAGES = (
    "index.html", "start.html", "guide.html", "messages.html", "loader.html", "api.html", "proof.html", "gate.html",
    "rules/index.html", "rules/symbol-missing.html", "rules/behaviour/index.html",
    "rules/behaviour/iconv-translit-ignore.html", "witness/iconv-translit-ignore.html", "contributing.html",
)  # fmt: skip
"""One of each kind."""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: object) -> None:
        """Not a word."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the site is served, on this machine alone."""
    below = tmp_path_factory.mktemp("site")
    assert make_site.build(below) == 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(Path(below) / "site")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    with sync_api.sync_playwright() as play:
        running = play.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield running
        running.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_pages(browser: Any, address: str, scheme: str, width: int) -> None:
    """On a desk and on a phone."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.set_default_timeout(10_000)
    said: list[str] = []
    page.on("request", lambda asked: said.append(asked.url) if not asked.url.startswith((address, "data:")) else None)
    page.on("console", lambda line: said.append(line.text) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    for name in PAGES:
        page.goto(address + name)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{name} is {wider} pixels wider than the window"
    assert not said


def test_drawings_follow_the_colours(browser: Any, address: str) -> None:
    """The ink of a drawing is dark on light and light on dark."""
    seen = []
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto(address + "loader.html")
        seen.append(page.evaluate("getComputedStyle(document.querySelector('.drawing text')).fill"))
    assert len(set(seen)) == 2


def test_search(browser: Any, address: str) -> None:
    """What is typed is found, without a server of anybody's."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(20_000)
    page.goto(address + "index.html")
    page.get_by_role("button", name="Search").first.click()
    field = page.locator("input[placeholder='Search'], input[type='text'], input[type='search']").last
    field.wait_for()
    field.fill("initial-exec")
    page.get_by_text(re.compile(r"^[1-9]\d* results?$")).wait_for()
    field.fill("no such words anywhere, qzqzqz")
    page.get_by_text(re.compile(r"^[1-9]\d* results?$")).wait_for(state="detached")
