"""Kinds of mutex that musl refuses."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, number
from muslint.rules.finding import Severity

_REFUSED = {
    "pthread_mutexattr_settype": (3, "PTHREAD_MUTEX_ADAPTIVE_NP"),
    "pthread_mutexattr_setprotocol": (2, "PTHREAD_PRIO_PROTECT"),
}


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from _refused(scene)


def _refused(scene: Scene) -> Iterator[Proof]:
    for site in scene.calls(*_REFUSED):
        value, name = _REFUSED[site.symbol]
        if number(site, 1) == value:
            yield at("certain", site, call(site, "…", name))
        elif site.argument(1) is None and value in site.choices(1):
            yield at("likely", site, call(site, "…", name))


RULE = Behaviour(
    id="mutex-type-adaptive",
    title="Adaptive mutexes and PTHREAD_PRIO_PROTECT are refused",
    triggers=(
        "pthread_mutexattr_settype",
        "pthread_mutexattr_setprotocol",
    ),
    severity=Severity.WARNING,
    claim="musl refuses this kind of mutex",
    glibc="has PTHREAD_MUTEX_ADAPTIVE_NP and PTHREAD_PRIO_PROTECT",
    musl="gives EINVAL for the first, ENOTSUP for the second",
    builds="any",
    evidence="a call with that constant",
    remedy="none without a change of the program",
    fix="go on with a normal mutex where the call fails",
    references=(
        "musl src/thread/pthread_mutexattr_settype.c",
        "musl src/thread/pthread_mutexattr_setprotocol.c",
    ),
    witness="mutex-type-adaptive",
    prove=_prove,
)
