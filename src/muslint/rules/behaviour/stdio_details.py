"""Details of streams."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.elf.site import CallSite
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, first, imported, quoted, texts
from muslint.rules.finding import Severity

_OPEN = ("fopen", "fopen64", "freopen", "freopen64", "fdopen")
_OTHER = ("setvbuf", "popen", "ungetc", "fmemopen", "open_memstream")


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("possible", *first(scene, (*_OTHER, *_OPEN)))
    conversions = any(True for _text in scene.strings().holding(b",ccs="))  # else no call can ask for one
    for site in scene.calls(*first(scene, _OPEN) if conversions else (), "popen"):
        for confidence, mode in texts(site, 1):
            if _differs(site, mode):
                yield at(confidence, site, call(site, "…", quoted(mode)))


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
    evidence='a call of fopen with ",ccs=", of popen with "r+"; with the imports alone it is possible',
    remedy="none without a change of the program",
    fix="convert with iconv; give setvbuf a buffer",
    references=("https://wiki.musl-libc.org/functional-differences-from-glibc.html", "musl src/stdio/fopen.c"),
    witness="stdio-details",
    prove=_prove,
)
