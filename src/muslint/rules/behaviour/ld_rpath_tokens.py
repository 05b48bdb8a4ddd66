"""An rpath that musl throws away for one token in it."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.loader.search import expand_origin
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.finding import Evidence, Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    kind, path = (
        ("DT_RUNPATH", scene.object.runpath) if scene.object.runpath is not None else ("DT_RPATH", scene.object.rpath)
    )
    if path is not None and expand_origin(path, "/") is None:
        yield Proof("certain", None, (Evidence("string", kind, path),), f"{kind} is {path}")


RULE = Behaviour(
    id="ld-rpath-tokens",
    title="An rpath with $LIB or $PLATFORM is void",
    triggers=(),
    severity=Severity.ERROR,
    claim="musl ignores the whole search path of this file for a token it does not know",
    glibc="replaces $LIB and $PLATFORM as well as $ORIGIN",
    musl="knows $ORIGIN only; any other $ makes the whole rpath of the file void",
    builds="any",
    evidence="DT_RUNPATH or DT_RPATH with a $ that does not begin $ORIGIN or ${ORIGIN}",
    remedy="patchelf --set-rpath with plain directories or $ORIGIN, or LD_LIBRARY_PATH",
    fix="link with $ORIGIN only",
    references=(
        "musl ldso/dynlink.c (fixup_rpath)",
        "man 8 ld.so",
    ),
    witness="ld-rpath-tokens",
    prove=_prove,
)
