"""realloc to no size."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call
from muslint.rules.finding import Severity

_DEMANGLER = b"(anonymous namespace)"  # a text of its own


def _prove(scene: Scene) -> Iterator[Proof]:
    for site in scene.calls("realloc", zero=1):
        if site.argument(1) == 0 and site.argument(0) != 0:
            # A function around realloc mostly asks for no size first. LLVM's demangler, which is in all that has
            # libc++abi linked in, has such a call where it never comes.
            known = site.direct and not (_demangles(site.function) if site.function else _DEMANGLER in scene.strings())
            yield at("certain" if known else "possible", site, call(site, "…", "0"))


def _demangles(function: str) -> bool:
    return "itanium_demangle" in function


RULE = Behaviour(
    id="realloc-zero",
    title="realloc(p, 0) returns a block",
    triggers=("realloc",),
    severity=Severity.WARNING,
    claim="realloc(p, 0) returns a block that must be freed: what takes NULL for success leaks or fails",
    glibc="frees the block and returns NULL",
    musl="returns a block of no size",
    builds="any",
    evidence="a call of realloc with size 0",
    remedy="none without a change of the program",
    fix="call free",
    references=("glibc malloc/malloc.c (REALLOC_ZERO_BYTES_FREES)", "musl src/malloc/mallocng/realloc.c"),
    witness="realloc-zero",
    prove=_prove,
)
