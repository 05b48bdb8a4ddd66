"""realloc to no size."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    for site in scene.calls("realloc", zero=1):
        if site.argument(1) == 0 and site.argument(0) != 0:
            # A function around realloc mostly asks for no size first.
            yield at("certain" if site.direct else "possible", site, call(site, "…", "0"))


RULE = Behaviour(
    id="realloc-zero",
    title="realloc(p, 0) returns a block",
    triggers=("realloc",),
    severity=Severity.WARNING,
    claim="realloc(p, 0) returns a block that must be freed: what takes NULL for success leaks or fails",
    glibc="frees the block and returns NULL",
    musl="returns a block of no size",
    builds="any",
    evidence="a call of realloc with size 0",
    remedy="none without a change of the program",
    fix="call free",
    references=("glibc malloc/malloc.c (REALLOC_ZERO_BYTES_FREES)", "musl src/malloc/mallocng/realloc.c"),
    witness="realloc-zero",
    prove=_prove,
)
