"""What is known of one host."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Host:
    """A program that loads plugins and gives them names of its own."""

    id: str  # kebab-case
    title: str
    prefixes: tuple[str, ...]  # of the names it gives
    lazy: bool  # opens plugins with RTLD_LAZY: a name missing in a call fails only when called
    entry_points: tuple[str, ...] = ()  # prefixes of names a plugin of it exports
    suffixes: tuple[str, ...] = ()  # of a plugin's file name
    names: frozenset[str] = frozenset()  # further names it gives, whole
    packages: tuple[str, ...] = ()  # kinds of packages whose plugins are its
    loads: tuple[str, ...] = ()  # sonames of its own libraries that are loaded before any plugin
    brings: tuple[str, ...] = ()  # Alpine packages of libraries that it is linked with itself
    exported: tuple[str, ...] = ()
    """Directories, as seen from that of what it ``loads``, that its launcher built for musl puts before whatever
    LD_LIBRARY_PATH says."""

    def library_path(self, loaded: str) -> str:
        """What its launcher built for musl puts into LD_LIBRARY_PATH when it loads the library at path ``loaded``."""
        return ":".join(posixpath.normpath(f"{posixpath.dirname(loaded)}/{way}") for way in self.exported)

    def gives(self, name: str) -> bool:
        """Whether ``name`` belongs to this host's API."""
        return name.startswith(self.prefixes) or name in self.names

    def reach(self, name: str) -> int:
        """How many characters of ``name`` say that it is this host's: 0 where nothing does."""
        if name in self.names:
            return len(name)
        return max((len(prefix) for prefix in self.prefixes if name.startswith(prefix)), default=0)


def nearest(path: str, others: Iterable[str]) -> str:
    """Of several paths, one at least, the one that has the most leading directories in common with ``path``; the first
    by its text where several have as many."""

    def shared(other: str) -> int:
        pairs = zip(path.split("/")[:-1], other.split("/")[:-1])
        return next((n for n, (one, its) in enumerate(pairs) if one != its), min(path.count("/"), other.count("/")))

    return min(others, key=lambda other: (-shared(other), other))
