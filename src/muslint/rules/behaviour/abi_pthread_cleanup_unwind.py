"""Threads that end by unwinding their stack, and musl's, which do not."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Evidence, Severity

_PERSONALITIES = ("__gcc_personality_v0", "__gxx_personality_v0", "__gcc_personality_sj0", "__gxx_personality_sj0")


def _prove(scene: Scene) -> Iterator[Proof]:
    cleans = _cleans_up(scene)
    if cleans is None:
        return
    for proof in used(scene, "likely", *RULE.triggers):
        yield Proof(proof.confidence, proof.symbol, (*proof.evidence, cleans), proof.detail)


def _cleans_up(scene: Scene) -> Evidence | None:
    """What shows that functions of this file have something to do when they are unwound."""
    for name in _PERSONALITIES:
        if name in scene.imports:
            return Evidence("import", name, "functions with cleanups or destructors")
    # The augmentation string of a CIE with a personality routine and LSDAs (LSB "Exception Frames"); the routine
    # itself may be linked in.
    for prefix in (b"zPLR", b"zPL"):
        for text in scene.strings().holding(prefix):
            if text.removeprefix(b"\x01") in (b"zPLR", b"zPL", b"zPLRS"):
                return Evidence("data", ".eh_frame", "functions with cleanups or destructors")
    return None


RULE = Behaviour(
    id="abi-pthread-cleanup-unwind",
    title="A thread that is cancelled or exits runs no destructors",
    triggers=(
        "pthread_cancel",
        "pthread_exit",
    ),
    severity=Severity.ERROR,
    claim="a thread that ends this way runs no destructors and no cleanup handlers: what it holds stays locked or open",
    glibc=(
        "unwinds the stack of the thread: C++ destructors, cleanup attributes and handlers of code built with "
        "-fexceptions run"
    ),
    musl="calls only what its own pthread_cleanup_push registered",
    builds="any",
    evidence="a call of pthread_cancel or pthread_exit in a file with cleanups (a personality routine)",
    remedy="run it on a glibc base image",
    fix="do not cancel threads: set a flag and return; a rebuild cures only pthread_cleanup_push in C",
    references=(
        "musl src/thread/pthread_cancel.c",
        "man 3 pthread_cleanup_push",
    ),
    witness="abi-pthread-cleanup-unwind",
    prove=_prove,
)
