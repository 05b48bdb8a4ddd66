"""The page of a rule: the text people read beside a finding, and where it stands."""

from __future__ import annotations

import os
from functools import lru_cache

_FOLDERS = ("", "behaviour")


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


def link(rule: str, documentation: str | None) -> str | None:
    """The address of the page of a rule below ``documentation``, the address of a published site; None without one."""
    if documentation is None:
        return None
    return f"{documentation.rstrip('/')}/rules/{_found(rule)[0].removesuffix('.md')}.html"
