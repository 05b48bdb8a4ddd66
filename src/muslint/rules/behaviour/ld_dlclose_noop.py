"""dlclose, which on musl unloads nothing."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from used(scene, "possible", "dlclose")


RULE = Behaviour(
    id="ld-dlclose-noop",
    title="dlclose unloads nothing",
    triggers=("dlclose",),
    severity=Severity.INFO,
    claim="a library stays loaded after dlclose: its destructors run at exit, its variables keep their values",
    glibc="unloads the library and runs its destructors",
    musl="does nothing; opening the library again gives the one that is there",
    builds="any",
    evidence="an import of dlclose",
    remedy="none: start a new process to load a library anew",
    fix="give plugins functions of their own to start and stop",
    references=(
        "https://wiki.musl-libc.org/functional-differences-from-glibc.html",
        "https://github.com/kubo/injector/issues/26",
        "https://github.com/dlang/druntime/pull/2918",
    ),
    witness="ld-dlclose-noop",
    prove=_prove,
    default=False,
)
