"""A source opened: its file tree, the ELF files in it, and what could not be read.

``open_source`` finds the kind by content. Each kind is one module with a constant ``SOURCES``.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol

from muslint.elf.object import Readable
from muslint.errors import UnreadableSource
from muslint.sources.bytes import digest
from muslint.sources.labels.label import Claim
from muslint.sources.limits import Limits
from muslint.sources.tree import Tree

MOUNT = "/@source"
"""Where a source that is not a whole file system hangs in the target's tree."""


NO_KIND = "neither an ELF file, a directory, nor an archive or image that muslint knows"
"""What is said of a source of no known kind."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was not looked at, and why."""

    path: str
    reason: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of an image."""

    index: int  # from 1, the lowest
    digest: str  # "sha256:…" of the layer as it is stored
    created_by: str  # the instruction that made it, from the history; "" when the image does not say
    diff_id: str = ""  # "sha256:…" of the layer unpacked: the same whatever it is compressed with


@dataclass(frozen=True, slots=True)
class Member:
    """One ELF file of a source."""

    path: str  # in the source's own tree, from its root
    display: str  # as people are shown it
    parents: tuple[str, ...] = ()  # what it lies in, outermost first: image › layer › wheel
    layer: Layer | None = None  # of an image: the layer that added it
    mode: int = 0  # permission bits; 0 where nothing says them


@dataclass(frozen=True, slots=True)
class Image:
    """What the configuration of an image says."""

    platform: str  # "linux/arm64/v8"
    layers: tuple[Layer, ...]
    command: tuple[str, ...]  # entrypoint and cmd: what is started
    environment: tuple[tuple[str, str], ...]
    directory: str  # where it is started
    user: str = ""  # whom it runs as; "" is root
    tags: tuple[str, ...] = ()  # what it is called


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What the user asked about, or an archive inside it, ready to be looked at."""

    name: str  # as the user wrote it
    kind: str  # "file", "directory", "root", "zip" …
    tree: Tree
    members: tuple[Member, ...]
    skipped: tuple[Skipped, ...] = ()
    closed: bool = False  # a whole file system: nothing comes from elsewhere
    shown: tuple[tuple[str, str], ...] = field(default=())
    """(prefix in the tree, what people are shown instead), longest first."""
    parents: tuple[str, ...] = ()  # itself and what it lies in, outermost first; empty for what is no archive
    installs: bool = False  # a system package: its files are put into ``/``
    claims: tuple[Claim, ...] = ()  # what its labels say of its ELF files
    inner: tuple[Source, ...] = ()  # the archives in it, each a place of its own
    image: Image | None = None

    @property
    def mount(self) -> str:
        """Where the source's root hangs in the target's tree."""
        return "" if self.closed or self.installs else MOUNT

    def places(self, root: Source | None = None) -> Iterator[tuple[Source, Source | None]]:
        """Itself and every archive inside it, each with the whole file system it lies in, if it lies in one."""
        yield self, root
        for inside in self.inner:
            yield from inside.places(self if self.closed else root)

    def display(self, path: str) -> str:
        """A path of the target's tree as people are shown it."""
        if not path.startswith(MOUNT):
            return path
        inside = path[len(MOUNT) :]
        for prefix, instead in self.shown:
            if inside.startswith(prefix):
                return instead + inside[len(prefix) :]
        return inside


def nested(source: str, parents: tuple[str, ...], path: str) -> str:
    """A path as people are shown it, with what it lies in: ``app.tar › lib.jar › libx.so``.

    The source itself is left out: the report names it once.
    """
    return " › ".join((*(parents[1:] if parents[:1] == (source,) else parents), path))


def read_at_all(found: Source, path: str) -> Source:
    """The source; raises UnreadableSource when nothing of it could be read."""
    if not found.members and not found.inner and [item.path for item in found.skipped] == [found.name]:
        raise UnreadableSource(f"{path}: {found.skipped[0].reason}")
    return found


def bytes_of(source: Source, member: Member) -> Readable | None:
    """The bytes of a member; None where they cannot be had."""
    found = source.tree.open(member.path)
    return None if isinstance(found, int) else found.data


def hung(source: Source) -> Source:
    """A whole file system that is asked about on another target: it hangs in that like any directory."""
    members = tuple(replace(member, display=member.path[1:]) for member in source.members)
    return replace(source, members=members, closed=False)


def basenames(source: Source) -> dict[str, tuple[str, ...]]:
    """File name → where in the target's tree the source has it."""
    found: dict[str, list[str]] = {}
    for member in source.members:
        found.setdefault(member.path.rpartition("/")[2], []).append(source.mount + member.path)
    return {name: tuple(paths) for name, paths in found.items()}


