"""Details of streams."""

from __future__ import annotations

import re
from collections.abc import Iterator

from muslint.elf.site import CallSite
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.elsewhere import kept
from muslint.rules.behaviour.sites import at, call, constant, first, imported, quoted, texts, untold
from muslint.rules.finding import Severity

_OPEN = ("fopen", "fopen64", "freopen", "freopen64", "fdopen")
_MODE = re.compile(rb"(?:[rwa%][\w+%]*)?,ccs=[\w.:+%-]*")
"""A mode, or what one is put together from; a text that tells how to write one is none."""
_OTHER = ("setvbuf", "popen", "ungetc", "fmemopen", "open_memstream")


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("possible", *first(scene, (*_OTHER, *_OPEN)))
    conversions = list(scene.strings().holding(b",ccs="))  # else no call can ask for one
    sites = scene.calls(*first(scene, _OPEN) if conversions else (), "popen")
    for site in sites:
        for confidence, mode in texts(site, 1):
            if _differs(site, mode):
                yield at(confidence, site, call(site, "…", quoted(mode)))
    opening = [site for site in sites if site.symbol != "popen"]
    if opening and untold(opening, 1):
        for text in kept(scene, filter(_MODE.fullmatch, conversions)):
            yield constant("likely", opening[0].symbol, text)


def _differs(site: CallSite, mode: bytes) -> bool:
    if site.symbol == "popen":
        return b"r" in mode and (b"+" in mode or b"w" in mode)
    return b",ccs=" in mode


RULE = Behaviour(
    id="stdio-details",
    title='streams: ",ccs=" is ignored, popen takes "r+", buffers of 1 KiB, ungetc of a few bytes',
    triggers=(*_OPEN, *_OTHER),
    severity=Severity.WARNING,
    claim="the stream is opened in another way than glibc opens it",
    glibc='converts by ",ccs="; popen refuses "r+"; buffers of st_blksize bytes, ungetc without limit',
    musl='ignores ",ccs=" (bytes come raw); popen takes "r+"; buffers of 1 KiB that setvbuf(NULL) does not enlarge; '
    "ungetc of 8 bytes; fdopen does not check the mode",
    builds="any",
    evidence='a call of fopen with or beside ",ccs=", of popen with "r+"; with the imports alone it is possible',
    remedy="none without a change of the program",
    fix="convert with iconv; give setvbuf a buffer",
    references=("https://wiki.musl-libc.org/functional-differences-from-glibc.html", "musl src/stdio/fopen.c"),
    witness="stdio-details",
    prove=_prove,
)
