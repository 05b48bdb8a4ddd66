"""glibc's dynamic loader as a function: from a file and a tree to what it would print and do.

`GlibcLoader.list` is what ``ldd -r`` says (``LD_TRACE_LOADED_OBJECTS=1 LD_WARN=yes LD_BIND_NOW=yes ld.so FILE``);
`GlibcLoader.start` is the kernel starting a program; `GlibcLoader.open` is ``dlopen``. Source: glibc ``elf/``,
releases 2.31, 2.36, 2.41 and 2.43.
"""

from __future__ import annotations

import errno
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from muslint.elf.dynamic import read as read_dynamic
from muslint.elf.machine import word
from muslint.errors import MalformedElf
from muslint.loader.glibc_bind import GlibcFacts
from muslint.loader.glibc_deps import map_dependencies, relocation_order
from muslint.loader.glibc_map import Fatal, LinkMap, Namespace, library_path, strerror
from muslint.loader.glibc_relocate import Relocation, Scope
from muslint.loader.glibc_search import Fault, GlibcSearches, directory_of
from muslint.loader.glibc_types import types_of
from muslint.loader.glibc_verify import UNREADABLE, unmappable, verify
from muslint.loader.glibc_versions import check_versions
from muslint.loader.scope import SIGSEGV
from muslint.loader.target import Link, Listed, Mapped, Message, Opened, Tree

if TYPE_CHECKING:
    from muslint.elf.object import Reader
    from muslint.loader.glibc_rtld import Rtld

MOST_HELD = 256 << 20
"""About how many bytes of facts a loader keeps between links."""


