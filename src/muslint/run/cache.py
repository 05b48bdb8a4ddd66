"""What was proved of a file, kept from one run to the next: who checks the same content again need not prove it again.

Each content has a file of its own, named by its digest, in a folder of what proved it: this code, these disassemblers.
Nothing in it is run; what is damaged, or cannot be read or written, is proved anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from typing import Any

Rows = list[list[Any]]
"""What a rule proved, as JSON has it: lists, texts, numbers and None."""

_DIGITS = 2
"""Digits of a digest that name a folder."""
_MOST = 256
"""Files in each of these folders: 65,536 in all, of which few take more than one block of the disk."""
_FORMER = 2
"""How many folders of other versions are left: two that take turns shall not undo each other's work."""
_DISASSEMBLERS = ("iced_x86", "capstone")


def users_cache() -> Cache | None:
    """The folder ``MUSLINT_CACHE_DIR``, or muslint's in the user's cache folder (XDG Base Directory Specification).

    None where the variable is empty, or the user has no home.
    """
    told = os.environ.get("MUSLINT_CACHE_DIR")
    if told is not None:
        return Cache(os.path.abspath(told)) if told else None
    base, home = os.environ.get("XDG_CACHE_HOME", ""), os.environ.get("HOME", "")
    if not os.path.isabs(base):
        if not os.path.isabs(home):
            return None
        base = os.path.join(home, ".cache")
    return Cache(os.path.join(base, "muslint"))


class Known:
    """What is known of one content. It is looked up when first asked for; ``at_hand`` is what this run found out.

    ``name`` gives the content's, None where it cannot be read. Without ``cache`` nothing is known of other runs.
    """

    __slots__ = ("_at_hand", "_cache", "_looked", "_name", "_named", "_new")

    def __init__(self, cache: Cache | None, name: Callable[[], str | None], at_hand: dict[str, Rows]) -> None:
        self._cache, self._named, self._at_hand = cache, name, at_hand
        self._name: str | None = None
        self._looked = self._new = False

    def get(self, key: str) -> Rows | None:
        """What was proved under a name; None where nothing is known."""
        if key not in self._at_hand and not self._looked and self._cache is not None:
            self._looked = True
            self._name = self._named()
            if self._name is not None:
                self._at_hand.update(self._cache.read(self._name))
        return self._at_hand.get(key)

    def __setitem__(self, key: str, rows: Rows) -> None:
        self._at_hand[key] = rows
        self._new = True

    def keep(self) -> None:
        """Write down what is new, for other runs."""
        if self._cache is not None and self._name is not None and self._new:
            self._cache.write(self._name, self._at_hand)
            self._new = False


class Cache:
    """A folder with what is known of many contents, each by its name: hexadecimal digits that differ from the first."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def read(self, name: str) -> dict[str, Rows]:
        """What is known of a content, by what it was proved under; nothing where there is no such file, or another."""
        if self._here is None:
            return {}
        try:
            with open(os.path.join(self._here, name[:_DIGITS], name[_DIGITS:]), "rb") as file:
                check, _, text = file.read().partition(b"\n")
        except OSError:
            return {}
        return json.loads(text) if check == _check(text) else {}

    def write(self, name: str, known: dict[str, Rows]) -> None:
        """Keep what is known of a content, in one step; the oldest are let go where there are many."""
        if self._here is None:
            return
        shard = os.path.join(self._here, name[:_DIGITS])
        unfinished = os.path.join(shard, f".{os.getpid()}")
        try:
            os.makedirs(shard, mode=0o700, exist_ok=True)
            text = json.dumps(known, separators=(",", ":"), sort_keys=True).encode()
            with open(unfinished, "wb") as file:
                file.write(_check(text) + b"\n" + text)
            os.replace(unfinished, os.path.join(shard, name[_DIGITS:]))
            _thin(shard)
        except OSError:
            with suppress(OSError):
                os.unlink(unfinished)

    @cached_property
    def _here(self) -> str | None:
        """The folder of this version; those of others are let go. None where it cannot be known."""
        mark = _version()
        if mark is None:
            return None
        here = os.path.join(self.folder, mark)
        if not os.path.isdir(here):
            with suppress(OSError):
                os.makedirs(here, mode=0o700, exist_ok=True)
                others = sorted((e for e in os.scandir(self.folder) if e.name != mark), key=_age, reverse=True)
                for other in others[_FORMER:]:
                    _remove(other.path)
        return here


def _check(text: bytes) -> bytes:
    """What a file begins with, to tell that it is whole."""
    from hashlib import blake2b

    return blake2b(text, digest_size=16).hexdigest().encode()


def _version() -> str | None:
    """A name for what proves: of each file of the code, and of the disassemblers, the size and when it was made."""
    from hashlib import blake2b
    from importlib.util import find_spec

    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    found = blake2b(digest_size=8)
    try:
        for path, size, when in sorted(_files(package)):
            found.update(f"{path[len(package) :]} {size} {when}\n".encode("utf-8", "surrogateescape"))
    except OSError:
        return None  # it lies in an archive
    for name in _DISASSEMBLERS:
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            with suppress(OSError):
                status = os.stat(spec.origin)
                found.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return found.hexdigest()


def _files(folder: str) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _files(entry.path)
            else:
                status = entry.stat()
                yield entry.path, status.st_size, status.st_mtime_ns


def _thin(shard: str) -> None:
    """Let the older half of a folder go where it is full."""
    with os.scandir(shard) as found:
        entries = list(found)
    if len(entries) > _MOST:
        for entry in sorted(entries, key=_age)[: len(entries) // 2]:
            os.unlink(entry.path)


def _age(entry: os.DirEntry[str]) -> int:
    return entry.stat().st_mtime_ns


def _remove(folder: str) -> None:
    """Remove a folder of another version, two levels deep; a link is not followed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _remove(entry.path)
            else:
                os.unlink(entry.path)
    os.rmdir(folder)
