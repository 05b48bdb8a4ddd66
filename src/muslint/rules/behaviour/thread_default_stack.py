"""Threads that are given no stack size."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from muslint.elf.functions import Functions
from muslint.elf.machine import EM_AARCH64, EM_X86_64
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import call
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Evidence, Severity

DEFAULT = 128 << 10  # bytes; musl src/internal/pthread_impl.h, since 1.1.21
_ENOUGH = 256 << 10  # a size in PT_GNU_STACK from which on somebody has thought of it
_SETS_SIZE = frozenset(("pthread_attr_setstacksize", "pthread_attr_setstack", "pthread_setattr_default_np"))
_SUB_RSP = re.compile(rb"\x48\x81\xec(....)", re.S)  # sub rsp, imm32
_LEA_R11 = re.compile(rb"\x4c\x8d\x9c\x24(....)", re.S)  # lea r11, [rsp - imm32]: a frame that is probed page by page
_THREAD = "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE"


def _prove(scene: Scene) -> Iterator[Proof]:
    stack = scene.object.gnu_stack
    if scene.imports & _SETS_SIZE or (stack is not None and stack.memsz >= _ENOUGH):
        return
    big = list(_big_frames(scene))
    if big:
        yield from big
        return
    for proof in used(scene, "likely", *RULE.triggers):
        yield Proof(proof.confidence, proof.symbol, proof.evidence, proof.detail, Severity.WARNING)


def _big_frames(scene: Scene) -> Iterator[Proof]:
    """Threads whose first function has a frame that does not fit."""
    functions: Functions | None = None
    for site in scene.calls("pthread_create"):
        start = site.argument(2)
        if start is None:
            continue
        functions = functions or Functions(scene.image)
        bounds = functions.around(start)
        code = scene.image.at(start, min(bounds.end - start, 4096)) if bounds.start == start else None
        size = frame_size(code, scene.object.ident.machine) if code else 0
        if size >= DEFAULT:
            text = f"starts a thread whose first function has {size >> 10} KiB of local variables"
            evidence = (Evidence("call-site", site.where, text),)
            yield Proof(
                "certain", site.symbol, evidence, call(site, "…", f"a function with {size >> 10} KiB of locals")
            )


def frame_size(code: bytes, machine: int) -> int:
    """The largest frame, in bytes, that the beginning of a function makes; 0 where none is seen."""
    if machine == EM_X86_64:
        found = [int.from_bytes(match[1], "little") for match in _SUB_RSP.finditer(code[:256])]
        found += [-int.from_bytes(match[1], "little", signed=True) for match in _LEA_R11.finditer(code[:256])]
        return max((size for size in found if 0 < size < 1 << 31), default=0)
    if machine == EM_AARCH64:
        words = (word for (word,) in struct.iter_unpack("<I", code[: min(len(code), 256) & ~3]))
        # sub xN, sp, #imm, lsl #12, where N is 31 for the stack pointer itself
        return max(((word >> 10 & 0xFFF) << 12 for word in words if word & 0xFFC003E0 == 0xD14003E0), default=0)
    return 0


RULE = Behaviour(
    id="thread-default-stack",
    title="A thread gets a stack of 128 KiB",
    triggers=("pthread_create", "thrd_create", _THREAD),
    severity=Severity.ERROR,
    claim="threads of this file get a stack of 128 KiB: deep recursion or big local variables crash",
    glibc="a thread that is given no size gets what the stack limit says, usually 8 MiB",
    musl="128 KiB, or what PT_GNU_STACK of the program or of a library asks for (p_memsz), up to 8 MiB",
    builds="any",
    evidence=(
        "an import of pthread_create, and of nothing that sets a stack size, and no size in PT_GNU_STACK; certain "
        "where the thread's first function has more local variables than fit"
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
