"""sched_setscheduler and its kin, which musl refuses."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from used(scene, "certain", *RULE.triggers)


RULE = Behaviour(
    id="sched-set-enosys",
    title="sched_setscheduler and its kin always fail",
    triggers=(
        "sched_setscheduler",
        "sched_getscheduler",
        "sched_setparam",
        "sched_getparam",
    ),
    severity=Severity.ERROR,
    claim="the call always fails with ENOSYS",
    glibc="asks the kernel, for one thread",
    musl="fails with ENOSYS: the kernel's calls act on a thread, not on a process as POSIX wants",
    builds="any",
    evidence="an import of one of the four",
    remedy="preload a library that makes the system call; or use chrt before the program",
    fix="use pthread_setschedparam, or syscall(SYS_sched_setscheduler, …)",
    references=(
        "musl src/sched/sched_setscheduler.c",
        "https://github.com/util-linux/util-linux/issues/943",
        "https://github.com/heftig/rtkit/issues/28",
        "https://github.com/rust-lang/libc/issues/4797",
        "https://github.com/OpenRC/openrc/issues/689",
    ),
    witness="sched-set-enosys",
    prove=_prove,
)
