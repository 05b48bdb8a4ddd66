"""Names that sysconf has no value for, or another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from muslint.elf.site import CallSite
from muslint.libc.musl import release_key
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, numbers
from muslint.rules.finding import Severity

_NONE = {
    43: "_SC_LINE_MAX", 69: "_SC_GETGR_R_SIZE_MAX", 70: "_SC_GETPW_R_SIZE_MAX", 87: "_SC_ATEXIT_MAX",
    101: "_SC_CHAR_BIT", 103: "_SC_CHAR_MIN", 102: "_SC_CHAR_MAX", 104: "_SC_INT_MAX", 105: "_SC_INT_MIN",
    106: "_SC_LONG_BIT", 107: "_SC_WORD_BIT", 185: "_SC_LEVEL1_ICACHE_SIZE", 186: "_SC_LEVEL1_ICACHE_ASSOC",
    187: "_SC_LEVEL1_ICACHE_LINESIZE", 188: "_SC_LEVEL1_DCACHE_SIZE", 189: "_SC_LEVEL1_DCACHE_ASSOC",
    190: "_SC_LEVEL1_DCACHE_LINESIZE", 191: "_SC_LEVEL2_CACHE_SIZE", 192: "_SC_LEVEL2_CACHE_ASSOC",
    193: "_SC_LEVEL2_CACHE_LINESIZE", 194: "_SC_LEVEL3_CACHE_SIZE", 195: "_SC_LEVEL3_CACHE_ASSOC",
    196: "_SC_LEVEL3_CACHE_LINESIZE", 197: "_SC_LEVEL4_CACHE_SIZE", 198: "_SC_LEVEL4_CACHE_ASSOC",
    199: "_SC_LEVEL4_CACHE_LINESIZE",
}  # fmt: skip
"""Numbers (the same in both headers) for which musl has -1 and glibc a value."""

_SIGNAL_STACK = {249: "_SC_MINSIGSTKSZ", 250: "_SC_SIGSTKSZ"}  # from musl 1.2.4 on

_CONFIGURED = 83  # _SC_NPROCESSORS_CONF
_OTHER = {
    0: ("_SC_ARG_MAX", "131072, glibc 2097152"), 3: ("_SC_NGROUPS_MAX", "32, glibc 65536"),
    44: ("_SC_RE_DUP_MAX", "255, glibc 32767"), 74: ("_SC_THREAD_KEYS_MAX", "128, glibc 1024"),
    75: ("_SC_THREAD_STACK_MIN", "2048, glibc 16384"), 180: ("_SC_HOST_NAME_MAX", "255, glibc 64"),
}  # fmt: skip


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from (proof for site in scene.calls("sysconf") for proof in _at(scene, site))


def _at(scene: Scene, site: CallSite) -> Iterator[Proof]:
    for confidence, name in numbers(site, 0):
        if name in _NONE:
            # What asks whether there is a value has one of its own where there is none.
            yield at("possible" if site.checked else confidence, site, f"{call(site, _NONE[name])} is -1")
        elif name in _SIGNAL_STACK and scene.musl is not None and release_key(scene.musl) < (1, 2, 4):
            yield at(confidence, site, f"{call(site, _SIGNAL_STACK[name])} is -1")
        elif name == _CONFIGURED:
            shown = f"{call(site, '_SC_NPROCESSORS_CONF')} counts the processors it may run on"
            yield replace(at("likely", site, shown), severity=Severity.INFO)
        elif name in _OTHER:
            shown, value = _OTHER[name]
            yield at("possible", site, f"{call(site, shown)} is {value}")


RULE = Behaviour(
    id="sysconf-values",
    title="sysconf answers -1 for several names, and other values",
    triggers=("sysconf",),
    severity=Severity.WARNING,
    claim="sysconf has no value for this name and returns -1 (a size of -1, if it is not checked), or another value",
    glibc="1024 for _SC_GETPW_R_SIZE_MAX, 2048 for _SC_LINE_MAX, the processor's cache sizes",
    musl="-1 for them; _SC_NGROUPS_MAX 32, _SC_ARG_MAX 131072; _SC_MINSIGSTKSZ only from 1.2.4",
    builds="any",
    evidence="a call of sysconf with such a name; one whose result is held against 0 or -1 first is possible",
    remedy="none without a change of the program",
    fix="handle -1 with a value of one's own",
    references=("musl src/conf/sysconf.c",),
    witness="sysconf-values",
    prove=_prove,
)
