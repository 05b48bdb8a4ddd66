"""Answers that do not fit in a datagram."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from used(scene, "likely", *RULE.triggers)


RULE = Behaviour(
    id="dns-no-tcp-fallback",
    title="Long answers are cut off",
    triggers=(
        "getaddrinfo",
        "gethostbyname",
        "gethostbyname2",
        "gethostbyname_r",
        "gethostbyname2_r",
        "res_query",
        "res_search",
        "res_send",
    ),
    severity=Severity.WARNING,
    claim="an answer longer than 512 bytes is cut, or the look-up fails: this musl does not ask again over TCP",
    glibc="asks again over TCP",
    musl="takes what fitted in the datagram; asks again over TCP since 1.2.4",
    builds="any",
    evidence="a look-up of names, on musl before 1.2.4",
    remedy="Alpine 3.18 or newer",
    fix="none is needed on newer releases",
    references=(
        "musl WHATSNEW 1.2.4",
        "https://github.com/alpinelinux/docker-alpine/issues/152",
        "https://github.com/NuGet/NuGetGallery/issues/9396",
        "https://github.com/coredns/coredns/issues/6149",
    ),
    witness="dns-no-tcp-fallback",
    prove=_prove,
    until="1.2.4",
)
