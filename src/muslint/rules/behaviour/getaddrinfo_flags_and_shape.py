"""getaddrinfo: what it takes, what comes back, what its errors are called."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import constant
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Severity

_TEXTS = (b"Name or service not known", b"Temporary failure in name resolution", b"No address associated with hostname")


def _prove(scene: Scene) -> Iterator[Proof]:
    found = [constant("possible", "gai_strerror", text) for text in _TEXTS if text in scene.strings()]
    yield from found if found else used(scene, "possible", *RULE.triggers)


RULE = Behaviour(
    id="getaddrinfo-flags-and-shape",
    title="getaddrinfo takes no AI_IDN, gives no SOCK_RAW entries and other texts",
    triggers=(
        "getaddrinfo",
        "gai_strerror",
    ),
    severity=Severity.INFO,
    claim=(
        "getaddrinfo refuses AI_IDN, gives two entries for an address (not three) with a canonical name, and its "
        "errors have other texts"
    ),
    glibc='takes AI_IDN; one entry each for streams, datagrams and raw sockets; "Name or service not known"',
    musl='fails with EAI_BADFLAGS; no entry for raw sockets; "Name does not resolve"',
    builds="any",
    evidence="an import of getaddrinfo, or a text of glibc's gai_strerror",
    remedy="none without a change of the program",
    fix="encode names with libidn2 before; name the socket type; compare codes, not texts",
    references=("musl src/network/getaddrinfo.c",),
    witness="getaddrinfo-flags-and-shape",
    prove=_prove,
    default=False,
)
