"""musl's dynamic loader as a function: from a file and a tree to what it would print and do.

`MuslLoader.list` is ``ld-musl-ARCH.so.1 --list FILE``; `MuslLoader.start` is the kernel starting a
program; `MuslLoader.open` is ``dlopen``. Source: musl ``ldso/dynlink.c``, releases 1.1.19 to 1.2.6.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from muslint.elf.dynamic import read as read_dynamic
from muslint.elf.header import MAGIC
from muslint.elf.machine import word
from muslint.elf.object import ET_DYN, ET_EXEC, PT_LOAD, STB_LOCAL, ElfObject
from muslint.errors import MalformedElf
from muslint.libc.musl import release_key
from muslint.loader.bind import exports, references
from muslint.loader.relocate import (
    Missing,
    check_searchable,
    every_failure,
    failures,
    missing,
    writes_read_only,
)
from muslint.loader.scope import PAGE, Chain, Facts, Loaded, LoaderKilled
from muslint.loader.search import directory_of
from muslint.loader.target import STRERROR, Link, Listed, Mapped, Message, Opened, Tree

if TYPE_CHECKING:
    from muslint.elf.object import Reader
    from muslint.libc.model import LibcModel

Lines = list[str]
"""Error lines as printed."""

FAILED, NOT_STARTED = 127, 1
"""Exit codes of the loader: errors while loading, and a file it cannot load at all."""

_SIGSEGV = 11


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
        self._facts: dict[Hashable, Facts | int] = {}

    def accept(self, found: Opened) -> Facts | int:
        """Read a file as ``map_library`` maps it: its facts, or the error number it is refused with."""
        known = self._facts.get(found.identity)
        if known is None:
            known = self._facts[found.identity] = self._map(found)
        if found.data is not None:
            found.data.close()
        return known

    def _map(self, found: Opened) -> Facts | int:
        if found.object is not None:
            return self.facts(found.object)
        if found.directory or found.data is None:
            return errno.EISDIR
        try:
            head = found.data.at(0, 20)
            # Class and byte order are not checked by musl, but the header then reads as nonsense.
            if head[:4] != MAGIC or head[4:6] != bytes((self.bits // 32, 1 if self.little else 2)):
                return errno.ENOEXEC
            if int.from_bytes(head[16:18], "little" if self.little else "big") not in (ET_EXEC, ET_DYN):
                return errno.ENOEXEC
            obj = self._reader(found.data, found.path)
        except MalformedElf:
            return errno.ENOEXEC
        return self.facts(obj)

    def facts(self, obj: ElfObject) -> Facts | int:
        """What binding needs of ``obj``, or the error number musl refuses it with."""
        if not obj.has_dynamic:
            return errno.ENOEXEC
        if not self.model.zero_length_load and _has_empty_load(obj):
            return errno.EINVAL
        facts = Facts(obj, exports(obj), references(obj, self.model.relocations, self.local_is_final))
        obj.symbols.forget()
        return facts

    def remember(self, identity: Hashable, obj: ElfObject) -> None:
        """Take an object that was read already for the file of this identity, so that it is read once."""
        if identity not in self._facts:
            self._facts[identity] = self.facts(obj)

    def list(self, path: str, *, library_path: str = "", preload: str = "", repeats: bool = False) -> Link:
        """What ``LOADER --list PATH`` prints, line for line, and its exit code.

        ``repeats`` asks for the error lines as printed: one a relocation entry, not one a cause.
        """
        found = self.tree.open(path)
        if isinstance(found, int):
            text = f"{self.path}: cannot load {path}: {STRERROR.get(found, str(found))}"
            return _not_started(path, Message(text, "program", path, number=found))
        facts = self.accept(found)
        if isinstance(facts, int):
            return _not_started(path, Message(f"{self.path}: {path}: Not a valid dynamic program", "program", path))
        name = facts.object.mapped_interpreter or self.path
        chain = Chain(self.tree, self.accept, self.arch, name, library_path)
        chain.listed.append(Listed(name, None))
        program = Loaded(path, found.path, facts, None)
        return self._run(path, chain, program, preload, repeats)

    def start(self, path: str, *, library_path: str = "", preload: str = "", loader_name: str | None = None) -> Link:
        """What happens after the kernel has mapped program ``path`` and started this loader.

        The program's ``$ORIGIN`` is the directory of its real path (``/proc/self/exe``). A stub such
        as gcompat's starts the loader under a ``loader_name`` of its own, which a NEEDED entry may spell.
        """
        found = self.tree.open(path)
        facts = self.accept(found) if not isinstance(found, int) else found
        if isinstance(facts, int) or isinstance(found, int):
            text = f"{path}: {STRERROR.get(facts if isinstance(facts, int) else 0, 'cannot be read')}"
            return _not_started(path, Message(text, "program", path))
        name = loader_name or facts.object.interpreter or self.path
        chain = Chain(self.tree, self.accept, self.arch, name, library_path)
        program = Loaded(path, found.path, facts, None, origin=directory_of(found.path))
        return self._run(path, chain, program, preload, False)

    def open(
        self, program: str | None, library: str, *, lazy: bool = False, library_path: str = "", preload: str = ""
    ) -> Link:
        """What ``dlopen(library)`` does in a process that runs ``program``.

        ``program`` None stands for a host of which only libc is known. All failures are told, though
        ``dlopen`` itself gives up at the first. With ``lazy`` (RTLD_LAZY) what is put off until it is
        called is in `Link.deferred`. The requester is the program: the caller's rpath is not read.
        """
        found = self.tree.open(program) if program is not None else 0
        facts = self.accept(found) if isinstance(found, Opened) else None
        name = facts.object.interpreter or self.path if isinstance(facts, Facts) else self.path
        chain = Chain(self.tree, self.accept, self.arch, name, library_path)
        if isinstance(facts, Facts) and isinstance(found, Opened) and program is not None:
            chain.start(Loaded(program, found.path, facts, None, origin=directory_of(found.path)))
            chain.preload(preload)
            chain.load_dependencies(chain.objects[0])
        else:
            chain.start(Loaded("", "", None, None, is_libc=True))
            chain.load("libc.so", None)
        started = len(chain.objects)
        chain.listed.clear()
        chain.messages.clear()
        chain.runtime = True
        return self._open(chain, library, started, lazy)

    def _open(self, chain: Chain, library: str, started: int, lazy: bool) -> Link:
        status = 0
        deferred: Sequence[Message] = ()
        try:
            top = chain.load(library, chain.objects[0])
            if top is None:
                text = f"Error loading shared library {library}: {STRERROR.get(chain.errno, str(chain.errno))}"
                chain.messages.append(Message(text, "library", "", library, chain.errno))
            elif top in chain.objects[started:]:
                chain.load_dependencies(top)
                for loaded in chain.objects[started:]:
                    if loaded.facts is not None:
                        before = len(chain.messages)
                        self._relocate(chain, loaded, None)
                        chain.messages.extend(self._thread_local(chain, loaded))
                        if lazy and not loaded.facts.object.bind_now:
                            new = chain.messages[before:]
                            deferred = (*deferred, *(m for m in new if m.reference in ("PLT", "GOT")))
                            chain.messages[before:] = [m for m in new if m.reference not in ("PLT", "GOT")]
            status = FAILED if chain.messages else 0
        except LoaderKilled as killed:
            status = -killed.number
        return replace(self._link(library, status, chain, None), deferred=tuple(dict.fromkeys(deferred)))

    def _thread_local(self, chain: Chain, loaded: Loaded) -> Iterator[Message]:
        """Initial-exec references of an opened object to thread-local storage that came with dlopen.

        There is no room left in the static block by then, so each is fatal (musl ``do_relocs``).
        """
        facts = loaded.facts
        if facts is None or not facts.references.thread_local:
            return
        symbols = facts.object.symbols
        for _, handled, _, index in facts.references.order:
            if handled not in ("TPOFF", "TPOFF_NEG"):
                continue
            local = index == 0 or symbols.infos[index] >> 4 == STB_LOCAL
            name = symbols.names[index] if index else "(null)"
            owner = loaded if local else self._definer(chain, name)
            if owner is not None and owner.runtime and owner.facts is not None and owner.facts.object.tls is not None:
                text = (
                    f"Error relocating {loaded.name}: {name}: initial-exec TLS "
                    f"resolves to dynamic definition in {owner.name}"
                )
                yield Message(text, "tls", loaded.name, name, reference=handled)

    def _definer(self, chain: Chain, name: str) -> Loaded | None:
        """The first object of the scope that gives ``name``."""
        for loaded in chain.objects:
            if loaded.facts is not None and name in loaded.facts.exports.defined:
                return loaded
            if loaded is chain.libc and name in self.model.exports:
                return loaded
        return None

    def _run(self, path: str, chain: Chain, program: Loaded, preload: str, repeats: bool) -> Link:
        lines: list[str] = []
        try:
            chain.start(program)
            if preload:
                chain.preload(preload)
            chain.load_dependencies(program)
            lines.extend(message.text for message in chain.messages)
            for loaded in [*chain.objects[1:], program]:
                if loaded.is_libc and program.facts is not None and not program.facts.exports.searchable:
                    raise LoaderKilled(_SIGSEGV)  # libc's own references are looked up again, from the program on
                if loaded.facts is not None:
                    self._relocate(chain, loaded, lines if repeats else None)
            status = FAILED if chain.messages else 0
        except LoaderKilled as killed:
            status = -killed.number
        return self._link(path, status, chain, tuple(lines) if repeats else None)

    def _relocate(self, chain: Chain, loaded: Loaded, lines: Lines | None) -> None:
        scope, model = chain.objects, self.model
        assert loaded.facts is not None
        check_searchable(scope, loaded)
        if writes_read_only(loaded.facts):
            raise LoaderKilled(_SIGSEGV)
        lacking = missing(loaded, scope, model, chain.libc is not None)
        unseen = tuple(o for o in scope if o.facts is None and not o.is_libc)
        if lacking and unseen:
            lacking = self._lean(loaded, lacking, unseen)
        if not lacking and not loaded.facts.references.unsupported:
            return
        chain.messages.extend(failures(loaded, lacking))
        if lines is not None:
            lines.extend(every_failure(loaded, lacking))

    def _lean(self, loaded: Loaded, lacking: Missing, unseen: tuple[Loaded, ...]) -> Missing:
        """Take out what libraries known only by name are taken to give, and remember who leans on them."""
        assert loaded.facts is not None
        obj, sonames = loaded.facts.object, tuple(o.name.rpartition("/")[2] for o in unseen)
        left = [frozenset(n for n in names if not self.assume(obj, n, sonames)) for names in lacking]
        if left != list(lacking):
            loaded.leans = True
        return Missing(*left)

    def _link(self, path: str, status: int, chain: Chain, repeats: tuple[str, ...] | None) -> Link:
        messages: dict[str, Message] = {}
        for message in chain.messages:
            messages.setdefault(message.text, message)
        scope = tuple(
            Mapped(
                o.name, o.canonical, o.facts.object if o.facts else None, o.is_libc, o.facts is None and not o.is_libc
            )
            for o in chain.objects
        )
        leaning = any(o.leans for o in chain.objects)
        assumed = tuple(o.path for o in scope if o.assumed) if leaning else ()
        return Link(
            path, status, tuple(chain.listed), tuple(messages.values()), scope,
            tuple(chain.searches), assumed, repeats=repeats,
        )  # fmt: skip


def _anything(_obj: ElfObject, _name: str, _sonames: tuple[str, ...]) -> bool:
    return True


def _not_started(path: str, message: Message) -> Link:
    return Link(path, NOT_STARTED, (), (message,), (), (), repeats=(message.text,))


def _has_empty_load(obj: ElfObject) -> bool:
    """A PT_LOAD of no length on a page boundary: mmap refuses it (EINVAL) before musl 1.2.3."""
    loads = [s for s in obj.segments if s.type == PT_LOAD]
    lowest = min((s.vaddr & -PAGE for s in loads), default=0)
    return any(s.memsz == 0 and s.vaddr % PAGE == 0 and s.vaddr & -PAGE != lowest for s in loads)
