"""What a loader finds around it: a file tree, and the results it hands on."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import NamedTuple

from muslint.elf.object import ElfObject
from muslint.sources.tree import Opened as Opened
from muslint.sources.tree import Tree as Tree

FAILED, NOT_STARTED = 127, 1
"""Exit codes of the loader: errors while loading, and a file it cannot load at all."""

STRERROR = {
    0: "No error information",
    errno.ENOENT: "No such file or directory",
    errno.ENXIO: "No such device or address",
    errno.ENOEXEC: "Exec format error",
    errno.EACCES: "Permission denied",
    errno.EBUSY: "Resource busy",
    errno.ENOTDIR: "Not a directory",
    errno.EISDIR: "Is a directory",
    errno.EINVAL: "Invalid argument",
    errno.ENAMETOOLONG: "Filename too long",
    errno.ELOOP: "Symbolic link loop",
    errno.EIO: "I/O error",
    errno.EPERM: "Operation not permitted",
}
"""musl's own texts for the error numbers a load can meet (musl ``src/errno/__strerror.h``)."""


class Attempt(NamedTuple):
    """One path a search tried."""

    path: str
    origin: str  # which list it came from: "library path", "rpath of /usr/bin/x", "system path"
    error: int  # 0 when it opened


class Search(NamedTuple):
    """How one name was looked for, and what came of it."""

    name: str
    needed_by: str | None
    attempts: tuple[Attempt, ...]
    outcome: str  # path found, or the error text


class Message(NamedTuple):
    """One line the loader prints to stderr, with the facts it was made from."""

    said: str  # the line; "" for musl's about a symbol that is not found: thousands are held, and few are read
    kind: str  # "library", "symbol", "type", "tls", "program"
    object: str  # the object the line is about, as the loader names it
    name: str = ""  # library or symbol
    number: int = 0  # errno, or relocation type
    reference: str = ""  # relocation class: PLT, GOT, SYMBOLIC, COPY …

    @property
    def text(self) -> str:
        """The line."""
        return self.said or f"Error relocating {self.object}: {self.name}: symbol not found"


class Listed(NamedTuple):
    """One stdout line of ``ldd``: ``\\tNAME => PATH``; the first has no path."""

    name: str
    path: str | None


class Mapped(NamedTuple):
    """One object in the global scope after loading, in load order."""

    path: str  # as the loader names it
    canonical: str  # its path in the tree, symbolic links resolved
    object: ElfObject | None  # None for the C library itself, and for a file only known by name
    is_libc: bool
    assumed: bool = False  # its exports are not known, so it is taken to give whatever is asked


@dataclass(frozen=True, slots=True)
class Link:
    """What the loader does with one root object."""

    path: str
    exit: int  # 0, 127, 1; minus the signal number where the loader itself dies
    listed: tuple[Listed, ...]
    messages: tuple[Message, ...]  # each distinct line once, in the order first printed
    scope: tuple[Mapped, ...]
    searches: tuple[Search, ...]
    assumed: tuple[str, ...] = ()
    """Objects whose exports are not known and that were taken to give what nothing else did."""
    deferred: tuple[Message, ...] = ()
    """Names a lazy dlopen leaves unresolved: calling one kills the process."""
    repeats: tuple[str, ...] | None = None
    """Every error line as printed, repeats included; only when asked for."""
    missing: tuple[str, ...] = ()
    """glibc: the names ``ldd`` lists as ``not found``, once for each request."""
    printed: tuple[str, ...] | None = None
    """glibc: the lines of ``ldd`` on stdout, those of missing libraries among them, without addresses."""
    killed: tuple[str, str] | None = None
    """musl: the object that the loader dies of, and why (`muslint.loader.scope.Death`)."""

    @property
    def errors(self) -> tuple[str, ...]:
        """The distinct error lines."""
        return tuple(message.text for message in self.messages)
