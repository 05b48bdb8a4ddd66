"""musl's dynamic loader as a function: from a file and a tree to what it would print and do.

`MuslLoader.list` is ``ld-musl-ARCH.so.1 --list FILE``; `MuslLoader.start` is the kernel starting a
program; `MuslLoader.open` is ``dlopen``. Source: musl ``ldso/dynlink.c``, releases 1.1.19 to 1.2.6.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from muslint.elf.dynamic import read as read_dynamic
from muslint.elf.header import PAGE
from muslint.elf.machine import word
from muslint.elf.object import ET_DYN, ET_EXEC, PT_LOAD, ElfObject
from muslint.errors import MalformedElf
from muslint.libc.musl import release_key
from muslint.loader.bind import exports, references
from muslint.loader.held import Held
from muslint.loader.mapped import cut_short, listed_name, read_as_mapped
from muslint.loader.opened import dlopen, link
from muslint.loader.reclaim import after_reclaiming, dies_reclaiming
from muslint.loader.relocate import (
    Missing,
    Needs,
    Scope,
    check_searchable,
    every_failure,
    failures,
    until_death,
)
from muslint.loader.scope import SIGSEGV, Chain, Death, Facts, Loaded, LoaderKilled
from muslint.loader.search import CANDIDATE_MAX, Searches, directory_of
from muslint.loader.target import FAILED, NOT_STARTED, STRERROR, Link, Listed, Message, Opened, Tree
from muslint.loader.written import Pages, clears_read_only, loads_of

if TYPE_CHECKING:
    from muslint.elf.object import Readable, Reader
    from muslint.libc.model import LibcModel
    from muslint.loader.bind import Exports

Lines = list[str]
"""Error lines as printed."""

MOST_HELD = 64 << 20
"""Bytes: see `MuslLoader.most_held`."""


class MuslLoader:
    """The loader of one target: its C library, its file tree, and all objects read so far."""

    def __init__(self, tree: Tree, model: LibcModel, path: str | None = None, reader: Reader | None = None) -> None:
        """``path`` is where the loader lies in the tree, ``/lib/ld-musl-ARCH.so.1`` unless told."""
        self.tree, self.model, self.arch = tree, model, model.arch
        self.path = path or f"/lib/ld-musl-{model.arch}.so.1"
        self.bits, self.little = word(model.arch)
        self.local_is_final = release_key(model.version) >= (1, 1, 24)
        self._reader = reader or read_dynamic
        self.assume: Callable[[ElfObject, str, tuple[str, ...]], bool] = _anything
        """Whether libraries known only by name (their sonames) may be taken to give a name to an object."""
        self._held: Held[Facts | int] = Held()
        self.most_held = MOST_HELD
        """About how many bytes of facts it keeps between links."""
        self._elder: MuslLoader | None = None
        self._searches = Searches(tree)

    def accept(self, found: Opened) -> Facts | int:
        """Read a file as ``map_library`` maps it: its facts, or the error number it is refused with."""
        known = self._held.taken(found.identity)
        if known is None:
            known = self._map(found)
        self._held.keep(found.identity, known, self.most_held)
        if found.data is not None:
            found.data.close()
        return known

    def learn_from(self, other: MuslLoader) -> None:
        """Take over what another loader has read of the same files, so that they are not read again."""
        if other._held is self._held:
            return
        if other.model == self.model:  # of a root it is read anew for each change to it
            self._held = other._held
        else:
            self._elder = other

    def recall(self, found: Opened, obj: ElfObject, given: Exports) -> None:
        """Take over an object that was read already from ``found``, and what it exports."""
        if found.identity not in self._held:
            self._held.keep(found.identity, self.facts(obj, given, _cut(found, obj)), self.most_held)

    def is_itself(self, found: Opened | int) -> bool:
        """Whether a file of the tree is the loader's own: the model, never a subject."""
        itself = self.tree.open(self.path)
        return isinstance(found, Opened) and isinstance(itself, Opened) and itself.identity == found.identity

    def forget(self, most: int) -> None:
        """From now on keep ``most`` bytes of facts, and let go what is more."""
        self.most_held = most
        self._held.bound(most)

    def _map(self, found: Opened) -> Facts | int:
        if found.object is not None:
            return self.facts(found.object)
        known = self._elder._held.get(found.identity) if self._elder is not None else None
        if isinstance(known, Facts):
            return self.facts(known.object, known.exports, _cut(found, known.object))
        if found.directory or found.data is None:
            return errno.EISDIR
        obj = self._read(found.data, found.path)
        return obj if isinstance(obj, int) else self.facts(obj, size=_cut(found, obj))

    def _read(self, data: Readable, path: str) -> ElfObject | int:
        """The object, read plainly where the file is sound, else as `read_as_mapped` says musl takes it."""
        try:
            obj = self._reader(data, path)
        except MalformedElf:
            return read_as_mapped(self._reader, data, path, self.bits, self.little)
        ident = obj.ident
        if (ident.bits, ident.little) != (self.bits, self.little) or cut_short(obj.segments, data.size):
            return read_as_mapped(self._reader, data, path, self.bits, self.little)
        return obj if ident.type in (ET_EXEC, ET_DYN) else errno.ENOEXEC

    def facts(self, obj: ElfObject, given: Exports | None = None, size: int | None = None) -> Facts | int:
        """What binding needs of ``obj``, or the error number musl refuses it with, or minus the signal it dies of.

        ``given`` is what it exports, where that is known; ``size`` that of a file that is cut short.
        """
        if not obj.has_dynamic:
            return errno.ENOEXEC
        if not self.model.zero_length_load and _has_empty_load(obj):
            return errno.EINVAL
        if clears_read_only(loads_of(obj.segments)):
            return -SIGSEGV
        reclaiming = dies_reclaiming(obj, self.model.version, size=size)
        facts = Facts(obj, given or exports(obj), _astray(obj, size), reclaiming)
        left = after_reclaiming(obj, self.model.version)
        if left is not obj:
            facts.left = Facts(left, facts.exports, _astray(left, size))
        facts.size += 150 * len(self._needs(facts, True).references)
        return facts

    def _needs(self, facts: Facts, with_libc: bool) -> Needs:
        """What an object needs of others; worked out once."""
        known = facts.needs.get(with_libc)
        if known is None:
            wanted = references(facts.object, facts.exports, self.model, self.local_is_final, with_libc)
            known = facts.needs[with_libc] = Needs(wanted, facts.serial)
            facts.object.forget()
        return known

    def remember(self, found: Opened, obj: ElfObject) -> None:
        """Take an object that was read already from ``found``, so that it is read once.

        A file cut short is not taken: `accept` reads it as it would be mapped.
        """
        short = found.data is not None and cut_short(obj.segments, found.data.size)
        if found.identity not in self._held and not short:
            self._held.keep(found.identity, self.facts(obj), self.most_held)

    def list(self, path: str, *, library_path: str = "", preload: str = "", repeats: bool = False) -> Link:
        """What ``LOADER --list PATH`` prints, line for line, and its exit code.

        ``repeats`` asks for the error lines as printed: one a relocation entry, not one a cause.
        """
        found = self.tree.open(path)
        if isinstance(found, int):
            text = f"{self.path}: cannot load {path}: {STRERROR.get(found, str(found))}"
            return _not_started(path, Message(text, "program", path, number=found))
        facts = self.accept(found)
        if isinstance(facts, int) and facts < 0:
            return Link(path, facts, (), (), (), (), repeats=(), killed=(path, Death.CLEARED))
        if isinstance(facts, int):
            return _not_started(path, Message(f"{self.path}: {path}: Not a valid dynamic program", "program", path))
        name = listed_name(facts.object, found.data)
        if name is None:
            name = self.path
        chain = self._chain(name, library_path)
        chain.listed.append(Listed(name, None))
        program = Loaded(path, found.path, facts.at_start(), None)
        if facts.reclaiming:
            chain.start(program)
            chain.killed = path, Death.RECLAIMED
            return link(path, -facts.reclaiming, chain, () if repeats else None)
        return self._run(path, chain, program, preload, repeats)

    def _chain(self, loader_name: str, library_path: str, secure: bool = False) -> Chain:
        if self._searches.tree is not self.tree:
            self._searches = Searches(self.tree)
        return Chain(self._searches, self.accept, self.arch, loader_name, library_path, secure)

    def start(
        self,
        path: str,
        *,
        library_path: str = "",
        preload: str = "",
        loader_name: str | None = None,
        secure: bool = False,
    ) -> Link:
        """What happens after the kernel has mapped program ``path`` and started this loader.

        The program's ``$ORIGIN`` is the directory of its real path (``/proc/self/exe``). A stub such
        as gcompat's starts the loader under a ``loader_name`` of its own, which a NEEDED entry may spell.
        ``secure`` (AT_SECURE: set-user-ID, file capabilities) ignores library path and preloads, the
        program's rpath if it has ``$ORIGIN``, and a library's if that was found by a relative path.
        """
        found = self.tree.open(path)
        facts = self.accept(found) if not isinstance(found, int) else found
        if isinstance(facts, int) and facts < 0:
            return Link(path, facts, (), (), (), (), killed=(path, Death.CLEARED))
        if isinstance(facts, int) or isinstance(found, int):
            text = f"{path}: {STRERROR.get(facts if isinstance(facts, int) else 0, 'cannot be read')}"
            return _not_started(path, Message(text, "program", path))
        name = loader_name or facts.object.interpreter or self.path
        chain = self._chain(name, "" if secure else library_path, secure)
        program = _program(path, found, facts, secure)
        unrelocated = facts.left is not None and len(facts.left.object.relocations) < len(facts.object.relocations)
        if unrelocated or dies_reclaiming(facts.object, self.model.version, by_kernel=True):
            chain.start(program)
            chain.killed = path, Death.RECLAIMED
            return link(path, -SIGSEGV, chain, None)
        return self._run(path, chain, program, "" if secure else preload, False)

    def open(
        self,
        program: str | None,
        library: str,
        *,
        lazy: bool = False,
        first_only: bool = False,
        library_path: str = "",
        preload: str = "",
        loaded: Sequence[str] = (),
    ) -> Link:
        """What ``dlopen(library)`` does in a process that runs ``program``.

        ``program`` None stands for a host of which only libc is known, and what ``preload`` names. All
        failures are told unless ``first_only``: ``dlopen`` itself gives up at the first and leaves its
        line for ``dlerror``. With ``lazy`` (RTLD_LAZY) what is put off until it is called is in
        `Link.deferred`. The requester is the program: the caller's own rpath is not read.
        `Link.exit` is 0 where a handle comes back and 127 where not, as if it were a start. ``loaded`` is what a host
        has loaded before, by path and with RTLD_GLOBAL: its names are in scope, but musl knows it by its file alone
        (``load_library``): a needed name is searched for all the same.
        """
        found = self.tree.open(program) if program is not None else 0
        facts = self.accept(found) if isinstance(found, Opened) else None
        name = facts.object.interpreter or self.path if isinstance(facts, Facts) else self.path
        chain = self._chain(name, library_path)
        if isinstance(facts, Facts) and isinstance(found, Opened) and program is not None:
            chain.start(_program(program, found, facts, False))
        else:
            chain.start(Loaded("", "", None, None, is_libc=True))
            chain.load("libc.so", None)
        return dlopen(self, chain, library, preload, lazy, first_only, loaded)

    def _run(self, path: str, chain: Chain, program: Loaded, preload: str, repeats: bool) -> Link:
        lines: list[str] = []
        try:
            chain.start(program)
            if preload:
                chain.preload(preload)
            chain.load_dependencies(program)
            lines.extend(message.text for message in chain.messages)
            scope = Scope(chain.objects)
            for loaded in [*chain.objects[1:], program]:
                check_searchable(chain.objects, loaded)
                if loaded.facts is None:
                    continue
                needs, lacking = self.relocate(chain, scope, loaded)
                if lacking or needs.references.unsupported:
                    chain.messages.extend(failures(loaded, needs.references, lacking))
                    if repeats:
                        lines.extend(every_failure(loaded, needs.references, lacking))
                if lacking.fatal:
                    raise LoaderKilled(SIGSEGV, loaded.name, Death.WEAK_TLS)
            status = FAILED if chain.messages else 0
        except LoaderKilled as killed:
            chain.messages.extend(killed.lines)
            lines.extend(message.text for message in killed.lines)
            status, chain.killed = -killed.number, (killed.where, killed.why)
        return link(path, status, chain, tuple(lines) if repeats else None)

    def relocate(self, chain: Chain, scope: Scope, loaded: Loaded) -> tuple[Needs, Missing]:
        """Look up all that ``loaded`` refers to: what it needs, and what of that nothing gives.

        Raises LoaderKilled where the loader would die of it.
        """
        assert loaded.facts is not None
        needs = self._needs(loaded.facts, chain.libc is not None)
        lacking = needs.missing(scope)
        if lacking and scope.unseen:
            lacking = self._lean(loaded, lacking, scope.unseen)
        if loaded.facts.astray is not None:
            told, signal = until_death(loaded, needs.references, lacking)
            if signal:
                raise LoaderKilled(signal, loaded.name, Death.WEAK_TLS if lacking.fatal else Death.WRITTEN, told)
        return needs, lacking

    def _lean(self, loaded: Loaded, lacking: Missing, sonames: tuple[str, ...]) -> Missing:
        """Take out what libraries known only by name are taken to give, and remember who leans on them."""
        assert loaded.facts is not None
        obj = loaded.facts.object
        left = [frozenset(n for n in names if not self.assume(obj, n, sonames)) for names in lacking]
        if left != list(lacking):
            loaded.leans = True
        return Missing(*left)


