"""Threads that are given no stack size."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.elf.stack import Need, Stacks
from muslint.elf.vtables import overriding
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Evidence, Severity

DEFAULT = 128 << 10  # bytes; musl src/internal/pthread_impl.h, since 1.1.21
_ENOUGH = 256 << 10  # a size in PT_GNU_STACK from which on somebody has thought of it
_MUCH = 64 << 10  # bytes of known frames from which on it gets tight
_SETS_SIZE = frozenset(("pthread_attr_setstacksize", "pthread_attr_setstack", "pthread_setattr_default_np"))
_ASKS_SIZE = frozenset(("pthread_attr_getstacksize", "pthread_attr_getstack"))
_CXX = "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE"


def _prove(scene: Scene) -> Iterator[Proof]:
    stack = scene.object.gnu_stack
    if scene.imports & _SETS_SIZE or (stack is not None and stack.memsz >= _ENOUGH):
        return
    stacks = Stacks(scene.code(), scene.object.ident.machine, pointers=_CXX in scene.imports and scene.program)
    threads, classes = list(_threads(scene, stacks)), list(_classes(scene, stacks))
    # Go's threads run Go on stacks of its own.
    if any(note.owner == "Go" for note in scene.object.notes):
        confidence = "possible"
    else:
        yield from (*threads, *classes)
        known = len(threads) == len(scene.calls("pthread_create")) > 0 or not scene.imports & {"pthread_create"}
        asks = scene.imports & (_ASKS_SIZE | {"thrd_create"}) or (_CXX in scene.imports and not classes)
        # A library's threads belong to who uses it: only what is seen of them counts.
        confidence = "likely" if scene.program and (asks or not known) else "possible"
    for proof in used(scene, confidence, *RULE.triggers):
        yield Proof(proof.confidence, proof.symbol, proof.evidence, proof.detail, Severity.INFO)


def _threads(scene: Scene, stacks: Stacks) -> Iterator[Proof]:
    """A proof for each call that starts a thread with a function that is known: what that may need."""
    for site in scene.calls("pthread_create"):
        start = site.argument(2)
        if start is not None and scene.image.at(start, 1):
            yield _started(scene, stacks, site.symbol, site.where, start)


def _classes(scene: Scene, stacks: Stacks) -> Iterator[Proof]:
    """A proof for each function that std::thread starts: ``_M_run`` of a class for each kind of it."""
    if _CXX in scene.imports and scene.can_disassemble:
        known = scene.code()
        for start in overriding(scene.image, known.slots, "_ZTINSt6thread6_StateE", 2):  # behind two destructors
            yield _started(scene, stacks, _CXX, known.places.where(start), start)


def _started(scene: Scene, stacks: Stacks, symbol: str, where: str, start: int) -> Proof:
    confidence, text = _judged(stacks.need(start), symbol == _CXX and scene.program)
    severity = Severity.ERROR if confidence == "certain" else Severity.INFO if "pointers" in text else Severity.WARNING
    return Proof(confidence, symbol, (Evidence("call-site", where, text),), text, severity)


def _judged(wanted: Need, cxx: bool) -> tuple[str, str]:
    if wanted.own >= DEFAULT:
        return "certain", f"starts a thread with {wanted.own >> 10} KiB of local variables"
    if wanted.deepest >= _MUCH:
        return "likely", f"starts a thread whose functions have {wanted.deepest >> 10} KiB of local variables"
    if wanted.recursive:
        return "likely", "starts a thread with recursive functions"
    if wanted.variable:
        return "likely", "starts a thread with local variables of unknown size"
    if wanted.hidden and cxx:
        return "likely", "starts a thread that calls functions by pointers"
    return "possible", "starts a thread"


RULE = Behaviour(
    id="thread-default-stack",
    title="A thread gets a stack of 128 KiB",
    triggers=("pthread_create", "thrd_create", _CXX),
    severity=Severity.ERROR,
    claim="threads of this file get a stack of 128 KiB: deep recursion or big local variables crash",
    glibc="a thread that is given no size gets what the stack limit says, usually 8 MiB",
    musl="gives a thread 128 KiB, unless PT_GNU_STACK asks for more (p_memsz, up to 8 MiB)",
    builds="any",
    evidence=(
        "a call of pthread_create in a file that sets no stack size, also not in PT_GNU_STACK, with a function that "
        "needs much: big frames, recursion, arrays of unknown size; in a program, an unknown one is information; "
        "with -v, any such call"
    ),
    remedy="give the file a stack size: PT_GNU_STACK with p_memsz 8388608, which musl reads",
    fix="pthread_attr_setstacksize, or link with -Wl,-z,stack-size=8388608",
    references=(
        "musl src/thread/default_attr.c, ldso/dynlink.c",
        "https://wiki.musl-libc.org/functional-differences-from-glibc.html",
        "https://github.com/ElementsProject/elements/issues/1299",
        "https://github.com/opengrep/opengrep/pull/563",
        "https://github.com/rakshasa/libtorrent/pull/694",
        "https://github.com/aws/aws-lc/issues/3210",
        "https://github.com/PowerDNS/pdns/issues/2056",
        "https://github.com/libuv/libuv/issues/1507",
    ),
    witness="thread-default-stack",
    prove=_prove,
)
