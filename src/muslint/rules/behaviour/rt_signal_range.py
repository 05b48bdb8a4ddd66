"""Signal 34, which musl keeps for itself."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, numbers
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Severity

_FIRST = 34  # SIGRTMIN of glibc; SIGTIMER, SIGCANCEL and SIGSYNCCALL of musl are 32, 33 and 34
_SET = ("sigaction", "signal", "bsd_signal", "sigset")


def _prove(scene: Scene) -> Iterator[Proof]:
    found = [
        at(confidence, site, call(site, str(_FIRST), "…"))
        for site in scene.calls(*_SET, number=_FIRST)
        for confidence, signal in numbers(site, 0)
        if signal == _FIRST
    ]
    yield from found
    if not found:
        yield from used(scene, "possible", "__libc_current_sigrtmin")


RULE = Behaviour(
    id="rt-signal-range",
    title="Signal 34 belongs to musl",
    triggers=(
        "sigaction",
        "signal",
        "bsd_signal",
        "sigset",
        "__libc_current_sigrtmin",
    ),
    severity=Severity.WARNING,
    claim="signal 34 cannot be caught: musl keeps it for itself, SIGRTMIN is 35 there",
    glibc="SIGRTMIN is 34",
    musl="SIGRTMIN is 35; sigaction(34) fails with EINVAL",
    builds="any",
    evidence=(
        "a call of sigaction or signal with the number 34; with -v, any use of SIGRTMIN: there is one real-time "
        "signal less"
    ),
    remedy="none without a change of the program",
    fix="use SIGRTMIN, not a number",
    references=(
        "musl src/signal/sigaction.c",
        "man 7 signal",
    ),
    witness="rt-signal-range",
    prove=_prove,
)
