"""``dlopen`` in a running process (musl ``dlopen``, and ``do_relocs`` with ``runtime`` set)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from muslint.elf.object import DF_1_NOW, DF_BIND_NOW, DT_BIND_NOW, DT_FLAGS, DT_FLAGS_1, STB_LOCAL, ElfObject
from muslint.loader.bind import STATIC_TLS
from muslint.loader.relocate import Missing, Needs, Scope, failing, failures
from muslint.loader.scope import SIGSEGV, Chain, Death, Loaded, LoaderKilled
from muslint.loader.target import FAILED, STRERROR, Link, Mapped, Message

if TYPE_CHECKING:
    from muslint.loader.musl import MuslLoader

DEFERRED = ("PLT", "GOT")
"""Relocation classes that RTLD_LAZY puts off when the name is not found."""


class _GaveUp(Exception):
    """``dlopen`` returned NULL."""


class _Opening:
    """One call of ``dlopen``; only lives inside `dlopen`."""

    def __init__(self, loader: MuslLoader, chain: Chain, first_only: bool) -> None:
        self.loader, self.chain, self.first_only = loader, chain, first_only
        self.started = len(chain.objects)
        self.deferred: dict[Message, None] = {}

    def fail(self, messages: Sequence[Message]) -> None:
        """Take lines down; the real call ends at the first."""
        self.chain.messages.extend(messages)
        if messages and self.first_only:
            raise _GaveUp

    def run(self, library: str, lazy: bool) -> None:
        chain = self.chain
        top = chain.load(library, chain.objects[0])
        if top is None:
            text = f"Error loading shared library {library}: {STRERROR.get(chain.errno, str(chain.errno))}"
            self.fail([Message(text, "library", "", library, chain.errno)])
            return
        new = chain.objects[self.started :]
        if top not in new:
            return  # loaded and relocated long ago
        chain.load_dependencies(top)
        if chain.messages and self.first_only:
            raise _GaveUp
        scope = Scope(chain.objects)
        for loaded in chain.objects[self.started :]:
            if loaded.facts is not None:
                self.relocate(scope, loaded, lazy and not _binds_now(loaded.facts.object))

    def relocate(self, scope: Scope, loaded: Loaded, lazy: bool) -> None:
        try:
            needs, lacking = self.loader.relocate(self.chain, scope, loaded)
        except LoaderKilled as killed:
            self.tell(killed.lines, lazy)
            raise
        if needs.references.static_tls:
            lines = self.lines_with_tls(loaded, needs, lacking)
        elif lacking or needs.references.unsupported:
            lines = iter(failures(loaded, needs.references, lacking))
        else:
            return
        self.tell(lines, lazy)
        if lacking.fatal:
            raise LoaderKilled(SIGSEGV, loaded.name, Death.WEAK_TLS)

    def tell(self, lines: Iterable[Message], lazy: bool) -> None:
        """Take down the lines of an object, those apart that RTLD_LAZY puts off."""
        for line in lines:
            if lazy and line.kind == "symbol" and line.reference in DEFERRED:
                self.deferred[line] = None
            else:
                self.fail((line,))

    def lines_with_tls(self, loaded: Loaded, needs: Needs, lacking: Missing) -> Iterator[Message]:
        """The lines of an object with initial-exec TLS, in the order its entries are met."""
        assert loaded.facts is not None
        obj = loaded.facts.object
        lines = dict(failing(loaded.name, needs.references, lacking))
        for table in obj.relocations:
            for kind, index in table.references():
                line = lines.get((kind, index))
                if line is None and (kind, index) in lines:
                    return
                if line is None and self.loader.model.relocations.get(kind) in STATIC_TLS:
                    line = self.dynamic_tls(loaded, obj, kind, index)
                if line is not None:
                    yield line

    def dynamic_tls(self, loaded: Loaded, obj: ElfObject, kind: int, index: int) -> Message | None:
        """The line for an initial-exec reference to thread-local storage that came with ``dlopen``.

        The static block has no room left by then, so each is fatal. For a local variable the loader
        prints an uninitialised pointer: ``(null)`` in most releases.
        """
        symbols = obj.symbols
        local = index == 0 or symbols.infos[index] >> 4 == STB_LOCAL
        name = symbols.names_of([index])[0] if index else "(null)"
        owner = loaded if local else self.definer(name)
        if owner is None or not owner.runtime or owner.facts is None:
            return None
        tls = owner.facts.object.tls
        if tls is None or not tls.memsz:
            return None
        text = (
            f"Error relocating {loaded.name}: {name}: initial-exec TLS resolves to dynamic definition in {owner.name}"
        )
        return Message(text, "tls", loaded.name, name, 0, self.loader.model.relocations[kind])

    def definer(self, name: str) -> Loaded | None:
        """The first object of the scope that gives ``name``."""
        for loaded in self.chain.objects:
            if loaded.facts is not None and name in loaded.facts.exports.defined:
                return loaded
            if loaded is self.chain.libc and name in self.loader.model.exports:
                return loaded
        return None


def _binds_now(obj: ElfObject) -> bool:
    """Whether nothing of an object is put off (musl ``prepare_lazy``).

    The value of DT_BIND_NOW counts, not its presence, and linkers write 0; what they mean by it they
    say in the flags too.
    """
    flags, flags_1 = obj.tag(DT_FLAGS) or 0, obj.tag(DT_FLAGS_1) or 0
    return bool(obj.tag(DT_BIND_NOW) or flags & DF_BIND_NOW or flags_1 & DF_1_NOW)


def _before(chain: Chain, loaded: Sequence[str]) -> None:
    """Load what the host has opened by its path; whatever is wrong with it is its own matter."""
    number, searched = chain.errno, len(chain.searches)
    for path in loaded:
        with suppress(LoaderKilled):
            top = chain.load(path, chain.objects[0])
            if top is not None:
                chain.load_dependencies(top)
    chain.messages.clear()
    chain.errno = number
    del chain.searches[searched:]


def dlopen(
    loader: MuslLoader, chain: Chain, library: str, preload: str, lazy: bool, first_only: bool,
    loaded: Sequence[str] = (),
) -> Link:  # fmt: skip
    """Finish the start of ``chain``'s program and open ``library`` in it (see `MuslLoader.open`).

    New objects go to the end of the global scope while they are relocated, the opened one first and
    then its dependencies in load order. Errors of the start itself are not told.
    """
    status = 0
    opening = None
    try:
        chain.preload(preload)
        chain.load_dependencies(chain.objects[0])
        chain.listed.clear()
        chain.messages.clear()
        chain.runtime = True
        _before(chain, loaded)
        opening = _Opening(loader, chain, first_only)
        opening.run(library, lazy)
    except _GaveUp:
        del chain.messages[1:]
    except LoaderKilled as killed:
        status, chain.killed = -killed.number, (killed.where, killed.why)
    if chain.messages:
        status = FAILED  # the real call ended there, before anything that kills it
    return link(library, status, chain, deferred=tuple(opening.deferred) if opening is not None else ())


def link(
    path: str,
    status: int,
    chain: Chain,
    repeats: tuple[str, ...] | None = None,
    deferred: tuple[Message, ...] = (),
) -> Link:
    """What a chain came to; each distinct line once."""
    messages = chain.messages
    if len({message.text for message in messages}) < len(messages):
        distinct: dict[str, Message] = {}
        for message in messages:
            distinct.setdefault(message.text, message)
        messages = list(distinct.values())
    scope = tuple(
        Mapped(o.name, o.canonical, o.facts.object if o.facts else None, o.is_libc, o.facts is None and not o.is_libc)
        for o in chain.objects
    )
    leaning = any(o.leans for o in chain.objects)
    assumed = tuple(o.path for o in scope if o.assumed) if leaning else ()
    for loaded in chain.objects:
        loaded.deps.clear()  # they point at each other, and would stay
    return Link(
        path, status, tuple(chain.listed), tuple(messages), scope,
        tuple(chain.searches), assumed, deferred, repeats, killed=chain.killed,
    )  # fmt: skip
