"""How far the main thread's stack reaches."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import is_rust, used
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    # Rust's standard library only looks where the guard page is.
    yield from used(scene, "possible" if is_rust(scene) else "likely", "pthread_getattr_np")


RULE = Behaviour(
    id="thread-main-stack-probe",
    title="pthread_getattr_np tells only the mapped part of the main stack",
    triggers=("pthread_getattr_np",),
    severity=Severity.WARNING,
    claim="for the main thread pthread_getattr_np tells only what is mapped now, about 128 KiB",
    glibc="tells what the stack may grow to (RLIMIT_STACK, usually 8 MiB)",
    musl="tells what is mapped now; for other threads it tells the same as glibc",
    builds="any",
    evidence="an import of pthread_getattr_np",
    remedy="none without a change of the program; start its work in a thread of its own",
    fix="use getrlimit(RLIMIT_STACK) for the main thread",
    references=("musl src/thread/pthread_getattr_np.c",),
    witness="thread-main-stack-probe",
    prove=_prove,
)
