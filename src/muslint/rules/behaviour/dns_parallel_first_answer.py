"""Several name servers."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import LOOK_UPS, used
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from used(scene, "possible", *RULE.triggers)


RULE = Behaviour(
    id="dns-parallel-first-answer",
    title="All name servers are asked at once and the first answer counts",
    triggers=LOOK_UPS,
    severity=Severity.WARNING,
    claim='with several name servers the fastest answer counts, even where it is "no such name"',
    glibc="asks the servers one after the other",
    musl="asks all at once and takes the first answer; rotate, use-vc and edns0 in resolv.conf are ignored",
    builds="any",
    evidence="a look-up of names; it shows only where servers know different names",
    remedy="one server in resolv.conf, that asks the others",
    fix="none",
    references=(
        "https://wiki.musl-libc.org/functional-differences-from-glibc.html",
        "https://github.com/gliderlabs/docker-alpine/issues/8",
    ),
    witness="dns-parallel-first-answer",
    prove=_prove,
    default=False,
)
