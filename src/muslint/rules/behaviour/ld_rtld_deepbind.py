"""RTLD_DEEPBIND, which musl ignores."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.elf.site import CallSite
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, number, quoted
from muslint.rules.finding import Severity

_DEEPBIND = 8


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from (proof for site in scene.calls("dlopen") for proof in _at(site))


def _at(site: CallSite) -> Iterator[Proof]:
    flags, name = number(site, 1), site.string(0)
    shown = call(site, "…" if name is None else quoted(name), "… | RTLD_DEEPBIND")
    if flags is not None and flags & _DEEPBIND:
        yield at("certain", site, shown)
    elif flags is None and any(choice & _DEEPBIND and choice < 1 << 16 for choice in site.choices(1)):
        yield at("likely", site, shown)


RULE = Behaviour(
    id="ld-rtld-deepbind",
    title="RTLD_DEEPBIND is ignored",
    triggers=("dlopen",),
    severity=Severity.WARNING,
    claim="RTLD_DEEPBIND is ignored: the library is bound to names of the program where both have them",
    glibc="the library prefers its own definitions and those of its dependencies",
    musl="takes the flag and ignores it: the program's definitions come first",
    builds="any",
    evidence="a call of dlopen with that flag",
    remedy="run it on a glibc base image",
    fix="link the plugin with -Bsymbolic, or hide its names",
    references=(
        "https://github.com/valkey-io/valkey/issues/1705",
        "https://github.com/mlverse/torch/issues/1267",
        "https://github.com/uxlfoundation/oneTBB/pull/684",
    ),
    witness="ld-rtld-deepbind",
    prove=_prove,
)
