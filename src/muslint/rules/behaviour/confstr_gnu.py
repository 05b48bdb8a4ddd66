"""confstr does not know the GNU names."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, numbers
from muslint.rules.finding import Severity

_NAMES = {2: "_CS_GNU_LIBC_VERSION", 3: "_CS_GNU_LIBPTHREAD_VERSION"}


def _prove(scene: Scene) -> Iterator[Proof]:
    for site in scene.calls("confstr"):
        for confidence, name in numbers(site, 0):
            if name in _NAMES:
                yield at(confidence, site, call(site, _NAMES[name], "…"))


RULE = Behaviour(
    id="confstr-gnu",
    title="confstr(_CS_GNU_LIBC_VERSION) fails",
    triggers=("confstr",),
    severity=Severity.INFO,
    claim="confstr returns 0 with EINVAL and leaves the buffer as it was: the program does not learn the C library",
    glibc='"glibc 2.36"',
    musl="returns 0 with EINVAL; the buffer is untouched",
    builds="any",
    evidence="a call of confstr with that name",
    remedy="none needed where the program takes no answer for another C library",
    fix="check the result",
    references=("musl src/conf/confstr.c",),
    witness="confstr-gnu",
    prove=_prove,
)
