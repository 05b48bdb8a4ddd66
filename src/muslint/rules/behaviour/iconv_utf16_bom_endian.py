"""UTF-16, UTF-32 and UCS-2 without a byte order in the name."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.libc.iconv import ORDER_OPEN, split
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.charset_names import TABLE, named
from muslint.rules.behaviour.elsewhere import kept
from muslint.rules.behaviour.sites import at, call, constant, quoted, texts, untold
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    sites = scene.calls("iconv_open")
    names = ORDER_OPEN if scene.object.ident.little else ORDER_OPEN - {"UCS-2", "UCS2"}
    for site in sites:
        for confidence, to in texts(site, 0):
            if split(to)[0] in names:
                yield at(confidence, site, call(site, quoted(to), "…"))
        for _confidence, source in texts(site, 1):
            if scene.object.ident.little and split(source)[0] in names:  # where the text has a mark musl minds it
                yield at("likely", site, call(site, "…", quoted(source)))
    if untold(sites, 0, 1):
        found = named(scene)
        for text, name in found:
            if name in names and (len(found) > TABLE or any(kept(scene, [text]))):
                yield constant("possible" if len(found) > TABLE else "likely", "iconv_open", text)


RULE = Behaviour(
    id="iconv-utf16-bom-endian",
    title="iconv: UTF-16, UTF-32 and UCS-2 are big-endian without a byte order mark",
    triggers=("iconv_open",),
    severity=Severity.ERROR,
    claim="the bytes come out in the other order and without a byte order mark, and are read so",
    glibc="writes the machine's order with a mark (UCS-2 without), and reads that order where there is no mark",
    musl="writes big-endian without a mark, and reads big-endian where there is no mark",
    builds="any",
    evidence="a call of iconv_open with UTF-16, UTF-32 or UCS-2 and no LE or BE, or that name as a constant",
    remedy="apk add gnu-libiconv and start the program with LD_PRELOAD=/usr/lib/preloadable_libiconv.so",
    fix="name the byte order: UTF-16LE",
    references=("musl src/locale/iconv.c",),
    witness="iconv-utf16-bom-endian",
    prove=_prove,
)
