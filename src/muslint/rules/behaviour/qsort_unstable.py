"""qsort and equal elements."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import first, imported
from muslint.rules.finding import Severity

_NAMES = ("qsort", "qsort_r")


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("likely", *first(scene, _NAMES))


RULE = Behaviour(
    id="qsort-unstable",
    title="qsort does not keep the order of equal elements",
    triggers=_NAMES,
    severity=Severity.INFO,
    claim="equal elements come out in another order",
    glibc="merge sort (before 2.37 and from 2.38 on unless memory is short): equal elements keep their order",
    musl="smoothsort: they do not",
    builds="any",
    evidence="the import; whether it matters cannot be seen",
    remedy="none without a change of the program",
    fix="compare a second key where the first is equal",
    references=("musl src/stdlib/qsort.c",),
    witness="qsort-unstable",
    prove=_prove,
    default=False,
)
