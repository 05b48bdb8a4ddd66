"""Locale names: any is accepted, and means UTF-8 with the rules of C."""

from __future__ import annotations

import re
from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, first, imported, quoted, texts
from muslint.rules.finding import Severity

_LOCALE = re.compile(rb"[a-z]{2,3}_[A-Z]{2}(\.[A-Za-z0-9-]+)?(@[a-z]+)?")
"""The name of a locale of a country; C, POSIX and C.UTF-8 are none, and two letters alone may be anything."""
_LAST = re.compile(_LOCALE.pattern + rb"\Z")  # linkers put a text into the end of a longer one
_PART = re.compile(rb"_[A-Z]{2}(?<=[a-z]{2}_..)(?![A-Za-z_])")
"""What all of them hold; a search for one byte is a quick one."""


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("possible", *first(scene, ("setlocale", "newlocale")))
    held = list(filter(_LAST.search, scene.strings().around(_PART)))
    for site in scene.calls("setlocale", "newlocale", texts=held) if held else ():
        for _confidence, name in texts(site, 1):
            if _LOCALE.fullmatch(name):
                yield at("likely", site, call(site, "…", quoted(name)))


RULE = Behaviour(
    id="locale-always-accepts",
    title="setlocale and newlocale accept any name, and every locale means UTF-8 with the rules of C",
    triggers=("setlocale", "newlocale"),
    severity=Severity.WARNING,
    claim="the locale is accepted but has no data: no decimal comma, month names, collation or other character set",
    glibc="loads the locale, or returns NULL where it is not installed",
    musl='accepts every name and keeps C\'s rules with UTF-8; setlocale(LC_ALL, "") without variables gives C.UTF-8',
    builds="any",
    evidence="a call of setlocale or newlocale with the name of a language; with the import alone it is possible",
    remedy="none for formats and collation; musl-locales translates messages",
    fix="use ICU for what depends on a language",
    references=(
        "musl src/locale/locale_map.c",
        "https://wiki.musl-libc.org/functional-differences-from-glibc.html",
        "https://github.com/docker-library/postgres/issues/327",
        "https://github.com/timescale/timescaledb-docker/issues/146",
    ),
    witness="locale-always-accepts",
    prove=_prove,
)
