"""What goes wrong when the objects are relocated (musl ``do_relocs``).

Every relocation of every object is processed before anything runs: libraries in load order, the
program last. Whether a name is found depends only on whether *some* object of the scope has it, so
the test is a set difference; the entries are walked one by one only where something is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from muslint.elf.object import DF_TEXTREL, DT_FLAGS, PT_LOAD
from muslint.libc.model import LibcModel, lfs64_target
from muslint.loader.bind import References
from muslint.loader.scope import Facts, Loaded, LoaderKilled
from muslint.loader.target import Message

_PF_W = 2
_EMPTY: frozenset[str] = frozenset()


class Missing:
    """The names one object of a link asks for and no object of the scope gives."""

    __slots__ = ("copy", "other", "plt")

    def __init__(self, plt: frozenset[str], other: frozenset[str], copy: frozenset[str]) -> None:
        self.plt, self.other, self.copy = plt, other, copy

    def __bool__(self) -> bool:
        return bool(self.plt or self.other or self.copy)

    def __iter__(self) -> Iterator[frozenset[str]]:
        return iter((self.plt, self.other, self.copy))


def remapped(names: Iterable[str], model: LibcModel) -> frozenset[str]:
    """Those of ``names`` that the LFS64 fallback finds in libc (musl ``get_lfs64``)."""
    return frozenset(name for name in names if lfs64_target(name, model.lfs64) in model.exports)


def residual(facts: Facts, model: LibcModel, with_libc: bool) -> tuple[frozenset[str], frozenset[str]]:
    """Names ``facts`` needs from objects other than itself and libc, kept for the next link."""
    known = facts.residual.get(with_libc)
    if known is None:
        plt, other = facts.references.plt - facts.exports.defined, facts.references.other - facts.exports.defined
        other -= facts.exports.canonical
        if with_libc:
            plt, other = plt - model.exports, other - model.exports
        known = plt - remapped(plt, model), other - remapped(other, model)
        facts.residual[with_libc] = known
    return known


def missing(loaded: Loaded, scope: list[Loaded], model: LibcModel, with_libc: bool) -> Missing:
    """What the scope leaves unresolved for one object, its program being ``scope[0]``."""
    facts = loaded.facts
    assert facts is not None
    plt, other = residual(facts, model, with_libc)
    copy = facts.references.copy
    if copy:
        given = model.exports if with_libc else _EMPTY
        copy = copy - given - remapped(copy, model)
    if not (plt or other or copy):
        return Missing(plt, other, copy)
    nearby = [*loaded.deps, *scope]  # what it needs itself is the likeliest to settle it early
    for provider in nearby:
        if provider.facts is None:
            continue
        exports = provider.facts.exports
        if plt:
            plt = plt - exports.defined
        if other:
            other = other - exports.defined
            if exports.canonical:
                other = other - exports.canonical
        if copy and provider is not scope[0]:
            copy = copy - exports.defined - exports.canonical
        if not (plt or other or copy):
            break
    return Missing(plt, other, copy)


def failures(loaded: Loaded, lacking: Missing) -> tuple[Message, ...]:
    """The loader's lines for one object, in the order it meets the entries.

    The symbol is looked up first, so an entry wrong in both ways reports the symbol. Kept with the
    object: the same library fails the same way under many programs.
    """
    facts = loaded.facts
    assert facts is not None
    key = (loaded.name, lacking.plt, lacking.other, lacking.copy)
    known = facts.reports.get(key)
    if known is None:
        known = facts.reports[key] = tuple(_failures(loaded.name, facts.references, lacking))
    return known


def _failures(path: str, references: References, lacking: Missing) -> Iterator[Message]:
    plt, other, copy = lacking.plt, lacking.other, lacking.copy
    for name, handled, kind, _ in references.order:
        if name and name in (plt if handled == "PLT" else copy if handled == "COPY" else other):
            yield Message(
                f"Error relocating {path}: {name}: symbol not found", "symbol", path, name, reference=handled or ""
            )
        elif handled is None:
            yield Message(f"Error relocating {path}: unsupported relocation type {kind}", "type", path, number=kind)


def every_failure(loaded: Loaded, lacking: Missing) -> Iterator[str]:
    """As `failures`, but one line an entry, as the loader prints them."""
    facts = loaded.facts
    assert facts is not None
    lines: dict[tuple[int, int], str] = {}
    for reference in facts.references.order:
        alone = facts.references._replace(order=(reference,))
        for message in _failures(loaded.name, alone, lacking):
            lines[reference[2:]] = message.text
    for table in facts.object.relocations:
        yield from (lines[pair] for pair in table.all_references() if pair in lines)


def writes_read_only(facts: Facts) -> bool:
    """Whether a relocation lies in a segment that stays read-only: the loader dies writing to it.

    musl makes the mapping writable for the tag DT_TEXTREL only; an object that has just the flag
    DF_TEXTREL is not helped (musl ``map_library``).
    """
    obj = facts.object
    if obj.textrel or not (obj.tag(DT_FLAGS) or 0) & DF_TEXTREL:
        return False
    fixed = [(s.vaddr, s.vaddr + s.memsz) for s in obj.segments if s.type == PT_LOAD and not s.flags & _PF_W]
    return any(low <= r.offset < high for table in obj.relocations for r in table if r.type for low, high in fixed)


def check_searchable(scope: list[Loaded], loaded: Loaded) -> None:
    """Raise LoaderKilled when a look-up of ``loaded`` would reach a program without a hash table."""
    head, facts = scope[0].facts, loaded.facts
    if head is None or head.exports.searchable or facts is None:
        return
    wanted = facts.references
    if wanted.plt or wanted.other:
        raise LoaderKilled(11)