class GlibcLoader:
    """The loader of one target: its ``ld.so``, its file tree, and all objects read so far."""

    libc = "glibc"

    def __init__(self, tree: Tree, rtld: Rtld, reader: Reader | None = None) -> None:
        self.tree, self.rtld, self.arch = tree, rtld, rtld.arch
        self.path = rtld.path
        self.bits, self.little = word(rtld.arch)
        self.types = types_of(rtld.arch)
        self._reader = reader or read_dynamic
        self._facts: dict[tuple[Hashable, bool], GlibcFacts | Fault] = {}
        self._verdicts: dict[Hashable, Fault | bool | None] = {}
        self._held = 0
        self._own = GlibcFacts(rtld.object)
        self._searches = GlibcSearches(tree, rtld, self.verify)

    # --- files ----------------------------------------------------------------------------------------------

    def verify(self, found: Opened) -> Fault | bool | None:
        """Whether an opened file may be mapped at all; None for yes, a `bool` for one that is passed over."""
        if found.data is None:
            return None if not found.directory else Fault("cannot read file data", errno.EISDIR)
        if found.identity not in self._verdicts:
            self._verdicts[found.identity] = verify(found.data, self.rtld)
            found.data.close()
        return self._verdicts[found.identity]

    def accept(self, found: Opened, program: bool) -> GlibcFacts | Fault | None:
        """Map a file that passed `verify`: its facts, or what is wrong with it; None when it is known only by name."""
        if found.data is None and found.object is None:
            return None
        key = found.identity, program
        known = self._facts.pop(key, None)
        if known is None:
            known = self._map(found, program)
            self._held += _bytes(known)
        self._facts[key] = known
        while self._held > MOST_HELD and len(self._facts) > 1:
            self._held -= _bytes(self._facts.pop(next(iter(self._facts))))
        if found.data is not None:
            found.data.close()
        return known

    def _map(self, found: Opened, program: bool) -> GlibcFacts | Fault:
        if found.object is not None:
            return GlibcFacts(found.object)
        assert found.data is not None
        try:
            obj = self._reader(found.data, found.path)
        except MalformedElf:
            return UNREADABLE
        fault = unmappable(obj, found.data.size, program, self.rtld)
        if fault is not None:
            return fault
        other = self._facts.get((found.identity, not program))
        return other if isinstance(other, GlibcFacts) else GlibcFacts(obj)

    def is_itself(self, found: Opened | int) -> bool:
        """Whether a file of the tree is the loader's own."""
        itself = self.tree.open(self.path)
        return isinstance(found, Opened) and isinstance(itself, Opened) and itself.identity == found.identity

    # --- ldd ------------------------------------------------------------------------------------------------

    def list(self, path: str, *, library_path: str = "", preload: str = "", repeats: bool = False) -> Link:
        """What ``ldd -r PATH`` prints, and its exit code.

        ``repeats`` asks for the error lines as printed: one a look-up that fails, not one a cause.
        """
        space = self._namespace(path, tracing=True)
        try:
            self._begin(space, path, library_path, preload)
        except Fatal as fatal:
            return _link(space, path, fatal, repeats)
        program = space.chain[0]
        obj = program.object
        dead = obj is not None and not obj.has_dynamic  # the loader reads what is not there
        if not dead or self.rtld.release < (2, 32):
            space.listed = obj is not None and bool(obj.needed)
        scope = Scope(space.order)
        relocation = Relocation(space, scope, self.types, repeats)
        try:
            if dead:
                raise Fatal(None, -SIGSEGV)
            for loaded in relocation_order(space):
                if not loaded.itself:
                    space.messages.extend(relocation.lines(loaded))
        except Fatal as fatal:
            return _link(space, path, fatal, repeats)
        return _link(space, path, None, repeats)

    def _namespace(self, path: str, tracing: bool) -> Namespace:
        if self._searches.tree is not self.tree:
            self._searches = GlibcSearches(self.tree, self.rtld, self.verify)
        return Namespace(self.rtld, self._searches, self.accept, path, tracing)

    def _begin(self, space: Namespace, path: str, libraries: str, preload: str) -> None:
        """Everything up to the check of versions (``dl_main``); raises Fatal where the loader gives up."""
        program = self._program(space, path)
        space.library_path = library_path(libraries, program.origin, self.rtld)
        obj = program.object
        interpreter = (obj.interpreter if obj is not None else None) or self.rtld.path
        names = [interpreter, self.rtld.soname] if interpreter != self.rtld.soname else [interpreter]
        itself = LinkMap(self.rtld.path, names, self._own, None, self.rtld.canonical, "/", itself=True)
        vdso = LinkMap(self.rtld.vdso, [self.rtld.vdso], None, None)
        space.chain = [program, itself, vdso]
        preloads = self._preload(space, preload)
        map_dependencies(space, program, preloads)
        if self.rtld.release < (2, 34) and space.order[0] is not program:
            text = (
                "Inconsistency detected by ld.so: dl-deps.c: 553: _dl_map_object_deps: "
                "Assertion `map->l_searchlist.r_list[0] == map' failed!"
            )
            raise Fatal(Message(text, "assertion", ""))
        self._place_itself(space, itself)
        check_versions(space)

    def _program(self, space: Namespace, path: str) -> LinkMap:
        """The program, mapped by the loader because it is the loader's argument."""
        outcome = self._searches.file(path, "as given")
        if outcome.file is None:
            if outcome.other_class:
                raise space.fail("program", f"wrong ELF class: ELFCLASS{96 - self.bits}", path)
            raise space.fail("program", "cannot open shared object file", path, outcome.errno)
        facts = outcome.fault or self.accept(outcome.file, True)
        if isinstance(facts, Fault):
            if facts.signal:
                raise Fatal(None, -facts.signal)
            raise space.fail("program", facts.text, path, facts.number)
        return LinkMap("", [""], facts, None, outcome.file.path, directory_of(path), program=True)

    def _preload(self, space: Namespace, preload: str) -> Sequence[LinkMap]:
        """LD_PRELOAD and ``/etc/ld.so.preload``; what cannot be loaded is told and passed over."""
        known = len(space.chain)
        listed = [(name, "LD_PRELOAD") for name in preload.replace(":", " ").split(" ") if name]
        listed += [(name, "/etc/ld.so.preload") for name in self._preload_file()]
        for name, origin in listed:
            quiet = space.tracing
            space.tracing = False
            try:
                space.load(name, space.chain[0])
            except Fatal as fatal:
                if fatal.message is None:
                    raise
                text = fatal.message.text.partition(": error while loading shared libraries: ")[2]
                cause = text.partition(": ")[2].partition(f": {strerror(fatal.message.number)}")[0]
                line = f"ERROR: ld.so: object '{name}' from {origin} cannot be preloaded ({cause}): ignored."
                space.messages.append(Message(line, "preload", "", name, fatal.message.number))
            finally:
                space.tracing = quiet
        return space.chain[known:]

    def _preload_file(self) -> Sequence[str]:
        found = self.tree.open("/etc/ld.so.preload")
        if isinstance(found, int) or found.data is None:
            return []
        text = found.data.at(0, 1 << 16).decode("utf-8", "surrogateescape")
        found.data.close()
        lines = (line.partition("#")[0] for line in text.split("\n"))
        return [name for line in lines for name in line.replace(":", " ").replace("\t", " ").split(" ") if name]

    def _place_itself(self, space: Namespace, itself: LinkMap) -> None:
        """The loader's own place in the list: behind its predecessor in search order (``dl_main``).

        Before 2.41 it is left out when nothing needs it.
        """
        space.chain.remove(itself)
        if itself in space.order:
            before = space.order[max(space.order.index(itself) - 1, 0)]
        elif self.rtld.release >= (2, 41):
            before = space.order[-1]
        else:
            return
        space.chain.insert(space.chain.index(before) + 1, itself)


def _bytes(facts: GlibcFacts | Fault) -> int:
    return facts.size if isinstance(facts, GlibcFacts) else 0


def _link(space: Namespace, path: str, fatal: Fatal | None, repeats: bool = False) -> Link:
    """What a process came to; each distinct line once."""
    if fatal is not None and fatal.message is not None:
        space.messages.append(fatal.message)
    messages: dict[str, Message] = {}
    for message in space.messages:
        messages.setdefault(message.text, message)
    shown = space.chain[1:] if space.listed else []
    if space.listed is None:
        printed: tuple[str, ...] = ()
    else:
        printed = tuple(map(_printed, shown)) if space.listed else ("\tstatically linked",)
    listed = tuple(Listed(m.names[0], m.name if m.names[0] != m.name else None) for m in shown if not m.missing)
    scope = tuple(Mapped(space.shown(m), m.canonical, m.object, m.itself, m.assumed) for m in space.order)
    return Link(
        path, fatal.status if fatal is not None else 0, listed, tuple(messages.values()), scope, tuple(space.searches),
        tuple(space.shown(m) for m in space.order if m.assumed and any(o.leans for o in space.order)),
        (), tuple(message.text for message in space.messages) if repeats else None,
        tuple(m.names[0] for m in shown if m.missing), printed,
    )  # fmt: skip


def _printed(loaded: LinkMap) -> str:
    name = loaded.names[0]
    if loaded.missing:
        return f"\t{name} => not found"
    return f"\t{name}" if name == loaded.name else f"\t{name} => {loaded.name}"
