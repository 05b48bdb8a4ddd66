"""The last bits of results."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import first, imported
from muslint.rules.finding import Severity

_NAMES = (
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "atan2",
    "exp",
    "exp10",
    "pow",
    "cbrt",
    "tgamma",
    "lgamma",
    "erf",
    "hypot",
    "j0",
    "y0",
    "sinf",
    "cosf",
    "tanf",
    "powf",
)


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("likely", *first(scene, _NAMES))


RULE = Behaviour(
    id="math-last-bit",
    title="the last bits of mathematical results differ",
    triggers=_NAMES,
    severity=Severity.INFO,
    claim="some results differ in the last bits (cbrt in half of all cases, tgamma in three of four)",
    glibc="its own approximations",
    musl="others",
    builds="any",
    evidence="the import; whether it matters cannot be seen",
    remedy="none",
    fix="do not compare results bit by bit",
    references=("musl src/math",),
    witness="math-last-bit",
    prove=_prove,
    default=False,
)
