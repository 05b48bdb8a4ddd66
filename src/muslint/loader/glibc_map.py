"""Which objects are loaded, under which names, in which order (glibc ``dl-load.c``, ``dl-object.c``)."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import StrEnum

from muslint.elf.object import DT_FLAGS_1, ElfObject
from muslint.loader.glibc_bind import GlibcFacts
from muslint.loader.glibc_rtld import Rtld
from muslint.loader.glibc_search import (
    Fault,
    GlibcSearches,
    Outcome,
    directories,
    directory_of,
    expand,
    rpath_directories,
)
from muslint.loader.target import Attempt, Message, Opened, Search

DF_1_NOOPEN, DF_1_NODEFLIB = 0x40, 0x800

STRERROR = {
    1: "Operation not permitted",
    2: "No such file or directory",
    5: "Input/output error",
    12: "Cannot allocate memory",
    13: "Permission denied",
    22: "Invalid argument",
}
"""The texts ``ld.so`` itself has for error numbers (``dl-minimal.c``); any other is ``Error N``."""


def strerror(number: int) -> str:
    """The loader's text for an error number."""
    return STRERROR.get(number, f"Error {number}")


class Mode(StrEnum):
    """What the loader is doing, and whether it gives up at the first failure as the real one does."""

    TRACE = "trace"  # ldd: a library that is not found is written down
    START = "start"
    START_ALL = "start-all"
    OPEN = "open"  # dlopen
    OPEN_ALL = "open-all"


class Fatal(Exception):
    """The loader gives up here: with a line and an exit status, or by a signal (a negative status)."""

    def __init__(self, message: Message | None, status: int = 127) -> None:
        super().__init__(message.text if message else status)
        self.message, self.status = message, status


@dataclass(slots=True, eq=False)
class LinkMap:
    """One loaded object: glibc's ``struct link_map``."""

    name: str  # l_name: the path it was opened by; empty for the program
    names: list[str]  # l_libname: what it was asked for as
    facts: GlibcFacts | None
    loader: LinkMap | None  # l_loader: the object that needed it first
    canonical: str = ""
    origin: str = "/"
    program: bool = False
    missing: bool = False  # l_faked: stands for a library that was not found (only while tracing)
    itself: bool = False  # the dynamic linker
    deps: list[LinkMap] | None = None  # l_initfini without itself
    highest: int | None = None  # version indexes above are read from beyond the table (see `glibc_versions`)
    assumed: bool = False  # known only by name
    leans: bool = False  # on a library that is known only by name
    reserved: bool = field(default=False)

    @property
    def object(self) -> ElfObject | None:
        """The ELF object, None for one that was not found and for the kernel's own."""
        return self.facts.object if self.facts is not None else None

    def is_called(self, name: str) -> bool:
        """Whether it goes by this name (``_dl_name_match_p``); its soname counts once it was asked for by it."""
        return name == self.name or name in self.names

    def answers(self, name: str) -> bool:
        """Whether a request for ``name`` gets it: by a name it has, or by DT_SONAME, which then is one."""
        if self.missing:
            return False
        if self.is_called(name):
            return True
        obj = self.object
        if obj is None or obj.soname != name:
            return False
        self.names.append(name)
        return True


Accept = Callable[[Opened, bool], "GlibcFacts | Fault | None"]
"""Maps a file: its facts, what is wrong with it, or None for a file known only by name. True for the program."""


