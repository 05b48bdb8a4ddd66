"""Environment variables that only glibc reads."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.elf.site import CallSite
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, quoted, texts
from muslint.rules.finding import Severity

_NAMES = frozenset((
    b"LD_AUDIT", b"LD_BIND_NOT", b"LD_BIND_NOW", b"LD_DEBUG", b"LD_DEBUG_OUTPUT", b"LD_DYNAMIC_WEAK", b"LD_PROFILE",
    b"LD_SHOW_AUXV", b"LD_TRACE_LOADED_OBJECTS", b"GLIBC_TUNABLES", b"MALLOC_ARENA_MAX", b"MALLOC_ARENA_TEST",
    b"MALLOC_CHECK_", b"MALLOC_MMAP_MAX_", b"MALLOC_MMAP_THRESHOLD_", b"MALLOC_PERTURB_", b"MALLOC_TOP_PAD_",
    b"MALLOC_TRIM_THRESHOLD_", b"RES_OPTIONS", b"LOCALDOMAIN", b"GCONV_PATH", b"NIS_PATH",
))  # fmt: skip


def _prove(scene: Scene) -> Iterator[Proof]:
    held = scene.strings().among(_NAMES)
    if "putenv" in scene.imports:
        held += [text for name in _NAMES for text in scene.strings().starting(name + b"=")]
    yield from (proof for site in scene.calls("setenv", "putenv", texts=held) for proof in _at(site))


def _at(site: CallSite) -> Iterator[Proof]:
    for _confidence, text in texts(site, 0):
        if text.partition(b"=")[0] in _NAMES:
            shown = (quoted(text), "…") if site.symbol == "setenv" else (quoted(text),)
            yield at("possible", site, call(site, *shown))


RULE = Behaviour(
    id="ld-env-debug",
    title="Variables that steer glibc have no effect",
    triggers=(
        "setenv",
        "putenv",
    ),
    severity=Severity.INFO,
    claim="the environment variable has no effect: musl does not read it",
    glibc=(
        "LD_DEBUG, LD_AUDIT, LD_BIND_NOW, GLIBC_TUNABLES, MALLOC_…, RES_OPTIONS and others change what the "
        "loader, malloc and the resolver do"
    ),
    musl="reads LD_LIBRARY_PATH and LD_PRELOAD",
    builds="any",
    evidence="a call of setenv or putenv with such a name",
    remedy="set what the program needs in another way: its own options, resolv.conf, another allocator",
    fix="do not rely on these variables",
    references=(
        "musl ldso/dynlink.c",
        "https://musl.libc.org/doc/1.1.24/manual.html",
    ),
    witness="ld-env-debug",
    prove=_prove,
    default=False,
)
