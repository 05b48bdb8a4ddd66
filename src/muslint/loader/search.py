"""Which file satisfies a name (musl ``load_library``, ``path_open``, ``fixup_rpath``).

musl looks in one list after another and takes the first file that opens, whatever is in it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from muslint.loader.target import Attempt, Opened, Tree

RESERVED = ("c", "pthread", "rt", "m", "dl", "util", "xnet")
"""Families that musl itself stands for: ``lib`` + family + ``.`` + anything."""

NAME_MAX = 255
CANDIDATE_MAX = 511
"""Longest path a search can build, in bytes: the buffer is ``2*NAME_MAX+2``."""

DEFAULT_PATH = "/lib:/usr/local/lib:/usr/lib"
_GOES_ON = frozenset((errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ENAMETOOLONG))


@lru_cache(maxsize=4096)
def reserved_family(name: str) -> str | None:
    """The family of a name that is musl itself (``libm.so.6`` → ``m``), None for any other."""
    if name.startswith("lib"):
        family, dot, _ = name[3:].partition(".")
        if dot and family in RESERVED:
            return family
    return None


def path_entries(path: str) -> Iterator[str]:
    """The directories of a search path. Only ``:`` and newline separate; empty ones are dropped."""
    return (entry for entry in path.replace("\n", ":").split(":") if entry)


def expand_origin(rpath: str, origin: str) -> str | None:
    """An rpath with ``$ORIGIN`` and ``${ORIGIN}`` put in; None when any other ``$`` makes it void.

    ``origin`` is the directory. musl matches the token by prefix and drops the whole rpath of
    an object for one ``$LIB`` (musl ``fixup_rpath``).
    """
    if "$" not in rpath:
        return rpath
    pieces = rpath.split("$")
    for piece in pieces[1:]:
        if not piece.startswith(("ORIGIN", "{ORIGIN}")):
            return None
    expanded = (origin + piece[8 if piece[0] == "{" else 6 :] for piece in pieces[1:])
    return pieces[0] + "".join(expanded)


def directory_of(path: str) -> str:
    """The part of a path before its last slash, ``.`` without one; not made canonical."""
    head, slash, _ = path.rpartition("/")
    return head if slash else "."


class Outcome(NamedTuple):
    """What came of looking for a name in the directories of one path."""

    path: str  # what was opened; empty when nothing was
    file: Opened | None
    attempts: tuple[Attempt, ...]
    errno: int  # what it leaves behind: the last error, 0 when there was none
    stops: bool  # an error ends the whole search (musl ``path_open`` returning -2)


class Searches:
    """Searches in one tree, remembered: link after link asks for the same names."""

    __slots__ = ("_known", "_system", "tree")

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._known: dict[tuple[str, str, str], Outcome] = {}
        self._system: dict[str, tuple[str, int]] = {}

    def search(self, name: str, path: str, origin: str) -> Outcome:
        """The first file called ``name`` in the directories of ``path`` that opens; ``origin`` says whose they are."""
        known = self._known.get((name, path, origin))
        if known is None:
            known = self._known[name, path, origin] = _search(self.tree, name, path, origin)
        return known

    def system_path(self, loader_name: str, arch: str) -> tuple[str, int]:
        """`system_path`, read once for each name the loader goes by."""
        known = self._system.get(loader_name)
        if known is None:
            known = self._system[loader_name] = system_path(self.tree, loader_name, arch)
        return known


def _search(tree: Tree, name: str, path: str, origin: str) -> Outcome:
    attempts: list[Attempt] = []
    error = 0
    for entry in path_entries(path):
        candidate = f"{entry}/{name}"
        if _longer(candidate, CANDIDATE_MAX):
            continue
        found = tree.open(candidate)
        if not isinstance(found, int):
            attempts.append(Attempt(candidate, origin, 0))
            return Outcome(candidate, found, tuple(attempts), error, False)
        error = found
        attempts.append(Attempt(candidate, origin, found))
        if found not in _GOES_ON:
            return Outcome("", None, tuple(attempts), error, True)
    return Outcome("", None, tuple(attempts), error, False)


def too_long(name: str) -> bool:
    """Whether musl refuses to search for a name for its length."""
    return _longer(name, NAME_MAX)


def _longer(text: str, limit: int) -> bool:
    """Whether ``text`` has more than ``limit`` bytes; UTF-8 has at most four to a character."""
    return len(text) > limit // 4 and len(text.encode("utf-8", "surrogateescape")) > limit


def system_path(tree: Tree, loader_name: str, arch: str) -> tuple[str, int]:
    """The system search path, and the error number that reading the path file left behind, 0 for none.

    The file is ``PREFIX/etc/ld-musl-ARCH.path``, PREFIX being the loader's name without its last
    two components. Only a file that does not exist leaves the default; one that cannot be read
    means that nothing is searched.
    """
    prefix = ""
    if loader_name.startswith("/"):
        prefix = loader_name.rpartition("/")[0].rpartition("/")[0]
    found = tree.open(f"{prefix}/etc/ld-musl-{arch}.path")
    if isinstance(found, int):
        return (DEFAULT_PATH if found == errno.ENOENT else ""), found
    if found.directory or found.data is None:
        return "", errno.EISDIR
    text = found.data.at(0, found.data.size).split(b"\0", 1)[0]
    found.data.close()
    return text.decode("utf-8", "surrogateescape"), 0
