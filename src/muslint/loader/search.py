"""Which file satisfies a name (musl ``load_library``, ``path_open``, ``fixup_rpath``).

musl looks in one list after another and takes the first file that opens, whatever is in it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Protocol

from muslint.loader.target import Attempt, Opened, Tree

RESERVED = ("c", "pthread", "rt", "m", "dl", "util", "xnet")
"""Families that musl itself stands for: ``lib`` + family + ``.`` + anything."""

NAME_MAX = 255
CANDIDATE_MAX = 511
"""Longest path a search can build, in bytes: the buffer is ``2*NAME_MAX+2``."""

DEFAULT_PATH = "/lib:/usr/local/lib:/usr/lib"
_GOES_ON = frozenset((errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ENAMETOOLONG))


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


class Stopped(Exception):
    """A search that must not go on: ``open`` failed for a reason other than "not here"."""

    def __init__(self, number: int) -> None:
        self.number = number


def search(tree: Tree, name: str, path: str, origin: str, attempts: list[Attempt]) -> tuple[str, Opened] | None:
    """The first file called ``name`` in the directories of ``path`` that opens.

    Adds to ``attempts`` what was tried. Raises Stopped when an error ends the whole search
    (musl ``path_open`` returning -2).
    """
    for entry in path_entries(path):
        candidate = f"{entry}/{name}"
        if len(candidate) > CANDIDATE_MAX or (
            not candidate.isascii() and len(candidate.encode("utf-8", "surrogateescape")) > CANDIDATE_MAX
        ):
            continue
        found = tree.open(candidate)
        if not isinstance(found, int):
            attempts.append(Attempt(candidate, origin, 0))
            return candidate, found
        attempts.append(Attempt(candidate, origin, found))
        if found not in _GOES_ON:
            raise Stopped(found)
    return None


class Requester(Protocol):
    """An object whose rpath a search reads."""

    name: str
    rpath: str | None
    needed_by: Requester | None


def system_path(tree: Tree, loader_name: str, arch: str) -> tuple[str, int | None]:
    """The system search path, and the error number that reading the path file left behind.

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
    return text.decode("utf-8", "surrogateescape"), None
