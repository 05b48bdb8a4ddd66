"""regexec writes slots of 16 bytes where a caller built for glibc has room for 8."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.elf.site import CallSite
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, number
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Severity

_NOSUB = 8


def _prove(scene: Scene) -> Iterator[Proof]:
    if scene.object.ident.bits != 64:
        return  # regoff_t is an int on both
    sites = scene.calls("regexec")
    if not sites:
        yield from used(scene, "possible", "regexec")
    elif not _without_slots(scene):
        yield from (proof for site in sites for proof in _at(site))


def _without_slots(scene: Scene) -> bool:
    """Whether every expression is compiled with REG_NOSUB: then no slot is ever written."""
    flags = [number(site, 2) for site in scene.calls("regcomp")]
    return bool(flags) and all(known is not None and known & _NOSUB for known in flags)


def _at(site: CallSite) -> Iterator[Proof]:
    slots = site.argument(2)
    if slots == 0 or site.argument(3) == 0:
        return
    if slots is not None:
        yield at("certain", site, call(site, "…", "…", str(slots), "…"))
    else:
        yield at("likely", site, call(site, "…", "…", "unknown number", "…"))


RULE = Behaviour(
    id="abi-regmatch-size",
    title="regexec overruns the array of matches",
    triggers=("regexec",),
    severity=Severity.ERROR,
    claim=(
        "regexec writes behind the array of matches, and offsets are read wrongly: a slot has 8 bytes in this "
        "file and 16 in musl"
    ),
    glibc="regoff_t is an int: a regmatch_t has 8 bytes",
    musl="regoff_t is a long on 64-bit machines: a regmatch_t has 16 bytes, and regexec fills as many as it is told",
    builds="glibc",
    evidence=(
        "a call of regexec that asks for matches (nmatch not 0), with an expression not compiled with REG_NOSUB; "
        "64-bit machines"
    ),
    remedy=(
        "run it on a glibc base image; gcompat has no wrapper for it; a preloaded library that converts the array works"
    ),
    fix="none is needed: rebuild for musl",
    references=(
        "musl include/regex.h, src/regex/regexec.c",
        "https://wiki.musl-libc.org/functional-differences-from-glibc.html",
        "https://github.com/rdbo/libmem/issues/191",
    ),
    witness="abi-regmatch-size",
    prove=_prove,
)
