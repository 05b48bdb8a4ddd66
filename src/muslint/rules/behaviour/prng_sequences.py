"""The numbers after a seed."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, first, imported, number, numbers
from muslint.rules.finding import Severity

_NAMES = ("rand", "random", "rand_r", "srand", "srandom", "initstate")


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("possible", *first(scene, _NAMES))
    for site in scene.calls("srand", "srandom", "initstate"):
        known = numbers(site, 0)
        if number(site, 0) is None and not site.whole(0):  # 0 and -1 often stand for none yet, and 1 for a switch
            known = [(sure, seed) for sure, seed in known if seed not in (0, -1)]
            known = known if known != [("likely", 1)] else []
        for confidence, seed in known:
            yield at(confidence, site, call(site, str(seed & 0xFFFFFFFF)))


RULE = Behaviour(
    id="prng-sequences",
    title="rand, random and rand_r give other numbers for the same seed",
    triggers=_NAMES,
    severity=Severity.INFO,
    claim="the same seed gives other numbers: what is to be reproduced (tests, levels, shuffles) comes out otherwise",
    glibc="srand(1): 1804289383 846930886",
    musl="srand(1): 0 740882966 (drand48 and lrand48 are the same)",
    builds="any",
    evidence="a call of srand or srandom with a constant seed, or one of a table; else it is possible",
    remedy="none without a change of the program",
    fix="bring a generator of one's own, or use lrand48",
    references=("musl src/prng",),
    witness="prng-sequences",
    prove=_prove,
)
