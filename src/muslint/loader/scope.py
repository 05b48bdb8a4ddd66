"""Which objects are loaded, in which order (musl ``load_library``, ``load_preload``, ``load_deps``)."""

from __future__ import annotations

import errno
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

from muslint.elf.header import PAGE
from muslint.elf.object import ET_DYN, PT_LOAD, ElfObject
from muslint.loader.bind import Exports
from muslint.loader.search import Outcome, Searches, directory_of, expand_origin, reserved_family, too_long
from muslint.loader.target import STRERROR, Attempt, Listed, Message, Opened, Search

if TYPE_CHECKING:
    from muslint.loader.relocate import Needs
    from muslint.loader.written import Pages

LIBC_MARKS = frozenset({"__libc_start_main", "stdin"})
"""Names that together give away a libc, musl's or glibc's."""

SIGSEGV, SIGBUS = 11, 7
"""Signals the loader dies of."""


class Death(StrEnum):
    """Why the loader dies of an object."""

    CLEARED = "cleared"  # read-only pages are to be zeroed where the file ends
    NO_HASH = "no-hash"  # names are looked up where there is no table of them
    RECLAIMED = "reclaimed"  # what is given to malloc is not writable, or is the dynamic section
    WEAK_TLS = "weak-tls"  # a weak thread-local variable has no definition
    WRITTEN = "written"  # a relocation lies where nothing can be written


class LoaderKilled(Exception):
    """The loader itself would die of a signal here."""

    def __init__(self, number: int, where: str, why: Death, lines: tuple[Message, ...] = ()) -> None:
        """``where`` is the object's path; ``lines`` are those of the object that is being relocated."""
        self.number, self.where, self.why, self.lines = number, where, why, lines


class Facts:
    """An object with what binding needs of it, computed once and shared by all links."""

    _serials = count(1)

    def __init__(self, obj: ElfObject, exports: Exports, astray: Pages | None, reclaiming: int = 0) -> None:
        self.object, self.exports = obj, exports
        self.astray = astray
        """What is mapped of it, where some relocation lies beside that (`muslint.loader.written`)."""
        self.reclaiming = reclaiming
        """The signal the loader dies of giving what the mapping leaves unused to malloc (`muslint.loader.reclaim`)."""
        self.left: Facts | None = None
        """The same with what is left of the dynamic section, where the loader clears part of it when it is loaded at
        the start (`muslint.loader.reclaim.after_reclaiming`)."""
        self.serial = next(self._serials)
        """Tells this reading of the object from any other; never used again."""
        self.size = 2000 + 120 * (len(exports.own) - exports.own.count(0))
        """About how many bytes it takes."""
        self.needs: dict[bool, Needs] = {}
        """What it needs of others, by "libc is in scope"."""

    def at_start(self) -> Facts:
        """What is read of an object that is not loaded by ``dlopen``."""
        return self.left or self

    @cached_property
    def is_libc(self) -> bool:
        """It is some libc, musl's own file or glibc's (musl ``load_library``, "Avoid the danger of getting two")."""
        return self.exports.gives_all(LIBC_MARKS)


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
    no_origin: bool = False  # $ORIGIN is not known or not to be trusted: an rpath with one is void
    rpath: str | None = None
    deps: list[Loaded] = field(default_factory=list)
    runtime: bool = False  # loaded by dlopen
    leans: bool = False  # on a library that is known only by name

    def __post_init__(self) -> None:
        """Expand the rpath: RUNPATH replaces RPATH, one unknown ``$`` voids it all."""
        if self.facts is not None:
            obj = self.facts.object
            raw = obj.rpath if obj.runpath is None else obj.runpath
            if raw is not None and "$" not in raw:
                self.rpath = raw
            elif raw is not None and not self.no_origin:
                self.rpath = expand_origin(raw, directory_of(self.name) if self.origin is None else self.origin)


Accept = Callable[[Opened], "Facts | int"]
"""Reads a file as `map_library` would: its facts, or the error number it is refused with."""


@dataclass(slots=True, eq=False)
class Chain:
    """The objects of one process, growing as names are loaded."""

    searching: Searches
    accept: Accept
    arch: str
    loader_name: str  # what the loader calls itself: PT_INTERP, or its own path
    library_path: str = ""
    secure: bool = False  # AT_SECURE: set-user-ID and the like
    errno: int = 0
    objects: list[Loaded] = field(default_factory=list)
    listed: list[Listed] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    searches: list[Search] = field(default_factory=list)
    runtime: bool = False
    killed: tuple[str, Death] | None = None  # the object the loader died of, and why
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
            found = self.searching.tree.open(name)
            if isinstance(found, int):
                self.errno = found
                self._note(name, needed_by, (Attempt(name, "as given", found),), STRERROR.get(found, str(found)))
                return None
            return self._add(name, name, found, needed_by)
        if (known := self._by_name.get(name)) is not None:
            return known
        if name == "libc.so" and self._libc is not None:
            return self._libc
        if too_long(name):
            return None
        hit = self._search(name, needed_by)
        return self._add(name, hit.path, hit.file, needed_by) if hit.file is not None else None

    def _note(self, name: str, needed_by: Loaded | None, attempts: tuple[Attempt, ...], outcome: str) -> None:
        self.searches.append(Search(name, needed_by.name if needed_by else None, attempts, outcome))

    def _search(self, name: str, needed_by: Loaded | None) -> Outcome:
        """Library path, then rpaths from the requester up to the program, then the system path."""
        attempts: tuple[Attempt, ...] = ()
        for path, origin in self._paths(needed_by):
            outcome = self.searching.search(name, path, origin)
            attempts = attempts + outcome.attempts if attempts else outcome.attempts
            self.errno = outcome.errno or self.errno  # a later success does not reset errno
            if outcome.file is not None or outcome.stops:
                break
        self._note(name, needed_by, attempts, outcome.path or STRERROR.get(self.errno, str(self.errno)))
        return outcome

    def _paths(self, needed_by: Loaded | None) -> Iterator[tuple[str, str]]:
        if self.library_path:
            yield self.library_path, "library path"
        requester = needed_by
        while requester is not None:
            if requester.rpath:
                yield requester.rpath, f"rpath of {requester.name}"
            requester = requester.needed_by
        yield self._system(), "system path"

    def _system(self) -> str:
        """The system path; the path file is read when it is first needed, and what goes wrong stays in errno."""
        if self._system_path is None:
            self._system_path, error = self.searching.system_path(self.loader_name, self.arch)
            self.errno = error or self.errno
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
            raise LoaderKilled(SIGSEGV, path, Death.NO_HASH)
        if facts is not None and facts.is_libc:
            return self.load("libc.so", needed_by)  # never a second one
        if facts is not None and facts.reclaiming and not self.runtime:
            raise LoaderKilled(facts.reclaiming, path, Death.RECLAIMED)
        if facts is not None and not self.runtime:
            facts = facts.at_start()
        untrusted = self.secure and not path.startswith("/")
        added = Loaded(path, found.path, facts, needed_by, no_origin=untrusted, runtime=self.runtime)
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
        if isinstance(facts, int) and facts < 0:
            raise LoaderKilled(-facts, found.path, Death.CLEARED)
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
