"""Which file satisfies a name (glibc ``dl-load.c``: ``open_path``, ``fillin_rpath``, ``_dl_dst_substitute``).

glibc looks in one list of directories after another. A file made for another class or machine is passed over,
anything else that is wrong with a file ends the program; see `muslint.loader.glibc_verify`.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from muslint.loader.glibc_cache import Cache, read_cache
from muslint.loader.glibc_rtld import Rtld
from muslint.loader.target import Attempt, Opened, Tree

_TOKEN = re.compile(r"\$(?:(ORIGIN|PLATFORM|LIB)(?![A-Za-z0-9_])|\{(ORIGIN|PLATFORM|LIB)\})")


def expand(text: str, origin: str, rtld: Rtld) -> str:
    """A path or a NEEDED name with ``$ORIGIN``, ``$LIB`` and ``$PLATFORM`` put in; other dollars stay."""
    if "$" not in text:
        return text
    values = {"ORIGIN": origin, "PLATFORM": rtld.platform, "LIB": rtld.library_token}
    return _TOKEN.sub(lambda match: values[match[1] or match[2]], text)


def directories(path: str, separators: str, origin: str, rtld: Rtld) -> tuple[str, ...]:
    """The directories of a search path, each with one slash at its end; an empty entry is the working directory."""
    found: dict[str, None] = {}
    for entry in re.split(f"[{separators}]", path):
        directory = expand(entry, origin, rtld)
        if entry and not directory:
            continue
        if directory:
            directory = (directory.rstrip("/") or "") + "/"
        found[directory] = None
    return tuple(found)


def directory_of(path: str) -> str:
    """The directory of a path as found, not made canonical; the root keeps its slash (``l_origin``)."""
    head = path.rpartition("/")[0] if path.startswith("/") else f"/{path}".rpartition("/")[0]
    return head or "/"


class Fault(NamedTuple):
    """What is wrong with a file that is not passed over (``open_verify``, ``_dl_map_object_from_fd``)."""

    text: str
    number: int = 0  # errno, put behind the text
    signal: int = 0  # reading the file kills the loader


class Outcome(NamedTuple):
    """What came of a search."""

    path: str  # as it was put together; empty when nothing was found
    file: Opened | None
    fault: Fault | None  # the file that was found ends the program
    errno: int  # what the search leaves behind
    other_class: bool  # a file of the other word size was passed over
    attempts: tuple[Attempt, ...]


Verify = Callable[[Opened], "Fault | bool | None"]
"""None for a file that may be loaded; else what is wrong, or whether the file passed over is of the other class."""


class GlibcSearches:
    """Searches in one tree for one loader, remembered: link after link asks for the same names."""

    def __init__(self, tree: Tree, rtld: Rtld, verify: Verify) -> None:
        self.tree, self.rtld, self._verify = tree, rtld, verify
        self._known: dict[tuple[str, tuple[str, ...], str], Outcome] = {}
        self._there: dict[str, tuple[str, ...]] = {}
        self._cache: Cache | None = None
        self._cache_read = False
        enotdir = {errno.ENOTDIR} if rtld.release >= (2, 37) else set()
        self._goes_on = frozenset({errno.ENOENT, errno.EACCES} | enotdir)

    @property
    def cache(self) -> Cache | None:
        """The ``ld.so.cache`` of the tree, read once."""
        if not self._cache_read:
            self._cache, self._cache_read = read_cache(self.tree, self.rtld), True
        return self._cache

    def in_directories(self, name: str, path: tuple[str, ...], origin: str) -> Outcome:
        """The first file called ``name`` in a list of directories; ``origin`` says whose list it is (``open_path``)."""
        key = name, path, origin
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._open_path(name, path, origin)
        return known

    def _open_path(self, name: str, path: tuple[str, ...], origin: str) -> Outcome:
        attempts: list[Attempt] = []
        number, other = 0, False
        for directory in path:
            existing = self._subdirectories(directory)
            for subdirectory in existing:
                outcome = self.file(f"{directory}{subdirectory}{name}", origin)
                attempts += outcome.attempts
                other = other or outcome.other_class
                if outcome.path:
                    return outcome._replace(attempts=tuple(attempts), other_class=other)
                number = outcome.errno
            if existing and number not in self._goes_on:
                break
            if not existing:
                # Not every tree shows its directories: the file itself decides.
                outcome = self.file(f"{directory}{name}", origin)
                attempts += outcome.attempts
                if outcome.path:
                    return outcome._replace(attempts=tuple(attempts), other_class=other)
                number = errno.ENOENT
        return Outcome("", None, None, number, other, tuple(attempts))

    def _subdirectories(self, directory: str) -> tuple[str, ...]:
        """Which of `Rtld.subdirectories` are there below a directory; all of them below a relative one."""
        if not directory.startswith("/"):
            return self.rtld.subdirectories
        known = self._there.get(directory)
        if known is None:
            wanted = self.rtld.subdirectories if self._is_directory(directory) else ()
            known = tuple(s for s in wanted if not s or self._is_directory(directory + s))
            self._there[directory] = known
        return known

    def _is_directory(self, path: str) -> bool:
        found = self.tree.open(path)
        return isinstance(found, Opened) and found.directory

    def file(self, path: str, origin: str) -> Outcome:
        """One candidate, opened and looked at (``open_verify``)."""
        found = self.tree.open(path) if path else errno.ENOENT
        if isinstance(found, int):
            return Outcome("", None, None, found, False, (Attempt(path, origin, found),))
        verdict = self._verify(found)
        if isinstance(verdict, bool):
            return Outcome("", None, None, errno.ENOENT, verdict, (Attempt(path, origin, errno.ENOEXEC),))
        return Outcome(path, found, verdict, 0, False, (Attempt(path, origin, 0),))

    def in_cache(self, name: str, without: tuple[str, ...]) -> Outcome | None:
        """The cache's file for a name, unless its path begins with one of ``without``; None where it has none."""
        path = self.cache.find(name, self.rtld) if self.cache is not None else None
        if path is None or path.startswith(without):
            return None
        return self.file(path, "ld.so.cache")


@lru_cache(maxsize=4096)
def rpath_directories(rpath: str, origin: str, rtld: Rtld) -> tuple[str, ...]:
    """The directories of a DT_RPATH or DT_RUNPATH; none for an empty one."""
    return directories(rpath, ":", origin, rtld) if rpath else ()
