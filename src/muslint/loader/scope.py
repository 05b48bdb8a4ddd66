"""Which objects are loaded, in which order (musl ``load_library``, ``load_preload``, ``load_deps``)."""

from __future__ import annotations

import errno
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from muslint.elf.object import ET_DYN, PT_LOAD, ElfObject
from muslint.loader.bind import Exports, References
from muslint.loader.search import (
    NAME_MAX,
    Stopped,
    directory_of,
    expand_origin,
    reserved_family,
    search,
    system_path,
)
from muslint.loader.target import STRERROR, Attempt, Listed, Message, Opened, Search, Tree

PAGE = 4096


class LoaderKilled(Exception):
    """The loader itself would die of a signal here."""

    def __init__(self, number: int) -> None:
        self.number = number


@dataclass(slots=True)
class Facts:
    """An object with what binding needs of it, computed once and shared by all links."""

    object: ElfObject
    exports: Exports
    references: References
    residual: dict[bool, tuple[frozenset[str], frozenset[str]]] = field(default_factory=dict)
    """(PLT names, other names) that neither the object itself nor libc gives, by "libc is in scope"."""
    reports: dict[tuple[str, frozenset[str], frozenset[str], frozenset[str]], tuple[Message, ...]] = field(
        default_factory=dict
    )
    """Error lines by path and missing names (see `relocate.failures`)."""


@dataclass(slots=True, eq=False)
class Loaded:
    """One object in the chain: musl's ``struct dso``."""

    name: str  # the path it was opened by
    canonical: str
    facts: Facts | None  # None for libc itself, and for a file known only by name
    needed_by: Loaded | None
    shortname: str | None = None
    is_libc: bool = False
    origin: str | None = None  # directory for $ORIGIN, when it is not that of `name`
    rpath: str | None = None
    deps: list[Loaded] = field(default_factory=list)
    runtime: bool = False  # loaded by dlopen
    leans: bool = False  # on a library that is known only by name

    def __post_init__(self) -> None:
        """Expand the rpath: RUNPATH replaces RPATH, one unknown ``$`` voids it all."""
        if self.facts is not None:
            obj = self.facts.object
            raw = obj.rpath if obj.runpath is None else obj.runpath
            if raw is not None:
                self.rpath = raw if "$" not in raw else expand_origin(raw, self.origin or directory_of(self.name))


Accept = Callable[[Opened], "Facts | int"]
"""Reads a file as `map_library` would: its facts, or the error number it is refused with."""


