"""A character the target does not have: EILSEQ on glibc, an asterisk and success on musl."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.libc.iconv import split, taken, unicode
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, imported, quoted
from muslint.rules.finding import Severity

_ASCII = frozenset({"ASCII", "US-ASCII", "ANSI_X3.4-1968", "646"})  # every character set here has what they have


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("possible", "iconv")
    for site in scene.calls("iconv_open"):
        to, source = site.string(0), site.string(1)
        if to is None:
            continue
        charset, suffix = split(to)
        if suffix or not charset or unicode(charset) or not taken(charset, scene.musl, write=True):
            continue
        if source is None or split(source)[0] not in _ASCII | {charset}:
            yield at("likely", site, call(site, quoted(to), "…" if source is None else quoted(source)))


RULE = Behaviour(
    id="iconv-unrepresentable-star",
    title="iconv writes * for what the target lacks, and reports success",
    triggers=("iconv",),
    severity=Severity.WARNING,
    claim="a character that the target does not have becomes * and iconv reports success; glibc stops with EILSEQ",
    glibc="returns -1 with EILSEQ and stops before the character",
    musl='writes "*", counts it in the result and goes on',
    builds="any",
    evidence="a call of iconv_open that converts to a character set smaller than Unicode",
    remedy="apk add gnu-libiconv and start the program with LD_PRELOAD=/usr/lib/preloadable_libiconv.so",
    fix="take a result above 0 for loss",
    references=("musl src/locale/iconv.c",),
    witness="iconv-unrepresentable-star",
    prove=_prove,
)