def _cut(found: Opened, obj: ElfObject) -> int | None:
    """The size of a file that does not hold all its segments."""
    return found.data.size if found.data is not None and cut_short(obj.segments, found.data.size) else None


def _astray(obj: ElfObject, size: int | None) -> Pages | None:
    mapping = Pages(obj, obj.textrel, size=size)
    return mapping if mapping.written_astray() else None


def _anything(_obj: ElfObject, _name: str, _sonames: tuple[str, ...]) -> bool:
    return True


def _program(path: str, found: Opened, facts: Facts, secure: bool) -> Loaded:
    """The program as the kernel maps it: its origin comes from ``/proc/self/exe`` (musl ``fixup_rpath``)."""
    untold = len(found.path.encode("utf-8", "surrogateescape")) > CANDIDATE_MAX
    return Loaded(path, found.path, facts.at_start(), None, origin=directory_of(found.path), no_origin=secure or untold)


def _not_started(path: str, message: Message) -> Link:
    return Link(path, NOT_STARTED, (), (message,), (), (), repeats=(message.text,))


def _has_empty_load(obj: ElfObject) -> bool:
    """A PT_LOAD of no length on a page boundary: mmap refuses it (EINVAL) before musl 1.2.3."""
    loads = [s for s in obj.segments if s.type == PT_LOAD]
    lowest = min((s.vaddr & -PAGE for s in loads), default=0)
    return any(s.memsz == 0 and s.vaddr % PAGE == 0 and s.vaddr & -PAGE != lowest for s in loads)
