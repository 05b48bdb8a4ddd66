"""A failing question for IPv6 addresses."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import LOOK_UPS, used
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from used(scene, "possible", *RULE.triggers)


RULE = Behaviour(
    id="dns-aaaa-failure-fatal",
    title="A failing AAAA question fails the whole look-up",
    triggers=LOOK_UPS,
    severity=Severity.WARNING,
    claim="where a name server answers the question for IPv6 addresses with an error, no address is found at all",
    glibc="gives the IPv4 addresses it got",
    musl='needs both answers: NXDOMAIN for one is "does not resolve", any other failure "try again" after the time-out',
    builds="any",
    evidence="a look-up of names; it shows only with such a server",
    remedy="mend the name server, or put a caching resolver before it",
    fix="ask again with AF_INET",
    references=(
        "https://wiki.musl-libc.org/functional-differences-from-glibc.html",
        "https://github.com/k3s-io/k3s/issues/13472",
    ),
    witness="dns-aaaa-failure-fatal",
    prove=_prove,
    default=False,
)
