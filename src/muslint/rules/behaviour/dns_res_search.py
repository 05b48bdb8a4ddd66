"""res_search, which on musl does not search."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from used(scene, "likely", *RULE.triggers)


RULE = Behaviour(
    id="dns-res-search",
    title="res_search does not search",
    triggers=("res_search",),
    severity=Severity.WARNING,
    claim="res_search asks for the name as it stands: the search list is not used",
    glibc="tries the domains of the search list",
    musl="res_search is res_query; the state in _res is empty",
    builds="any",
    evidence="an import of res_search",
    remedy="full names",
    fix="put the names together yourself",
    references=("musl src/network/res_query.c",),
    witness="dns-res-search",
    prove=_prove,
)
