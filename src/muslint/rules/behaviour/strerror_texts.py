"""Texts of error numbers."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.libc.strerror import texts as words
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, first, imported, quoted, texts
from muslint.rules.finding import Severity

_NAMES = ("strerror", "strerror_r", "__xpg_strerror_r", "strerror_l", "perror", "gai_strerror", "regerror", "hstrerror")
_COMPARE = ("strcmp", "strncmp", "strcasecmp", "strncasecmp", "strstr", "strcasestr")


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("possible", *first(scene, _NAMES))
    if not first(scene, ("strerror", "strerror_r", "__xpg_strerror_r", "strerror_l")):
        return
    if not first(scene, _COMPARE):
        return
    known = frozenset(text.encode() for text in words())
    held = scene.strings().among(known)
    for site in scene.calls(*first(scene, _COMPARE), texts=held):
        for index in (0, 1):
            for _confidence, text in texts(site, index):
                if text in known:
                    yield at("likely", site, call(site, "…", quoted(text)))


RULE = Behaviour(
    id="strerror-texts",
    title="half of strerror's texts are worded otherwise",
    triggers=_NAMES,
    severity=Severity.WARNING,
    claim="a text of strerror is compared with glibc's wording, which musl words otherwise",
    glibc='"Cannot allocate memory", "Connection timed out", "Success", "Unknown error 9999"',
    musl='"Out of memory", "Operation timed out", "No error information"',
    builds="any",
    evidence="strerror, and a call of strcmp or strstr with one of those texts; with the import alone it is possible",
    remedy="none without a change of the program",
    fix="compare error numbers, not texts",
    references=("musl src/errno/__strerror.h", "glibc sysdeps/gnu/errlist.h"),
    witness="strerror-texts",
    prove=_prove,
)
