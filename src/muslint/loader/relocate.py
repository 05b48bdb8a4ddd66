"""What goes wrong when the objects are relocated (musl ``do_relocs``).

Every relocation of every object is processed before anything runs: libraries in load order, the
program last. Whether a name is found depends only on whether *some* object of the scope has it, so
the test is on sets of names; the entries are walked one by one only where something is missing.
"""

from __future__ import annotations

from collections.abc import Iterator

from muslint.elf.object import STB_LOCAL, Pair
from muslint.loader.bind import OF_DEFINER, Exports, References
from muslint.loader.scope import SIGSEGV, Death, Loaded, LoaderKilled
from muslint.loader.target import Message


class Missing:
    """The names one object of a link asks for and no object of the scope gives."""

    __slots__ = ("copy", "fatal", "lines", "names", "other", "plt", "refused")

    def __init__(self, plt: frozenset[str], other: frozenset[str], copy: frozenset[str], fatal: frozenset[str]) -> None:
        self.plt, self.other, self.copy, self.fatal = plt, other, copy, fatal
        self.names = plt | other | copy | fatal
        self.refused: set[int] = set()
        """Serials of objects that were asked and give none of it."""
        self.lines: dict[str, tuple[Message, ...]] = {}
        """The loader's lines, by the path the object goes by (see `failures`)."""

    def __bool__(self) -> bool:
        return bool(self.names)

    def __iter__(self) -> Iterator[frozenset[str]]:
        return iter((self.plt, self.other, self.copy, self.fatal))

    def has(self, name: str, handled: str | None) -> bool:
        """Whether a reference of this class to ``name`` finds nothing."""
        return name in (self.plt if handled == "PLT" else self.copy if handled == "COPY" else self.other)


class Needs:
    """What one object needs of others, and who was found to give some of it; shared by all links.

    The same library meets the same others in link after link, so each pair is tested once, and what
    stays missing is worked out once for each set of givers. The object itself and the program are asked last,
    and only for what is missing then: seldom do they give anything, and what they give need not be read.
    """

    __slots__ = ("_givers", "_serial", "_settled", "_tested", "references")

    def __init__(self, references: References, serial: int) -> None:
        """``serial`` is that of the object which has these needs."""
        self.references, self._serial = references, serial
        self._tested: set[int] = set()
        self._givers: set[int] = set()
        self._settled: dict[frozenset[int], Missing] = {}

    def missing(self, scope: Scope) -> Missing:
        """What the scope leaves unresolved."""
        wanted = self.references
        plt, other, copy, fatal = wanted.plt, wanted.other, wanted.copy, wanted.fatal
        last = {self._serial, scope.program} & scope.serials
        others = scope.serials - last
        if plt or other or fatal:
            fresh = others - self._tested
            if fresh:
                self._tested |= fresh
                self._givers.update(serial for serial in fresh if _gives(scope.exports[serial], plt, other | fatal))
        givers = others & self._givers
        known = self._left(scope, givers)
        if known:
            late = []
            for serial in last - known.refused:
                if scope.exports[serial].may_give(known.names):
                    late.append(serial)
                else:
                    known.refused.add(serial)
            if late:
                known = self._left(scope, givers.union(late))
        return Missing(known.plt, known.other, scope.without_program(copy), known.fatal) if copy else known

    def _left(self, scope: Scope, givers: frozenset[int]) -> Missing:
        """What none of ``givers`` gives, COPY relocations left out."""
        known = self._settled.get(givers)
        if known is None:
            wanted = self.references
            plt, other, fatal = wanted.plt, wanted.other, wanted.fatal
            for serial in givers:
                gives = scope.exports[serial]
                plt, other = plt - gives.defined, other - gives.defined - gives.canonical
                fatal = fatal - gives.defined
            known = self._settled[givers] = Missing(plt, other, frozenset(), fatal)
        return known


def _gives(gives: Exports, plt: frozenset[str], other: frozenset[str]) -> bool:
    return not (gives.defined.isdisjoint(plt) and gives.defined.isdisjoint(other) and gives.canonical.isdisjoint(other))


