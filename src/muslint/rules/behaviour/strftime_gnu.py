"""GNU conversions and flags of strftime."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.libc.strftime import gnu_only, lost, unpadded
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.elsewhere import kept
from muslint.rules.behaviour.sites import at, call, constant, first, plain, quoted, texts, untold
from muslint.rules.finding import Severity

_NAMES = ("strftime", "strftime_l", "__strftime_l")
_FORMAT = 2  # its place among the arguments
_LONGEST = 48  # bytes of a constant that is taken for a format; longer ones explain formats


def _prove(scene: Scene) -> Iterator[Proof]:
    sites = scene.calls(*_NAMES)
    for site in sites:
        for confidence, text in texts(site, _FORMAT):
            # Behind a branch a text may be the program's own, which has no conversions.
            sure = site.direct or gnu_only(text)
            if sure and (conversion := lost(text) or unpadded(text)):
                yield at(confidence, site, f"{conversion} in {call(site, '…', '…', quoted(text), '…')}")
    for site in scene.calls("wcsftime"):
        for text in site.wide(_FORMAT):
            if conversion := lost(text) or unpadded(text):
                yield at("likely", site, f"{conversion} in {call(site, '…', '…', f'L{quoted(text)}', '…')}")
    if first(scene, _NAMES) and untold(sites, _FORMAT):
        for letter in (b"%k", b"%l", b"%P", b"%^", b"%#"):
            held = scene.strings().holding(letter)
            for text in kept(scene, (text for text in held if len(text) < _LONGEST and plain(text) and gnu_only(text))):
                yield constant("likely", first(scene, _NAMES)[0], text)


RULE = Behaviour(
    id="strftime-gnu",
    title="strftime returns nothing for %k, %l, %P, %+ and for the flags ^ and #",
    triggers=(*_NAMES, "wcsftime"),
    severity=Severity.ERROR,
    claim="strftime returns 0 or other text: musl does not know this conversion, or ignores its width",
    glibc="knows %k %l %P, the flags ^ and # and widths; prints what it does not know as it stands",
    musl="returns 0 at what it does not know, and the whole text is lost; ignores widths but those of C F G Y",
    builds="any",
    evidence="a call with such a format, or a constant that can only be one beside calls with unknown formats",
    remedy="none without a change of the program",
    fix="use %H or %I, and change case or trim afterwards",
    references=("musl src/time/strftime.c", "https://github.com/iron-io/dockers/issues/42"),
    witness="strftime-gnu",
    prove=_prove,
)
