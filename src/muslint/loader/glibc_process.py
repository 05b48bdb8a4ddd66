"""A process from its first object to its last relocation (glibc ``rtld.c``: ``dl_main``; ``dl-open.c``)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from muslint.elf.object import DT_STRTAB, Segment
from muslint.libc.glibc import version_key
from muslint.loader.glibc_deps import map_dependencies, relocation_order
from muslint.loader.glibc_map import Fatal, LinkMap, Mode, Namespace, library_path, strerror
from muslint.loader.glibc_relocate import Relocation, Scope
from muslint.loader.glibc_search import Fault, directory_of
from muslint.loader.glibc_versions import check_versions
from muslint.loader.scope import SIGSEGV
from muslint.loader.target import FAILED, NOT_STARTED, Link, Listed, Mapped, Message

if TYPE_CHECKING:
    from muslint.loader.glibc import GlibcLoader

_PF_X = 1
FAILING = ("library", "version", "symbol", "type", "relr", "program", "assertion", "stack")
"""Kinds of messages that end a start; the others are warnings."""


def trace(loader: GlibcLoader, path: str, libraries: str, preloads: str, repeats: bool) -> Link:
    """See `GlibcLoader.list`."""
    space = loader.namespace(path, Mode.TRACE)
    try:
        _begin(loader, space, path, libraries, preloads, None)
        obj = space.chain[0].object
        # The loader reads what is not there.
        dead = obj is not None and (not obj.has_dynamic or (bool(obj.segments) and obj.tag(DT_STRTAB) is None))
        if not dead or loader.rtld.release < (2, 32):
            space.listed = obj is not None and bool(obj.needed)
        if dead:
            raise Fatal(None, -SIGSEGV)
        relocation = Relocation(space, Scope(space.order), loader.types, repeats, loader.assume)
        for loaded in relocation_order(space, space.order):
            if not loaded.itself:
                space.messages.extend(relocation.lines(loaded))
    except Fatal as fatal:
        return _link(space, path, fatal, repeats)
    return _link(space, path, None, repeats)


def start(
    loader: GlibcLoader, path: str, libraries: str, preloads: str, name: str | None, now: bool, first_only: bool
) -> Link:
    """See `GlibcLoader.start`."""
    space = loader.namespace(path, Mode.START if first_only else Mode.START_ALL)
    try:
        _begin(loader, space, path, libraries, preloads, name)
        if first_only and any(message.kind == "version" for message in space.messages):
            return _link(space, path, Fatal(None, NOT_STARTED))
        order = relocation_order(space, space.order)
        if loader.rtld.release >= (2, 41):
            order.sort(key=lambda loaded: loaded.object is None or loaded.object.soname != "libc.so.6")
        _relocate(loader, space, order, not now, first_only)
        _take_malloc(loader, space)
    except Fatal as fatal:
        return _link(space, path, fatal)
    return _link(space, path, _ended(space))


def dlopen(
    loader: GlibcLoader,
    program: str | None,
    library: str,
    lazy: bool,
    first_only: bool,
    preloads: str,
    libraries: str = "",
    loaded: Sequence[str] = (),
) -> Link:
    """See `GlibcLoader.open`."""
    space = loader.namespace(program or "", Mode.OPEN if first_only else Mode.OPEN_ALL)
    new: list[LinkMap] = []
    try:
        if program is not None:
            _begin(loader, space, program, libraries, preloads, None)
        else:
            space.library_path = library_path(libraries, "", loader.rtld)
            _host(loader, space, preloads)
            for path in loaded:
                with suppress(Fatal):  # whatever is wrong with it is its own matter
                    map_dependencies(space, space.load(path, None), ())
        space.messages.clear()
        space.searches.clear()
        known, before = list(space.order), len(space.chain)
        opened = space.load(library, space.chain[0] if program is not None else None)
        if opened in space.chain[before:]:
            map_dependencies(space, opened, ())
            new = [loaded for loaded in space.chain[before:] if not loaded.missing]
            space.order = [*known, *(loaded for loaded in space.order if loaded not in known)]
            check_versions(space, new, loader.defines)
            _check_stacks(loader, space, new)
            if not (first_only and _ended(space) is not None):
                order = relocation_order(space, [opened, *(m for m in space.order if m in new and m is not opened)])
                _relocate(loader, space, order, lazy, first_only)
    except Fatal as fatal:
        return _link(space, library, fatal)
    return _link(space, library, _ended(space))


def _relocate(loader: GlibcLoader, space: Namespace, order: Sequence[LinkMap], lazy: bool, first_only: bool) -> None:
    relocation = Relocation(space, Scope(space.order), loader.types, False, loader.assume)
    for loaded in order:
        obj = loaded.object
        if obj is None or loaded.itself or loaded.missing:
            continue
        for message in relocation.lines(loaded):
            if lazy and message.reference == "PLT" and not obj.bind_now:
                if message.kind == "symbol":
                    space.deferred[message] = None
                continue
            space.messages.append(message)
            if first_only and message.kind in FAILING:
                raise Fatal(None, FAILED)


def _take_malloc(loader: GlibcLoader, space: Namespace) -> None:
    """Until 2.40 a loader that something needs takes the process's ``malloc``, and ends it where there is none.

    Source: ``rtld_multiple_ref`` in ``rtld.c``, ``__rtld_malloc_init_real``.
    """
    if not (2, 32) <= loader.rtld.release < (2, 41) or not any(loaded.itself for loaded in space.order):
        return
    first = min((n for n in loader.own.definitions.versioned if n.startswith("GLIBC_2.")), key=version_key, default="")
    for loaded in space.order:
        given = loaded.facts.definitions.of(first) if loaded.facts is not None else ()
        if loaded.assumed or any("calloc" in names for names in given):
            return
    text = f"{space.argv0}: symbol lookup error: {space.argv0}: undefined symbol: calloc, version {first}"
    space.messages.append(Message(text, "symbol", space.argv0, "calloc", 0, "GOT"))


def _ended(space: Namespace) -> Fatal | None:
    kinds = {message.kind for message in space.messages if message.kind in FAILING}
    if not kinds:
        return None
    return Fatal(None, NOT_STARTED if kinds == {"version"} and space.mode in (Mode.START, Mode.START_ALL) else FAILED)


# --- the beginning of a process --------------------------------------------------------------------------------


def _begin(loader: GlibcLoader, space: Namespace, path: str, libraries: str, preloads: str, name: str | None) -> None:
    """Everything up to the check of versions (``dl_main``); raises Fatal where the loader gives up."""
    program = _program(loader, space, path)
    space.library_path = library_path(libraries, program.origin, loader.rtld)
    obj = program.object
    itself = _itself(loader, (obj.interpreter if obj is not None else None) or loader.path)
    if space.mode is not Mode.TRACE:
        itself.name = name or itself.names[0]  # the kernel started it by that name
    space.chain = [program, itself, LinkMap(loader.rtld.vdso, [loader.rtld.vdso], None, None)]
    before = _preload(loader, space, preloads)
    map_dependencies(space, program, before)
    if loader.rtld.release < (2, 34) and space.order[0] is not program:
        text = (
            "Inconsistency detected by ld.so: dl-deps.c: 553: _dl_map_object_deps: "
            "Assertion `map->l_searchlist.r_list[0] == map' failed!"
        )
        raise Fatal(Message(text, "assertion", ""))
    _place_itself(space, itself)
    check_versions(space, space.chain, loader.defines)


def _itself(loader: GlibcLoader, interpreter: str) -> LinkMap:
    soname = loader.rtld.soname
    names = [interpreter, soname] if interpreter != soname else [interpreter]
    return LinkMap(loader.path, names, loader.own, None, loader.rtld.canonical, "/", itself=True)


def _host(loader: GlibcLoader, space: Namespace, preloads: str) -> None:
    """A process of which only libc is known, and what was preloaded."""
    program = LinkMap("", [""], None, None, program=True)
    space.chain = [program, _itself(loader, loader.path), LinkMap(loader.rtld.vdso, [loader.rtld.vdso], None, None)]
    order = [program]
    for name in [*preloads.replace(":", " ").split(), "libc.so.6"]:
        try:
            loaded = space.load(name, None)
        except Fatal:
            continue
        map_dependencies(space, loaded, ())
        order += [found for found in space.order if found not in order]
    space.order = order


def _program(loader: GlibcLoader, space: Namespace, path: str) -> LinkMap:
    """The program; mapped by the loader when tracing, by the kernel in a start, which knows its real path."""
    outcome = space.searching.file(path, "as given")
    if outcome.file is None:
        if outcome.other_class:
            raise space.fail("program", f"wrong ELF class: ELFCLASS{96 - loader.bits}", path)
        raise space.fail("program", "cannot open shared object file", path, outcome.errno)
    facts = outcome.fault or loader.accept(outcome.file, True)
    if isinstance(facts, Fault):
        if facts.signal:
            raise Fatal(None, -facts.signal)
        raise space.fail("program", facts.text, path, facts.number)
    origin = directory_of(path if space.mode is Mode.TRACE else outcome.file.path)
    return LinkMap("", [""], facts, None, outcome.file.path, origin, program=True)


def _preload(loader: GlibcLoader, space: Namespace, preloads: str) -> Sequence[LinkMap]:
    """LD_PRELOAD and ``/etc/ld.so.preload``; what cannot be loaded is told and passed over."""
    known = len(space.chain)
    listed = [(name, "LD_PRELOAD") for name in preloads.replace(":", " ").split(" ") if name]
    listed += [(name, "/etc/ld.so.preload") for name in _preload_file(loader)]
    mode = space.mode
    for name, origin in listed:
        space.mode = Mode.START
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
            space.mode = mode
    return space.chain[known:]


def _preload_file(loader: GlibcLoader) -> Sequence[str]:
    found = loader.tree.open("/etc/ld.so.preload")
    if isinstance(found, int) or found.data is None:
        return []
    text = found.data.at(0, 1 << 16).decode("utf-8", "surrogateescape")
    found.data.close()
    lines = (line.partition("#")[0] for line in text.split("\n"))
    return [name for line in lines for name in line.replace(":", " ").replace("\t", " ").split(" ") if name]


def _place_itself(space: Namespace, itself: LinkMap) -> None:
    """The loader's own place in the list: behind its predecessor in search order (``dl_main``).

    Before 2.41 it is left out when nothing needs it.
    """
    space.chain.remove(itself)
    if itself in space.order:
        before = space.order[max(space.order.index(itself) - 1, 0)]
    elif space.rtld.release >= (2, 41):
        before = space.order[-1]
    else:
        return
    space.chain.insert(space.chain.index(before) + 1, itself)


def _check_stacks(loader: GlibcLoader, space: Namespace, new: Sequence[LinkMap]) -> None:
    """From 2.41 on a library that wants an executable stack is refused by ``dlopen``."""
    if loader.rtld.release < (2, 41):
        return
    for loaded in new:
        obj = loaded.object
        if obj is not None and loaded.facts is not None and obj.segments and _executable(obj.gnu_stack):
            name = space.shown(loaded)
            text = f"{name}: cannot enable executable stack as shared object requires: Invalid argument"
            space.messages.append(Message(text, "stack", name, loaded.names[0], 22))


def _executable(stack: Segment | None) -> bool:
    return stack is None or bool(stack.flags & _PF_X)


# --- the end ---------------------------------------------------------------------------------------------------


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
    scope = tuple(
        Mapped(
            space.shown(m), m.canonical, m.object, m.object is not None and m.object.soname == "libc.so.6", m.assumed
        )
        for m in space.order
    )
    leaning = any(m.leans for m in space.order)
    for loaded in space.chain:
        loaded.deps = None  # they point at each other, and would stay with all that was read of them
    return Link(
        path, fatal.status if fatal is not None else 0, listed, tuple(messages.values()), scope, tuple(space.searches),
        tuple(m.path for m in scope if m.assumed) if leaning else (), tuple(space.deferred),
        tuple(message.text for message in space.messages) if repeats else None,
        tuple(m.names[0] for m in shown if m.missing), printed,
    )  # fmt: skip


def _is_libc(loaded: LinkMap) -> bool:
    return loaded.object is not None and loaded.object.soname == "libc.so.6"


def _printed(loaded: LinkMap) -> str:
    name = loaded.names[0]
    if loaded.missing:
        return f"\t{name} => not found"
    return f"\t{name}" if name == loaded.name else f"\t{name} => {loaded.name}"
