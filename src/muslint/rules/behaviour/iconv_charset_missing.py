"""Character sets that glibc converts and musl does not know, or knows only to read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from muslint.elf.site import CallSite
from muslint.libc.iconv import split, taken
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.charset_names import TABLE, named
from muslint.rules.behaviour.elsewhere import kept
from muslint.rules.behaviour.sites import at, call, constant, quoted, texts, untold
from muslint.rules.finding import Severity

_TELLING = re.compile(r"(?=.*[A-Z])(?=.*[0-9-])[A-Z0-9_.:()+-]{5,}|MACINTOSH|VISCII|GBK|BIG5|BIGFIVE|EUCKR|EUCTW|UHC")
"""Names that are hardly words of anything else."""

_COMPARED = "ANSI_X3.4-1968"  # programs hold it to compare it with nl_langinfo(CODESET)


def _prove(scene: Scene) -> Iterator[Proof]:
    sites = scene.calls("iconv_open")
    for site in sites:
        yield from _at(scene, site)
    written, read = untold(sites, 0), untold(sites, 1)
    if written or read:
        yield from _beside(scene, written, read)


def _at(scene: Scene, site: CallSite) -> Iterator[Proof]:
    for index in (0, 1):
        for confidence, text in texts(site, index):
            if taken(split(text)[0], scene.musl, write=not index) is False:
                yield at(confidence, site, call(site, *(("…", quoted(text)) if index else (quoted(text), "…"))))


def _beside(scene: Scene, written: bool, read: bool) -> Iterator[Proof]:
    """Names in constants, where some call's own name is not known."""
    directions = [True] * written + [False] * read
    names = named(scene)
    table = len(names) > TABLE
    for text, name in names:
        if name == _COMPARED or not _TELLING.fullmatch(name):
            continue
        missing = [not taken(name, scene.musl, write=write) for write in directions]
        if all(missing) and (table or any(kept(scene, [text]))):
            yield constant("possible" if table else "likely", "iconv_open", text)
        elif any(missing):
            yield constant("possible", "iconv_open", text)


RULE = Behaviour(
    id="iconv-charset-missing",
    title="iconv: character sets that musl does not know, or only reads",
    triggers=("iconv_open",),
    severity=Severity.WARNING,
    claim="iconv_open fails with EINVAL: musl does not convert this character set that way",
    glibc="converts 1,180 names both ways",
    musl="converts from about 140 of them and to about 125: no UTF-7, EBCDIC, Macintosh, EUC-TW, ISO-2022-KR; "
    "GB18030, GBK, Big5 and EUC-KR only to read",
    builds="any",
    evidence="a call of iconv_open with such a name, or the name as a constant beside calls whose names are not known",
    remedy="apk add gnu-libiconv and start the program with LD_PRELOAD=/usr/lib/preloadable_libiconv.so",
    fix="keep to UTF-8, or link GNU libiconv or ICU",
    references=("musl src/locale/iconv.c", "https://github.com/codecasts/php-alpine/issues/39"),
    witness="iconv-charset-missing",
    prove=_prove,
)
