"""Names with dots and the search list."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import LOOK_UPS, used
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from used(scene, "possible", *RULE.triggers)


RULE = Behaviour(
    id="dns-search-dotted",
    title="Names with a dot are not looked up in the search list",
    triggers=LOOK_UPS,
    severity=Severity.WARNING,
    claim=(
        "names with a dot are not tried with the domains of the search list, and one empty or failing answer ends "
        "the search"
    ),
    glibc=(
        "tries a name with at least ndots dots as it is, then with each domain of the search list; goes on after "
        "an empty answer or SERVFAIL"
    ),
    musl="tries such a name as it is and no further; stops at the first domain that answers without data or fails",
    builds="any",
    evidence="a look-up of names; it shows only with a search list, as in Kubernetes",
    remedy="full names, a higher ndots in resolv.conf, or a resolver of its own (dnsmasq, unbound)",
    fix="use full names",
    references=(
        "https://wiki.musl-libc.org/functional-differences-from-glibc.html",
        "https://github.com/gliderlabs/docker-alpine/issues/8",
        "https://github.com/nodejs/docker-node/issues/602",
        "https://github.com/k3s-io/k3s/issues/6561",
        "https://github.com/kubernetes/kubernetes/issues/64924",
    ),
    witness="dns-search-dotted",
    prove=_prove,
    default=False,
)