class Scope:
    """The global scope of one link: the names every loaded object gives."""

    __slots__ = ("exports", "program", "serials", "unseen")

    def __init__(self, objects: list[Loaded]) -> None:
        self.exports = {o.facts.serial: o.facts.exports for o in objects if o.facts is not None}
        self.serials = frozenset(self.exports)
        self.unseen = tuple(o.name.rpartition("/")[2] for o in objects if o.facts is None and not o.is_libc)
        """File names of objects that are only known by name."""
        self.program = objects[0].facts.serial if objects and objects[0].facts is not None else -1
        """Serial of the program's facts."""

    def without_program(self, names: frozenset[str]) -> frozenset[str]:
        """Those of ``names`` that no object but the program gives: what COPY relocations miss."""
        for serial, gives in self.exports.items():
            if names and serial != self.program:
                names = names - gives.defined - gives.canonical
        return names


def failures(loaded: Loaded, references: References, lacking: Missing) -> tuple[Message, ...]:
    """The loader's lines for one object, in the order it meets the entries.

    The symbol is looked up first, so an entry wrong in both ways reports the symbol.
    """
    known = lacking.lines.get(loaded.name)
    if known is None:
        lines = (line for _, line in failing(loaded.name, references, lacking) if line is not None)
        known = lacking.lines[loaded.name] = tuple(lines)
    return known


def failing(path: str, references: References, lacking: Missing) -> Iterator[tuple[Pair, Message | None]]:
    """The (type, symbol index) pairs that fail, with the line for each; None where the loader dies, and no more."""
    for name, handled, kind, index in references.among(lacking.names):
        if name in lacking.fatal and handled in OF_DEFINER:
            yield (kind, index), None
            return
        if name and lacking.has(name, handled):
            yield (kind, index), Message("", "symbol", path, name, 0, handled or "")
        elif handled is None:
            text = f"Error relocating {path}: unsupported relocation type {kind}"
            yield (kind, index), Message(text, "type", path, number=kind)


def every_failure(loaded: Loaded, references: References, lacking: Missing) -> Iterator[str]:
    """As `failures`, but one line an entry, as the loader prints them."""
    assert loaded.facts is not None
    obj = loaded.facts.object
    count = len(obj.symbols)
    lines = dict(failing(loaded.name, references, lacking))
    for table in obj.relocations if lines else ():
        for kind, index in table.all_references():
            pair = kind, index if index < count else 0
            if pair in lines:
                line = lines[pair]
                if line is None:
                    return
                yield line.text


def until_death(loaded: Loaded, references: References, lacking: Missing) -> tuple[tuple[Message, ...], int]:
    """The lines of an object some relocation of which is written astray, repeats included, and what kills the loader.

    That is a signal, or 0. An entry that fails is told and not written.
    """
    assert loaded.facts is not None
    assert loaded.facts.astray is not None
    obj, mapping = loaded.facts.object, loaded.facts.astray
    count = len(obj.symbols)
    told = dict(failing(loaded.name, references, lacking))
    lines: list[Message] = []
    for entry in (entry for table in obj.relocations for entry in table if entry.type):
        pair = entry.type, entry.symbol if entry.symbol < count else 0
        line = told.get(pair)
        if line is not None:
            lines.append(line)
        elif signal := SIGSEGV if pair in told else mapping.killed_at(entry.offset):
            return tuple(lines), signal
    return tuple(lines), 0


def check_searchable(scope: list[Loaded], loaded: Loaded) -> None:
    """Raise LoaderKilled when a look-up of ``loaded`` would reach a program without a hash table.

    musl itself is relocated anew at its place in the list, and refers to symbols (musl ``__dls3``, ``reloc_all``).
    """
    head, facts = scope[0].facts, loaded.facts
    if head is None or head.exports.searchable:
        return
    if loaded.is_libc:
        raise LoaderKilled(SIGSEGV, scope[0].name, Death.NO_HASH)
    if facts is None:
        return
    infos = facts.object.symbols.infos
    for table in facts.object.relocations:
        for kind, index in table.references():
            if kind and 0 < index < len(infos) and infos[index] >> 4 != STB_LOCAL:
                raise LoaderKilled(SIGSEGV, scope[0].name, Death.NO_HASH)
