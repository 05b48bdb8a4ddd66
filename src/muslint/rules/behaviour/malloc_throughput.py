"""The speed of malloc."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import first, imported
from muslint.rules.finding import Severity

_NAMES = ("malloc", "calloc", "_Znwm")


def _prove(scene: Scene) -> Iterator[Proof]:
    if "pthread_create" in scene.imports:
        yield imported("likely", *first(scene, _NAMES))


RULE = Behaviour(
    id="malloc-throughput",
    title="malloc is several times slower, most of all with threads",
    triggers=_NAMES,
    severity=Severity.INFO,
    claim="many small allocations on several threads take several times as long",
    glibc="has caches of each thread",
    musl="takes one lock",
    builds="any",
    evidence="malloc and pthread_create imported; a matter of speed alone",
    remedy="start it with LD_PRELOAD=mimalloc or jemalloc (apk add mimalloc2)",
    fix="link another allocator",
    references=(
        "musl src/malloc/mallocng",
        "https://github.com/sharkdp/fd/issues/710",
        "https://github.com/bram209/leptosfmt/pull/191",
        "https://github.com/firezone/firezone/pull/13909",
    ),
    witness="malloc-throughput",
    prove=_prove,
    default=False,
)
