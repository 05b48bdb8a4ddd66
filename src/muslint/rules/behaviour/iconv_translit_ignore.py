"""``iconv_open`` with //TRANSLIT or //IGNORE: musl knows no suffix."""

from __future__ import annotations

import re
from collections.abc import Iterator

from muslint.elf.flow import Body
from muslint.elf.values import only
from muslint.libc.iconv import split, taken
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.elsewhere import kept
from muslint.rules.behaviour.sites import at, call, constant, quoted, texts, untold
from muslint.rules.finding import Evidence, Severity

_SUFFIXES = (b"//TRANSLIT", b"//IGNORE", b"//translit", b"//ignore", b"//Translit", b"//Ignore")

_NAME = re.compile(rb"[\w.:+%-]*//(?:TRANSLIT|IGNORE)[/,\w%]*", re.I)
"""A name with a suffix, or what one is made of by printf; a message that speaks of a suffix is none."""

_WRITTEN = {
    "//TRANSLIT": re.compile(rb"[\x48\x49][\xb8-\xbf]//TRANSL|\xc7.{1,6}?//TR.{2,7}ANSL", re.S),
    "//IGNORE": re.compile(rb"[\x48\x49][\xb8-\xbf]//IGNORE|\xc7.{1,6}?//IG.{2,7}NORE", re.S),
}
"""The instructions of x86 that append a suffix: a number of eight bytes, or two of four."""


def _prove(scene: Scene) -> Iterator[Proof]:
    sites = scene.calls("iconv_open")
    for site in sites:
        for index in (0, 1):
            for confidence, text in texts(site, index):
                charset, suffix = split(text)
                if suffix and (not charset or taken(charset, scene.musl, write=True) is not None):
                    yield at(confidence, site, call(site, *(("…", quoted(text)) if index else (quoted(text), "…"))))
    if untold(sites, 0, 1):
        for mark in _SUFFIXES:
            # What looks for a suffix mostly hands it on, as PHP's module does.
            for found in kept(scene, filter(_NAME.fullmatch, scene.strings().holding(mark)), compared=()):
                if not _cut_off(scene, found):
                    yield constant("likely", "iconv_open", found)
        for suffix, written in _WRITTEN.items():
            begun = suffix[:4].encode()  # found much sooner than the instruction
            if any(begun in part.content and written.search(part.content) for part in scene.image.code()):
                yield Proof("likely", "iconv_open", (Evidence("data", "code", f"writes {suffix}"),), f'"{suffix}"')


def _cut_off(scene: Scene, suffix: bytes) -> bool:
    """Whether all code that holds a suffix looks for it in a name, and ends the name where it is."""
    if any(kept(scene, (suffix,))):
        return False
    code = scene.code()
    holders = code.pointing(scene.strings().spans((suffix,)))
    return bool(holders) and all(_ends(code.body(start)) for start in holders)


def _ends(body: Body) -> bool:
    """Whether a function writes a NUL to where it has found a text."""
    return any(
        store.size == 1
        and body.value(store.value, number) == only(0)
        and body.called(store.address, number) in ("strstr", "strcasestr")
        for number, store in body.stores()
    )


RULE = Behaviour(
    id="iconv-translit-ignore",
    title="iconv_open with //TRANSLIT or //IGNORE fails",
    triggers=("iconv_open",),
    severity=Severity.ERROR,
    claim="iconv_open fails with EINVAL: musl knows no //TRANSLIT and no //IGNORE",
    glibc="transliterates or leaves out what the target lacks",
    musl="iconv_open returns -1 with EINVAL for any suffix",
    builds="any",
    evidence="a call of iconv_open with such a name, or the suffix in a constant beside one",
    remedy="apk add gnu-libiconv and start the program with LD_PRELOAD=/usr/lib/preloadable_libiconv.so",
    fix="link GNU libiconv, or transliterate in the program",
    references=(
        "musl src/locale/iconv.c",
        "https://github.com/docker-library/php/issues/240",
        "https://github.com/docker-library/php/issues/1495",
        "https://github.com/nette/utils/issues/109",
        "https://github.com/api-platform/api-platform/issues/1532",
    ),
    witness="iconv-translit-ignore",
    prove=_prove,
)
