"""Keys of thread-specific data."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from used(scene, "possible", "pthread_key_create")


RULE = Behaviour(
    id="thread-keys-max",
    title="128 keys of thread-specific data instead of 1024",
    triggers=("pthread_key_create",),
    severity=Severity.INFO,
    claim="a process can have 128 keys of thread-specific data",
    glibc="PTHREAD_KEYS_MAX is 1024",
    musl="PTHREAD_KEYS_MAX is 128",
    builds="any",
    evidence="an import of pthread_key_create",
    remedy="load fewer plugins into one process",
    fix="use __thread, or one key for many values",
    references=(
        "musl include/limits.h",
        "man 3 pthread_key_create",
    ),
    witness="thread-keys-max",
    prove=_prove,
    default=False,
)
