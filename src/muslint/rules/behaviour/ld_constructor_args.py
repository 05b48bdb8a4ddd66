"""Constructors that count on being given argc, argv and envp."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.elf.initialisers import DT_INIT_ARRAYSZ, initialisers, takes_arguments
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import is_rust
from muslint.rules.finding import Evidence, Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    if not scene.object.tag(DT_INIT_ARRAYSZ):
        return
    found = [address for address in initialisers(scene.image) if takes_arguments(scene.image, address)]
    if not found:
        return
    # A Rust program has such a constructor, and is given the same again by its main.
    rust = scene.program and is_rust(scene)
    for address in found:
        evidence = (Evidence("data", f"{address:#x}", "in DT_INIT_ARRAY; reads its arguments"),)
        yield Proof("possible" if rust else "certain", None, evidence, f"the function at {address:#x}")


RULE = Behaviour(
    id="ld-constructor-args",
    title="Constructors are given no argc, argv and envp",
    triggers=(),
    severity=Severity.WARNING,
    claim="a constructor that takes argc, argv and envp gets garbage on musl",
    glibc="calls every function of DT_INIT_ARRAY with argc, argv and envp",
    musl="calls them without arguments",
    builds="any",
    evidence="a function of DT_INIT_ARRAY that reads an argument register before it writes it (x86-64, AArch64)",
    remedy="run it on a glibc base image",
    fix="read /proc/self/cmdline and environ; for Rust and Go build for the musl target",
    references=(
        "musl ldso/dynlink.c (do_init_fini), src/env/__libc_start_main.c",
        "https://github.com/golang/go/issues/13492",
        "https://github.com/rust-lang/rust/issues/124126",
        "https://github.com/boost-ext/ut/issues/645",
    ),
    witness="ld-constructor-args",
    prove=_prove,
)
