"""A mutex that is recursive from the start, by glibc's layout."""

from __future__ import annotations

import re
from collections.abc import Iterator

from muslint.elf.image import Range
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.finding import Evidence, Severity

_KINDS = {1: "PTHREAD_MUTEX_RECURSIVE", 2: "PTHREAD_MUTEX_ERRORCHECK"}  # 3, adaptive, is a normal one to musl as well

_KIND = 16  # bytes before the kind
_OTHERS = frozenset((0, 8, 24, 32))  # where the other words of one begin that are set to 0
_NEAR = 64  # bytes of code
_SET = re.compile(rb"\xc7\x05(....)([\1\2])\0\0\0", re.S)
"""``movl $1, variable``, as x86-64 does it."""


def _prove(scene: Scene) -> Iterator[Proof]:
    mutexes = {address: kind for address, kind in scene.data().static_mutexes() if kind in _KINDS}
    mutexes.update(_written(scene))
    if mutexes:
        yield from _locked(scene, mutexes)


def _written(scene: Scene) -> Iterator[tuple[int, int]]:
    """(address, kind) of variables whose fifth word C++ sets to a kind when it runs: static objects in functions, and
    those that are made before ``main``."""
    if scene.object.arch != "x86_64" or not any(name.startswith("libstdc++") for name in scene.object.needed):
        return
    for part in scene.image.code():
        for found in _SET.finditer(part.content):
            place = part.address + found.end() + int.from_bytes(found[1], "little", signed=True)
            aligned = place % scene.image.word_size == 0
            if aligned and _made(part, found.start(), place - _KIND) and scene.image.variable(place, 4):
                yield place - _KIND, found[2][0]


def _made(part: Range, at: int, mutex: int) -> bool:
    """Whether an instruction near a place writes another word of a mutex, as its constructor does."""
    content, first = part.content, part.address
    for near in range(max(at - _NEAR, 0), min(at + _NEAR, len(content) - 4)):
        target = first + near + 4 + int.from_bytes(content[near : near + 4], "little", signed=True)
        # A constant of four bytes may stand behind the distance.
        if target - mutex in _OTHERS or target + 4 - mutex in _OTHERS:
            return True
    return False


def _locked(scene: Scene, mutexes: dict[int, int]) -> Iterator[Proof]:
    """A call that locks one of them: other data may merely look like a mutex."""
    for site in scene.calls(*RULE.triggers, addresses=mutexes):
        for address in mutexes:
            if site.may(0, address):
                text = f"locks a static {_KINDS[mutexes[address]]} at {address:#x}"
                evidence = (Evidence("call-site", site.where, text), Evidence("data", f"{address:#x}", "the mutex"))
                yield Proof("certain", site.symbol, evidence, f"{site.symbol} of a static {_KINDS[mutexes[address]]}")


RULE = Behaviour(
    id="abi-static-recursive-mutex",
    title="A mutex initialised as recursive or error-checking is a normal one",
    triggers=(
        "pthread_mutex_lock",
        "pthread_mutex_trylock",
        "pthread_mutex_timedlock",
        "pthread_mutex_clocklock",
    ),
    severity=Severity.ERROR,
    claim="the mutex is a normal one on musl: locking it again by its owner hangs for ever",
    glibc=(
        "keeps the kind in the fifth word of a pthread_mutex_t; PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP writes it there"
    ),
    musl="keeps the kind in the first word, which the initialiser left 0; a kind set by pthread_mutex_init is fine",
    builds="glibc",
    evidence="a call that locks a variable which holds such an initialiser (std::recursive_mutex has it too)",
    remedy="run it on a glibc base image; gcompat does not change this",
    fix=(
        "none is needed for std::recursive_mutex: rebuild for musl; in C use pthread_mutexattr_settype and "
        "pthread_mutex_init"
    ),
    references=(
        "glibc sysdeps/nptl/pthread.h",
        "musl src/thread/pthread_mutex_lock.c",
        "https://github.com/microsoft/mystikos/pull/355",
        "https://github.com/microsoft/mystikos/issues/356",
    ),
    witness="abi-static-recursive-mutex",
    prove=_prove,
)