@dataclass(slots=True)
class Chain:
    """The objects of one process, growing as names are loaded."""

    tree: Tree
    accept: Accept
    arch: str
    loader_name: str  # what the loader calls itself: PT_INTERP, or its own path
    library_path: str = ""
    errno: int = 0
    objects: list[Loaded] = field(default_factory=list)
    listed: list[Listed] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    searches: list[Search] = field(default_factory=list)
    runtime: bool = False
    _libc: Loaded | None = None
    _by_name: dict[str, Loaded] = field(default_factory=dict)
    _by_identity: dict[Hashable, Loaded] = field(default_factory=dict)
    _reported: set[str] = field(default_factory=set)
    _system_path: str | None = None
    _fixed: list[tuple[int, int]] = field(default_factory=list)

    @property
    def libc(self) -> Loaded | None:
        """libc, once something needed it; its symbols are in scope only then."""
        return self._libc

    def start(self, program: Loaded) -> None:
        """Put the main program at the head of the chain."""
        self.objects.append(program)
        if program.facts is not None:
            self._claim(program.facts.object)

    def _itself(self) -> Loaded:
        if self._libc is None:
            self._libc = Loaded(self.loader_name, self.loader_name, None, None, "libc.so", is_libc=True)
            self.objects.append(self._libc)
        return self._libc

    def load(self, name: str, needed_by: Loaded | None) -> Loaded | None:
        """Find and add the library called ``name``; None, with `errno` set, when that fails."""
        if not name:
            self.errno = errno.EINVAL
            return None
        family = reserved_family(name)
        if family is not None and family not in self._reported:
            self._reported.add(family)
            if not self.runtime:
                self.listed.append(Listed(name, self.loader_name))
        if family is not None or name == self.loader_name:
            return self._itself()
        if "/" in name:
            found = self.tree.open(name)
            if isinstance(found, int):
                self.errno = found
                self._note(name, needed_by, [Attempt(name, "as given", found)], STRERROR.get(found, str(found)))
                return None
            return self._add(name, name, found, needed_by)
        if (known := self._by_name.get(name)) is not None:
            return known
        if name == "libc.so" and self._libc is not None:
            return self._libc
        if len(name.encode("utf-8", "surrogateescape")) > NAME_MAX:
            return None
        attempts: list[Attempt] = []
        hit = self._search(name, needed_by, attempts)
        self._note(name, needed_by, attempts, hit[0] if hit else STRERROR.get(self.errno, str(self.errno)))
        return self._add(name, hit[0], hit[1], needed_by) if hit else None

    def _note(self, name: str, needed_by: Loaded | None, attempts: list[Attempt], outcome: str) -> None:
        self.searches.append(Search(name, needed_by.name if needed_by else None, tuple(attempts), outcome))

    def _search(self, name: str, needed_by: Loaded | None, attempts: list[Attempt]) -> tuple[str, Opened] | None:
        """Library path, then rpaths from the requester up to the program, then the system path."""
        try:
            hit = self._try(name, self.library_path, "library path", attempts) if self.library_path else None
            requester = needed_by
            while hit is None and requester is not None:
                if requester.rpath:
                    hit = self._try(name, requester.rpath, f"rpath of {requester.name}", attempts)
                requester = requester.needed_by
            return hit or self._try(name, self._system(), "system path", attempts)
        except Stopped:
            return None

    def _try(self, name: str, path: str, origin: str, attempts: list[Attempt]) -> tuple[str, Opened] | None:
        before = len(attempts)
        try:
            return search(self.tree, name, path, origin, attempts)
        finally:
            for attempt in attempts[before:]:
                self.errno = attempt.error or self.errno  # a later success does not reset errno

    def _system(self) -> str:
        if self._system_path is None:
            self._system_path, error = system_path(self.tree, self.loader_name, self.arch)
            if error:
                self.errno = error
        return self._system_path

    def _add(self, name: str, path: str, found: Opened, needed_by: Loaded | None) -> Loaded | None:
        known = self._by_identity.get(found.identity)
        if known is not None:
            if known.shortname is None and path != name:
                self._shorten(known)
            if found.data is not None:
                found.data.close()
            return known
        facts = self._map(found)
        if isinstance(facts, int):
            self.errno = facts
            return None
        if facts is not None and not facts.exports.searchable:
            raise LoaderKilled(11)
        if facts is not None and {"__libc_start_main", "stdin"} <= facts.exports.defined:
            return self.load("libc.so", needed_by)  # some libc, musl's own file or glibc's: never a second one
        added = Loaded(path, found.path, facts, needed_by, runtime=self.runtime)
        self._by_identity[found.identity] = added
        if path != name:
            self._shorten(added)
        self.objects.append(added)
        if facts is not None:
            self._claim(facts.object)
        if not self.runtime:
            self.listed.append(Listed(name, path))
        return added

    def _shorten(self, loaded: Loaded) -> None:
        loaded.shortname = loaded.name.rpartition("/")[2]
        self._by_name.setdefault(loaded.shortname, loaded)

    def _map(self, found: Opened) -> Facts | int | None:
        if found.data is None and found.object is None and not found.directory:
            return None  # known only by name
        facts = self.accept(found)
        if not isinstance(facts, int) and facts.object.ident.type != ET_DYN and self._overlaps(facts.object):
            return errno.EBUSY
        return facts

    def _span(self, obj: ElfObject) -> tuple[int, int]:
        loads = [s for s in obj.segments if s.type == PT_LOAD]
        low = min((s.vaddr for s in loads), default=0) & -PAGE
        return low, max((s.vaddr + s.memsz for s in loads), default=0)

    def _claim(self, obj: ElfObject) -> None:
        if obj.ident.type != ET_DYN:
            self._fixed.append(self._span(obj))

    def _overlaps(self, obj: ElfObject) -> bool:
        low, high = self._span(obj)
        return low > 0 and any(low < other_high and other_low < high for other_low, other_high in self._fixed)

    def preload(self, names: str) -> None:
        """Load LD_PRELOAD items; those that cannot be found or mapped are passed over in silence."""
        for name in names.replace(":", " ").split():
            self.load(name, None)

    def load_dependencies(self, first: Loaded) -> None:
        """Load DT_NEEDED breadth-first from ``first`` on; a missing one is reported and passed over."""
        index = self.objects.index(first)
        while index < len(self.objects):
            loaded = self.objects[index]
            index += 1
            if loaded.facts is None or loaded.deps:
                continue
            if index == 1:
                loaded.deps.extend(self.objects[1:])  # preloads are the program's first dependencies
            for name in loaded.facts.object.needed:
                dependency = self.load(name, loaded)
                if dependency is None:
                    text = STRERROR.get(self.errno, str(self.errno))
                    line = f"Error loading shared library {name}: {text} (needed by {loaded.name})"
                    self.messages.append(Message(line, "library", loaded.name, name, self.errno))
                else:
                    loaded.deps.append(dependency)
