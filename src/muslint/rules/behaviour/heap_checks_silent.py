"""What is said when memory is broken."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import first, imported
from muslint.rules.finding import Severity

_NAMES = ("__stack_chk_fail", "__assert_fail")


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("likely", *first(scene, _NAMES))


RULE = Behaviour(
    id="heap-checks-silent",
    title="heap corruption and smashed stacks end without a word",
    triggers=_NAMES,
    severity=Severity.INFO,
    claim="the process ends with SIGSEGV and no message, where glibc says what was broken and aborts",
    glibc='"free(): double free detected", "stack smashing detected", SIGABRT; MALLOC_CHECK_',
    musl="SIGSEGV, silent; MALLOC_CHECK_ is ignored",
    builds="any",
    evidence="the import; whether it matters cannot be seen",
    remedy="none; run it under a debugger to see more",
    fix="expect SIGSEGV too where crashes are looked for",
    references=("musl src/env/__stack_chk_fail.c", "musl src/malloc/mallocng/meta.h"),
    witness="heap-checks-silent",
    prove=_prove,
    default=False,
)