@dataclass(slots=True, eq=False)
class Namespace:
    """The objects of one process (``_ns_loaded``), growing as names are loaded."""

    rtld: Rtld
    searching: GlibcSearches
    accept: Accept
    argv0: str  # the program's name as typed: what the loader calls itself in its lines
    mode: Mode
    chain: list[LinkMap] = field(default_factory=list)
    library_path: tuple[str, ...] = ()
    searches: list[Search] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    deferred: dict[Message, None] = field(default_factory=dict)
    listed: bool | None = None
    """Whether a list is printed, or the words for a program that needs nothing; None when it did not come to that."""
    order: list[LinkMap] = field(default_factory=list)
    """The search list of the program: breadth-first, without what was not found."""
    _by_identity: dict[Hashable, LinkMap] = field(default_factory=dict)

    def shown(self, loaded: LinkMap | None) -> str:
        """What the loader calls an object in its lines (``DSO_FILENAME``)."""
        return (loaded.name if loaded is not None else "") or self.argv0

    def fail(self, kind: str, text: str, subject: str, number: int = 0, name: str = "") -> Fatal:
        """The loader's last words (``fatal_error``)."""
        cause = f": {strerror(number)}" if number else ""
        about = f"{subject}: " if subject else ""
        head = "" if self.opening else f"{self.argv0}: error while loading shared libraries: "
        return Fatal(Message(f"{head}{about}{text}{cause}", kind, subject, name, number))

    @property
    def opening(self) -> bool:
        """It is ``dlopen`` that goes on: a line is what ``dlerror`` gives."""
        return self.mode in (Mode.OPEN, Mode.OPEN_ALL)

    def load(self, name: str, needed_by: LinkMap | None) -> LinkMap:
        """Find and map the library called ``name`` (``_dl_map_object``); raises Fatal where the loader gives up."""
        for loaded in self.chain:
            if loaded.answers(name):
                return loaded
        outcome = self._search(name, needed_by)
        if outcome.file is None:
            return self._missing(name, needed_by, outcome)
        if outcome.fault is not None:
            return self._refuse(self._broken(outcome.path or name, name, outcome.fault), name, needed_by)
        return self._map(name, outcome.path, outcome.file, needed_by)

    def _refuse(self, failure: Fatal, name: str, needed_by: LinkMap | None) -> LinkMap:
        """A library that is not loaded: the end, or one more line where all failures are wanted."""
        if self.mode not in (Mode.START_ALL, Mode.OPEN_ALL) or failure.message is None or needed_by is None:
            try:
                raise failure
            finally:
                del failure  # a failure leads to this frame; the frame is not to lead back
        self.messages.append(failure.message._replace(object=self.shown(needed_by)))
        return self._stand_in(name, needed_by)

    def _stand_in(self, name: str, needed_by: LinkMap) -> LinkMap:
        loaded = LinkMap(name, [name], None, needed_by, missing=True)
        self.chain.append(loaded)
        return loaded

    def _broken(self, path: str, name: str, fault: Fault) -> Fatal:
        if fault.signal:
            return Fatal(None, -fault.signal)
        return self.fail("library", fault.text, path, fault.number, name)

    def _missing(self, name: str, needed_by: LinkMap | None, outcome: Outcome) -> LinkMap:
        if self.mode is Mode.TRACE and needed_by is not None:
            return self._stand_in(name, needed_by)
        text, number = "cannot open shared object file", outcome.errno
        if outcome.other_class:
            text, number = f"wrong ELF class: ELFCLASS{96 - self.rtld.object.ident.bits}", 0
        return self._refuse(self.fail("library", text, name, number, name), name, needed_by)

    def _map(self, name: str, path: str, found: Opened, needed_by: LinkMap | None) -> LinkMap:
        known = self._by_identity.get(found.identity)
        if known is not None:
            if name not in known.names:
                known.names.append(name)
            return known
        facts = self.accept(found, False)
        if self.opening and isinstance(facts, GlibcFacts) and (facts.object.tag(DT_FLAGS_1) or 0) & DF_1_NOOPEN:
            facts = Fault("shared object cannot be dlopen()ed")
        if isinstance(facts, Fault):
            return self._refuse(self._broken(name, name, facts), name, needed_by)
        loaded = LinkMap(path, [name], facts, needed_by, found.path, directory_of(path), assumed=facts is None)
        self.chain.append(loaded)
        self._by_identity[found.identity] = loaded
        return loaded

    def move(self, filtee: LinkMap, before: LinkMap) -> None:
        """Put a filtee before the object that names it.

        What comes to stand before the program is out of the list's sight: it is not printed, not found by name and
        its versions are not checked.
        """
        if filtee in self.chain:
            self.chain.remove(filtee)
        if before in self.chain[1:]:
            self.chain.insert(self.chain.index(before), filtee)
            return
        filtee.highest = 0
        self._by_identity = {key: known for key, known in self._by_identity.items() if known is not filtee}

    # --- where a name is looked for -------------------------------------------------------------------------

    def _search(self, name: str, needed_by: LinkMap | None) -> Outcome:
        """All places in order; the first file that is not passed over ends the search."""
        if "/" in name:
            path = expand(name, needed_by.origin, self.rtld) if needed_by is not None else name
            outcome = self.searching.file(path, "as given")
            self._note(name, needed_by, outcome)
            return outcome
        last = Outcome("", None, None, 0, False, ())  # where nothing is tried, nothing is left in errno
        attempts: list[Attempt] = []
        other = False
        for outcome in self._places(name, needed_by):
            attempts += outcome.attempts
            other = other or outcome.other_class
            last = outcome
            if outcome.path:
                break
        last = last._replace(attempts=tuple(attempts), other_class=other)
        self._note(name, needed_by, last)
        return last

    def _note(self, name: str, needed_by: LinkMap | None, outcome: Outcome) -> None:
        shown = self.shown(needed_by) if needed_by is not None else None
        result = outcome.path or strerror(outcome.errno)
        self.searches.append(Search(name, shown, outcome.attempts, result))

    def _places(self, name: str, needed_by: LinkMap | None) -> list[Outcome]:
        found: list[Outcome] = []

        def done(outcome: Outcome | None) -> bool:
            if outcome is not None:
                found.append(outcome)
            return outcome is not None and bool(outcome.path)

        program, requester = self.chain[0] if self.chain else None, needed_by or (self.chain[0] if self.chain else None)
        in_directories = self.searching.in_directories
        obj = needed_by.object if needed_by is not None else None
        if obj is None or obj.runpath is None:
            for owner in self._rpath_owners(needed_by, program):
                path = self._rpath(owner)
                if path and done(in_directories(name, path, f"rpath of {self.shown(owner)}")):
                    return found
        if self.library_path and done(in_directories(name, self.library_path, "library path")):
            return found
        if needed_by is not None and obj is not None and obj.runpath is not None:
            path = rpath_directories(obj.runpath, needed_by.origin, self.rtld)
            if path and done(in_directories(name, path, f"runpath of {self.shown(needed_by)}")):
                return found
        own = requester.object if requester is not None else None
        nodeflib = own is not None and bool((own.tag(DT_FLAGS_1) or 0) & DF_1_NODEFLIB)
        if done(self.searching.in_cache(name, self.rtld.directories if nodeflib else ())):
            return found
        if not nodeflib:
            done(in_directories(name, self.rtld.directories, "system path"))
        return found

    def _rpath_owners(self, needed_by: LinkMap | None, program: LinkMap | None) -> list[LinkMap]:
        """The requester, the object that needed that, and so on up; the program in any case."""
        owners = []
        owner = needed_by
        while owner is not None:
            owners.append(owner)
            owner = owner.loader
        if program is not None and program not in owners:
            owners.append(program)
        return owners

    def _rpath(self, owner: LinkMap) -> tuple[str, ...]:
        obj = owner.object
        if obj is None or obj.rpath is None or obj.runpath is not None:
            return ()  # an object with DT_RUNPATH has no DT_RPATH
        return rpath_directories(obj.rpath, owner.origin, self.rtld)


def library_path(value: str, origin: str, rtld: Rtld) -> tuple[str, ...]:
    """The directories of LD_LIBRARY_PATH: colons and semicolons separate, an empty value names none."""
    return directories(value, ":;", origin, rtld) if value else ()
