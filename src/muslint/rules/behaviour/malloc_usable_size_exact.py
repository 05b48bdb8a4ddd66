"""malloc_usable_size."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import first, imported
from muslint.rules.finding import Severity

_NAMES = ("malloc_usable_size",)


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("likely", *first(scene, _NAMES))


RULE = Behaviour(
    id="malloc-usable-size-exact",
    title="malloc_usable_size returns the size that was asked for",
    triggers=_NAMES,
    severity=Severity.INFO,
    claim="no room is reported beyond the size asked for",
    glibc="24 for malloc(1)",
    musl="1 for malloc(1)",
    builds="any",
    evidence="the import; whether it matters cannot be seen",
    remedy="none needed",
    fix="do not build accounts on it",
    references=("musl src/malloc/mallocng/malloc_usable_size.c",),
    witness="malloc-usable-size-exact",
    prove=_prove,
    default=False,
)
