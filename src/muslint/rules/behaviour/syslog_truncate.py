"""Long messages to syslog."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import first, imported
from muslint.rules.finding import Severity

_NAMES = ("syslog", "vsyslog", "__syslog_chk", "__vsyslog_chk")


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("likely", *first(scene, _NAMES))


RULE = Behaviour(
    id="syslog-truncate",
    title="syslog cuts messages at 1,024 bytes, stamps UTC and adds a newline",
    triggers=_NAMES,
    severity=Severity.INFO,
    claim="a message longer than 1,024 bytes is cut, and its time is UTC",
    glibc="sends the whole message, with local time",
    musl="sends 1,024 bytes, with UTC and a newline at the end",
    builds="any",
    evidence="the import; whether it matters cannot be seen",
    remedy="none without a change of the program",
    fix="split long messages",
    references=("musl src/misc/syslog.c",),
    witness="syslog-truncate",
    prove=_prove,
    default=False,
)
