"""The page of a rule: the text people read beside a finding, and where it stands."""

from __future__ import annotations

import os
import re
from functools import lru_cache

_FOLDERS = ("", "behaviour")
_LINK = re.compile(r"\[(?P<text>[^\[\]]+)\]\((?P<goal>[^)\s]+)\)")


def _pages() -> str:
    """The folder of the pages: in the package as it is installed, in the documentation of a checkout."""
    here = os.path.dirname(os.path.abspath(__file__))
    installed = os.path.join(here, "pages")
    return installed if os.path.isdir(installed) else os.path.join(here, "..", "..", "..", "docs", "rules")


@lru_cache(maxsize=256)
def _found(rule: str) -> tuple[str, str]:
    for folder in _FOLDERS:
        place = f"{folder}/{rule}.md".lstrip("/")
        try:
            with open(os.path.join(_pages(), place), encoding="utf-8") as stream:
                return place, stream.read()
        except OSError:
            continue
    return f"{rule}.md", ""


def page(rule: str) -> str:
    """The Markdown page of a rule, by its id; empty where there is none."""
    return _found(rule)[1]


def elsewhere(rule: str, documentation: str | None) -> str:
    """The page for readers who do not have the others beside it.

    Links to them lead to the site below ``documentation``; without one they are only their text.
    """
    place, text = _found(rule)

    def led(match: re.Match[str]) -> str:
        path, hash_, anchor = match["goal"].partition("#")
        if ":" in path:
            return match[0]
        goal = os.path.normpath(os.path.join("rules", os.path.dirname(place), path)) if path else f"rules/{place}"
        if documentation is None or goal.startswith(".."):  # what lies outside the documentation has no page there
            return match["text"]
        site = re.sub(r"README\.md$", "index.md", goal).removesuffix(".md")
        return f"[{match['text']}]({documentation.rstrip('/')}/{site}.html{hash_}{anchor})"

    return _LINK.sub(led, text)


def link(rule: str, documentation: str | None) -> str | None:
    """The address of the page of a rule below ``documentation``, the address of a published site; None without one."""
    if documentation is None:
        return None
    return f"{documentation.rstrip('/')}/rules/{_found(rule)[0].removesuffix('.md')}.html"
