"""Going through the data bases of services, networks, hosts and passwords."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from used(scene, "certain", *RULE.triggers)


RULE = Behaviour(
    id="netdb-enumeration-stubs",
    title="getservent and its kin find nothing",
    triggers=(
        "getservent",
        "getnetent",
        "getnetbyname",
        "getnetbyaddr",
        "gethostent",
        "getspent",
    ),
    severity=Severity.WARNING,
    claim="the call finds nothing: on musl it is a stub",
    glibc="reads /etc/services, /etc/networks, /etc/hosts, /etc/shadow entry by entry",
    musl=(
        "returns NULL at once; single look-ups (getservbyname, gethostbyname, getspnam) work, getprotoent goes "
        "through a table of its own"
    ),
    builds="any",
    evidence="an import of one of them",
    remedy="none without a change of the program",
    fix="read the file",
    references=(
        "musl src/network/ent.c",
        "musl src/network/serv.c",
        "musl src/network/netname.c",
    ),
    witness="netdb-enumeration-stubs",
    prove=_prove,
)
