"""The C locale's character set has another name and takes every byte."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import constant, first, imported
from muslint.rules.finding import Severity

_NAME = b"ANSI_X3.4-1968"
_BYTES = ("mbtowc", "mbrtowc", "btowc", "mbstowcs")


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("possible", *first(scene, ("nl_langinfo", *_BYTES)))
    if "nl_langinfo" in scene.imports and _NAME in scene.strings():
        yield constant("likely", "nl_langinfo", _NAME)


RULE = Behaviour(
    id="codeset-name-c-locale",
    title='in the C locale nl_langinfo(CODESET) is "ASCII", and bytes above 127 are characters',
    triggers=("nl_langinfo", *_BYTES),
    severity=Severity.INFO,
    claim='the C locale calls itself "ASCII", not "ANSI_X3.4-1968", and takes bytes above 127',
    glibc='nl_langinfo(CODESET) is "ANSI_X3.4-1968"; mbtowc fails at a byte above 127',
    musl='nl_langinfo(CODESET) is "ASCII"; such bytes become U+DF80 to U+DFFF; iconv_open refuses "ANSI_X3.4-1968"',
    builds="any",
    evidence='the constant "ANSI_X3.4-1968" beside nl_langinfo; with the imports alone it is possible',
    remedy="set LANG=C.UTF-8",
    fix="take ASCII, US-ASCII and ANSI_X3.4-1968 for the same",
    references=("musl src/locale/langinfo.c", "POSIX.1-2008 TC2: the C locale has single-byte characters"),
    witness="codeset-name-c-locale",
    prove=_prove,
)
