"""Addresses without a name."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from used(scene, "likely", *RULE.triggers)


RULE = Behaviour(
    id="gethostbyaddr-numeric",
    title="gethostbyaddr gives the address as the name",
    triggers=(
        "gethostbyaddr",
        "gethostbyaddr_r",
    ),
    severity=Severity.WARNING,
    claim="for an address without a name gethostbyaddr succeeds, with the address itself as the name",
    glibc="finds nothing",
    musl="succeeds with the number as text",
    builds="any",
    evidence="an import of gethostbyaddr",
    remedy="none without a change of the program",
    fix="use getnameinfo with NI_NAMEREQD",
    references=("musl src/network/gethostbyaddr_r.c",),
    witness="gethostbyaddr-numeric",
    prove=_prove,
)
