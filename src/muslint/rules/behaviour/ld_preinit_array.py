"""Functions of DT_PREINIT_ARRAY."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.finding import Evidence, Severity

_DT_PREINIT_ARRAY, _DT_PREINIT_ARRAYSZ = 32, 33


def _prove(scene: Scene) -> Iterator[Proof]:
    if not scene.program:
        return  # only a program may have one (gABI "Initialization and Termination Functions")
    size = scene.object.tag(_DT_PREINIT_ARRAYSZ) or 0
    count = size // (scene.object.ident.bits // 8)
    if count and scene.object.tag(_DT_PREINIT_ARRAY):
        shown = f"DT_PREINIT_ARRAY of {count} function{'s' if count > 1 else ''}"
        yield Proof("certain", None, (Evidence("data", "dynamic section", shown),), shown)


RULE = Behaviour(
    id="ld-preinit-array",
    title="DT_PREINIT_ARRAY is not run",
    triggers=(),
    severity=Severity.WARNING,
    claim="what the program has in .preinit_array is never called",
    glibc="calls the functions of the program's DT_PREINIT_ARRAY before any constructor",
    musl="does not read DT_PREINIT_ARRAY",
    builds="any",
    evidence="DT_PREINIT_ARRAYSZ of a program is not 0",
    remedy="run it on a glibc base image",
    fix="use a constructor (.init_array)",
    references=(
        "musl ldso/dynlink.c",
        'gABI "Initialization and Termination Functions"',
    ),
    witness="ld-preinit-array",
    prove=_prove,
)
