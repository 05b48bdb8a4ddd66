"""Who logged in, by the environment."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from used(scene, "likely", "getlogin", "getlogin_r")


RULE = Behaviour(
    id="getlogin-env",
    title="getlogin believes $LOGNAME",
    triggers=(
        "getlogin",
        "getlogin_r",
    ),
    severity=Severity.WARNING,
    claim="getlogin gives what the environment variable LOGNAME says, which anybody can set",
    glibc="gives the user of the login record of the terminal, or of /proc/self/loginuid",
    musl='gives getenv("LOGNAME")',
    builds="any",
    evidence="an import of getlogin or getlogin_r",
    remedy="set LOGNAME where the program needs it; do not trust it in set-user-ID programs",
    fix="use getpwuid(getuid())",
    references=("musl src/unistd/getlogin.c",),
    witness="getlogin-env",
    prove=_prove,
)
