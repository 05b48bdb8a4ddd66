"""Addresses as text."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import first, imported
from muslint.rules.finding import Severity

_NAMES = ("inet_aton", "inet_network", "ether_ntoa", "ether_ntoa_r", "ether_aton")


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("likely", *first(scene, _NAMES))


RULE = Behaviour(
    id="inet-aton-strict",
    title="inet_aton refuses text after the address; inet_network and ether_ntoa write otherwise",
    triggers=_NAMES,
    severity=Severity.INFO,
    claim="an address with a space or newline behind it is refused, inet_network and ether_ntoa give other values",
    glibc='takes "1.2.3.4 "; inet_network("1.2") is 0x102; ether_ntoa writes 8:0:20:1:a:ff',
    musl='refuses it; inet_network("1.2") is 0x1000002; ether_ntoa writes 08:00:20:01:0A:FF',
    builds="any",
    evidence="the import; whether it matters cannot be seen",
    remedy="none without a change of the program",
    fix="trim the text before parsing; write the address by hand",
    references=("musl src/network/inet_aton.c", "musl src/network/ether.c"),
    witness="inet-aton-strict",
    prove=_prove,
    default=False,
)
