"""Who needs whom in a link, and how each was found: the edges of a dependency graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from muslint.loader.search import reserved_family
from muslint.loader.target import Link, Search


class Needed(NamedTuple):
    """One object needs a name."""

    name: str  # as DT_NEEDED has it
    path: str | None  # the file that serves; None where none does
    needed_by: str | None  # None: preloaded
    how: str  # where it was found, or the loader's words why not


def needed(link: Link, shown: Callable[[str], str]) -> Iterator[Needed]:
    """Every edge of a link in load order, with paths as people are shown them.

    A name is looked up once for a process, whoever needs it again (musl ``load_library`` by short name), and
    the C library's names are never looked up.
    """
    found = {search.name: search for search in reversed(link.searches)}
    libc = next((mapped.path for mapped in link.scope if mapped.is_libc), None)
    taken = {mapped.path for mapped in link.scope if mapped.assumed}

    def edge(name: str, needed_by: str | None) -> Needed:
        search = found.get(name)
        if search is None:
            path = libc if reserved_family(name) or name == "libc.so" else None
            how = "the C library itself" if path else "loaded under another name"
        elif search.attempts and search.attempts[-1].error == 0:
            path, how = search.outcome, _origin(search, shown)
        else:
            path, how = None, search.outcome
        if path in taken:
            how += ", exports not known"
        return Needed(name, shown(path) if path else None, shown(needed_by) if needed_by else None, how)

    for search in link.searches:
        if search.needed_by is None:
            yield edge(search.name, None)
    for mapped in link.scope:
        for name in dict.fromkeys(mapped.object.needed) if mapped.object is not None and not mapped.is_libc else ():
            yield edge(name, mapped.path)


def _origin(search: Search, shown: Callable[[str], str]) -> str:
    """Which list held the file; the last word of an origin is a path."""
    origin = search.attempts[-1].origin
    head, of, path = origin.partition(" of ")
    return f"{head}{of}{shown(path)}"
