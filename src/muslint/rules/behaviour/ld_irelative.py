"""Exported names that are chosen at load time (IFUNC)."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.elf.object import STT_GNU_IFUNC, Kind
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.finding import Evidence, Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    if scene.object.kind is not Kind.SHARED_LIBRARY:
        return
    symbols = scene.object.symbols
    rows = zip(symbols.infos, symbols.shndxs)
    indexes = [index for index, (info, shndx) in enumerate(rows) if info & 15 == STT_GNU_IFUNC and shndx]
    names = sorted(set(symbols.names_of(indexes)))
    if names:
        evidence = tuple(Evidence("data", name, "defined as STT_GNU_IFUNC") for name in names[:8])
        yield Proof("certain", names[0], evidence, ", ".join(names[:3]) + (" …" if len(names) > 3 else ""))


RULE = Behaviour(
    id="ld-irelative",
    title="An exported IFUNC is not found",
    triggers=(),
    severity=Severity.WARNING,
    claim="musl finds no name that is chosen at load time: dlsym of it fails, and so does whatever links with it",
    glibc="calls the resolver and gives the function it chose",
    musl=(
        "passes by symbols of type STT_GNU_IFUNC; a relocation of type R_*_IRELATIVE stops the load (rule "
        "relocation-unsupported)"
    ),
    builds="any",
    evidence="a defined dynamic symbol of type STT_GNU_IFUNC in a library",
    remedy="run it on a glibc base image",
    fix="choose by a function pointer; build without target_clones",
    references=(
        "musl ldso/dynlink.c (find_sym, OK_TYPES)",
        "https://github.com/sgerrand/alpine-pkg-glibc/issues/194",
        "https://github.com/microsoft/mystikos/issues/1476",
    ),
    witness="ld-irelative",
    prove=_prove,
)
