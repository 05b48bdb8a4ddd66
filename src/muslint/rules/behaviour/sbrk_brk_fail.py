"""The program break cannot be moved."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, imported
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    sites = scene.calls("sbrk")
    for site in sites:
        change = site.argument(0)
        if change is None:
            yield at("possible" if 0 in site.choices(0) else "likely", site, call(site, "…"))
        elif change:
            yield at("certain", site, call(site, f"{change}" if change < 1 << 32 else f"{change - (1 << 64)}"))
    for site in scene.calls("brk"):
        yield at("certain", site, call(site, "…"))
    for name in ("sbrk", "brk"):
        if name in scene.imports and not scene.calls(name):
            yield imported("likely", name)


RULE = Behaviour(
    id="sbrk-brk-fail",
    title="sbrk and brk always fail but for sbrk(0)",
    triggers=("sbrk", "brk"),
    severity=Severity.ERROR,
    claim="sbrk and brk fail with ENOMEM: musl keeps the program break to itself",
    glibc="moves the end of the data segment",
    musl="returns -1 with ENOMEM for every change",
    builds="any",
    evidence="a call of brk, or of sbrk with anything but 0",
    remedy="none without a change of the program",
    fix="take memory with mmap",
    references=("musl src/linux/sbrk.c", "musl src/linux/brk.c"),
    witness="sbrk-brk-fail",
    prove=_prove,
)
