"""Scripts without a #! line."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import first, imported
from muslint.rules.finding import Severity

_NAMES = ("execvp", "execlp", "execvpe")


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("likely", *first(scene, _NAMES))


RULE = Behaviour(
    id="execvp-noexec-fallback",
    title="execvp does not run scripts without #!",
    triggers=_NAMES,
    severity=Severity.WARNING,
    claim="a script without a #! line is not run",
    glibc="runs it with /bin/sh",
    musl="fails with ENOEXEC",
    builds="any",
    evidence="the import; whether it matters cannot be seen",
    remedy="give the script a first line #!/bin/sh",
    fix="on ENOEXEC run /bin/sh with the script",
    references=(
        "musl src/process/execvp.c",
        "https://github.com/alpinelinux/docker-alpine/issues/404",
        "https://github.com/rui314/mold/pull/576",
    ),
    witness="execvp-noexec-fallback",
    prove=_prove,
    default=False,
)
