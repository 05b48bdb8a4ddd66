"""GNU conversions of strptime."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.elf.site import CallSite
from muslint.libc.strftime import conversions, only_read, unread
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.elsewhere import kept
from muslint.rules.behaviour.sites import at, call, constant, first, imported, plain, quoted, texts, untold
from muslint.rules.finding import Severity

_NAMES = ("strptime", "strptime_l", "__strptime_l")
_FORMAT = 1  # its place among the arguments


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("possible", *first(scene, _NAMES))  # the weekday and the day of the year stay as they were
    sites = scene.calls(*_NAMES)
    for site in sites:
        for confidence, text in texts(site, _FORMAT):
            yield from _at(scene, site, confidence, text)
    if untold(sites, _FORMAT):
        for letter in (b"%F", b"%z", b"%Z", b"%s", b"%k", b"%l"):
            held = scene.strings().holding(letter)
            for text in kept(scene, (text for text in held if plain(text) and only_read(text, scene.musl))):
                yield constant("likely", first(scene, _NAMES)[0], text)


def _at(scene: Scene, site: CallSite, confidence: str, text: bytes) -> Iterator[Proof]:
    letters = {conversion.letter for conversion in conversions(text)}
    shown = call(site, "…", quoted(text), "…")
    if conversion := unread(text, scene.musl):
        yield at(confidence, site, f"{conversion} in {shown}")
    elif b"s" in letters:  # 1.2.6 reads it but sets nothing
        yield at(confidence, site, f"%s in {shown}")
    elif letters & {b"z", b"Z"}:  # 1.2.6 takes +0200 only, and no name but those of tzname
        yield at("likely", site, shown)


RULE = Behaviour(
    id="strptime-gnu",
    title="strptime lacks %F, %z, %Z, %s, %k, %l and the modifiers E and O; it works out no weekday",
    triggers=_NAMES,
    severity=Severity.WARNING,
    claim="strptime returns NULL or sets nothing: musl does not read this conversion as glibc does",
    glibc="reads %F %z %Z %s %k %l %u %V, flags and E/O; works out tm_wday and tm_yday",
    musl="returns NULL at them; 1.2.6 reads %F %g %G %u %V %z (+hhmm) and a %Z of tzname, and %s without effect; "
    "tm_wday and tm_yday stay as they were",
    builds="any",
    evidence="a call with such a format, or a constant that can only be a time format with one",
    remedy="none without a change of the program",
    fix="parse those fields by hand; call timegm for the weekday",
    references=("musl src/time/strptime.c", "musl commit fced99e9", "https://github.com/wolfcw/libfaketime/issues/259"),
    witness="strptime-gnu",
    prove=_prove,
)
