"""References to an older version of a name, which musl binds to the newest."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.elf.object import ElfObject, Symbol
from muslint.loader.search import reserved_family
from muslint.loader.target import Link
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.finding import Evidence, Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    if scene.link is None or not any(_foreign(version.library) for version in scene.object.versions_needed):
        return
    old = _old_names(scene.link)
    for wanted in _versioned(scene.object, old) if old else ():
        found = _bound(scene.link, wanted.name)
        if found is None:
            continue
        path, definer, given = found
        meant = _of_version(definer, wanted)
        if meant is not None and given.version != wanted.version and meant.value != given.value:
            said = f"{wanted.name}@{wanted.version} gets {given.name}@@{given.version} of {path.rpartition('/')[2]}"
            yield Proof("certain", wanted.name, (Evidence("import", path, said),), said)


def _old_names(link: Link) -> frozenset[str]:
    """Names that some object has in an old version too (hidden: not the default). Few objects have any."""
    found: set[str] = set()
    for mapped in link.scope:
        if mapped.object is not None and mapped.object.versions_defined:
            symbols = mapped.object.symbols
            found.update(symbols.names_of(symbols.with_hidden_version(symbols.first_hashed)))
    return frozenset(found)


def _foreign(library: str) -> bool:
    """Whether versions of this library can matter: musl itself has none."""
    return reserved_family(library) is None and not library.startswith("ld-linux")


def _versioned(obj: ElfObject, names: frozenset[str]) -> Iterator[Symbol]:
    """The undefined ones of ``names`` that ask for a version."""
    versions, all_names = obj.symbols.versyms, obj.symbols.names
    for index, shndx in enumerate(obj.symbols.shndxs):
        if not shndx and all_names[index] in names and versions is not None and versions[index] & 0x7FFF > 1:
            symbol = obj.symbols[index]
            if symbol.version and not symbol.version.startswith("GLIBC_"):
                yield symbol


def _bound(link: Link, name: str) -> tuple[str, ElfObject, Symbol] | None:
    """What the loader binds a name to: the first object's definition that is not hidden (musl ``find_sym``)."""
    for mapped in link.scope:
        if mapped.object is None or not any(mapped.object.symbols.possible((name,))):
            continue
        for index in mapped.object.symbols.chain(name):
            symbol = mapped.object.symbols[index]
            if symbol.defined and not symbol.hidden:
                return mapped.path, mapped.object, symbol
    return None


def _of_version(definer: ElfObject, wanted: Symbol) -> Symbol | None:
    """The definition that glibc binds to."""
    rows = (definer.symbols[index] for index in definer.symbols.chain(wanted.name))
    return next((row for row in rows if row.defined and row.version == wanted.version), None)


RULE = Behaviour(
    id="ld-symbol-versions",
    title="A reference to an old version of a name gets the newest",
    triggers=(),
    severity=Severity.WARNING,
    claim="musl does not read symbol versions: the reference is bound to the default version",
    glibc="binds a reference to the version it asks for",
    musl="binds it to the default version; a name that is there in old versions only is not found",
    builds="any",
    evidence="a versioned reference, and a library in the source that defines that version beside a newer default one",
    remedy="none without a change of the program or of the library",
    fix="rebuild the program against the library of today",
    references=("musl ldso/dynlink.c (sysv_lookup, gnu_lookup)", "LSB Core, Symbol Versioning"),
    witness="ld-symbol-versions",
    prove=_prove,
    linked=True,
)
