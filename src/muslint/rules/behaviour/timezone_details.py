"""Time zones."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import first, imported
from muslint.rules.finding import Severity

_NAMES = ("localtime", "localtime_r", "mktime", "asctime", "asctime_r", "ctime", "ctime_r", "tzset")


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("likely", *first(scene, _NAMES))


RULE = Behaviour(
    id="timezone-details",
    title="names, gaps and leap seconds of time zones",
    triggers=_NAMES,
    severity=Severity.INFO,
    claim="zone names, times in a daylight saving gap and unknown zones differ; without tzdata every zone is UTC",
    glibc="gmtime says GMT; 02:30 in the gap becomes 03:30; localtime_r reads TZ once",
    musl="gmtime says UTC; 02:30 becomes 01:30; localtime_r reads TZ each time; an unknown zone is UTC; "
    "asctime crashes from year 10000",
    builds="any",
    evidence="the import; whether it matters cannot be seen",
    remedy="apk add tzdata",
    fix="keep to UTC inside the program; do not compare zone names",
    references=("musl src/time/__tz.c", "musl src/time/asctime_r.c"),
    witness="timezone-details",
    prove=_prove,
    default=False,
)
