"""Login records, which musl neither reads nor writes."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    if any(name.startswith("libutmps") for name in scene.object.needed):
        return  # that library has them
    yield from used(scene, "certain", *RULE.triggers)


RULE = Behaviour(
    id="utmp-stubs",
    title="utmp and wtmp functions do nothing",
    triggers=(
        "getutent",
        "getutxent",
        "getutid",
        "getutxid",
        "getutline",
        "getutxline",
        "pututline",
        "pututxline",
        "updwtmp",
        "updwtmpx",
    ),
    severity=Severity.WARNING,
    claim="login records are neither read nor written: on musl the call is a stub",
    glibc="reads and writes /var/run/utmp and /var/log/wtmp",
    musl="finds nothing and writes nothing",
    builds="any",
    evidence="an import of one of them",
    remedy="who, last and the like show nothing; utmps has these functions, for programs linked with it",
    fix="link with utmps",
    references=(
        "musl src/legacy/utmpx.c",
        "https://skarnet.org/software/utmps/",
    ),
    witness="utmp-stubs",
    prove=_prove,
)