def shared(source: Source) -> dict[str, dict[str, list[list[Any]]]]:
    """Path of each member whose content stands elsewhere too → where to keep what is found in the content.

    Files with several names (hard links), and copies: of one size, and equal byte for byte (by BLAKE2b).
    """
    names: dict[Hashable, list[str]] = {}
    sizes: dict[int, list[Hashable]] = {}
    for member in source.members:
        found = source.tree.open(member.path)
        if isinstance(found, int) or found.data is None:
            continue
        if found.identity not in names:
            sizes.setdefault(found.data.size, []).append(found.identity)
        names.setdefault(found.identity, []).append(member.path)
    same: dict[Hashable, list[str]] = {}
    for files in sizes.values():
        alone = len(files) == 1
        for identity in files:
            paths = names[identity]
            key = identity if alone else content_of(source, paths[0]) or identity
            same.setdefault(key, []).extend(paths)
    several = [paths for paths in same.values() if len(paths) > 1]
    places: list[dict[str, list[list[Any]]]] = [{} for _ in several]
    return {path: place for paths, place in zip(several, places, strict=True) for path in paths}


def content_of(source: Source, path: str) -> str | None:
    """A name for the content of a member; None where it cannot be read to its end."""
    found = source.tree.open(path)
    return None if isinstance(found, int) or found.data is None else digest(found.data)


class Format(Protocol):
    """One kind of source.

    It may have ``file(path)``, the part of what follows its scheme that is a path (``PATH:TAG``), and
    ``elsewhere = True`` when what it names is no path of this machine.
    """

    scheme: str
    order: int

    def accepts(self, path: str, scheme: str | None) -> bool:
        """Whether ``path`` is of this kind, by its content or by the scheme the user wrote."""
        ...

    def open(self, path: str, name: str, limits: Limits) -> Source:
        """Open it; raises UnreadableSource. What goes beyond ``limits`` is a Skipped of the source."""
        ...


def formats() -> list[Format]:
    """Every kind of source, most particular first."""
    import muslint.sources as package

    found: list[Format] = []
    for module in iter_modules(package.__path__):
        found.extend(getattr(import_module(f"muslint.sources.{module.name}"), "SOURCES", ()))
    return sorted(found, key=lambda kind: kind.order)


def open_source(spec: str, limits: Limits | None = None) -> Source:
    """Open ``PATH`` or ``scheme:PATH``; without a scheme the kind is found by content.

    Raises UnreadableSource when it does not exist, cannot be read, or is of no kind muslint knows.
    """
    if ":" not in spec and spec != "-":
        from muslint.sources.file import FileSource

        _check_ordinary(spec)
        # Most are one ELF file: what opens archives and images is not even imported for it.
        if FileSource().accepts(spec, None):
            return FileSource().open(spec, spec, limits or Limits())
    known = formats()
    scheme, colon, rest = spec.partition(":")
    named = scheme if colon and any(kind.scheme == scheme for kind in known) else None
    path = rest if named else spec
    for kind in known:
        if getattr(kind, "elsewhere", False) and kind.accepts(path, named):
            return kind.open(path, spec, limits or Limits())
    tagged = next((kind for kind in known if kind.scheme == named), None)
    if colon and named is None and re.fullmatch(r"[a-z][a-z0-9+.-]+", scheme) and not os.path.lexists(spec):
        schemes = ", ".join(sorted({f"{kind.scheme}:" for kind in known if kind.scheme not in ("", "stdin")}))
        raise UnreadableSource(f"{spec}: no such file, and no scheme is called {scheme}: there are {schemes}")
    _check_ordinary(getattr(tagged, "file", str)(path))
    for kind in known:
        if kind.accepts(path, named):
            return kind.open(path, spec, limits or Limits())
    raise UnreadableSource(f"{path}: {NO_KIND}")


def _check_ordinary(path: str) -> None:
    """Raise UnreadableSource for what is not there, and for what may block or has no bytes of its own."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        dangling = os.path.islink(path) and isinstance(error, FileNotFoundError)
        why = os.strerror(error.errno or 0).lower() if isinstance(error, OSError) else str(error)
        raise UnreadableSource(f"{path}: {'a link to nothing' if dangling else why}") from None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UnreadableSource(f"{path}: neither a regular file nor a directory")
    if not os.access(path, os.R_OK | (os.X_OK if stat.S_ISDIR(mode) else 0)):
        raise UnreadableSource(f"{path}: permission denied")
