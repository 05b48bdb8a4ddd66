"""gettext in musl: UTF-8 only, no default folder, no $LANGUAGE."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, first, imported, quoted, texts
from muslint.rules.finding import Severity

_LOOK_UPS = ("gettext", "dgettext", "dcgettext", "ngettext", "dngettext", "dcngettext")
_NAMES = (*_LOOK_UPS, "bindtextdomain", "bind_textdomain_codeset")


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("possible", *first(scene, _NAMES))
    for site in scene.calls("bind_textdomain_codeset"):
        for confidence, codeset in texts(site, 1):
            if codeset.upper() not in (b"UTF-8", b"UTF8"):
                yield at(confidence, site, call(site, "…", quoted(codeset)))
    for site in scene.calls("setenv", texts=(b"LANGUAGE",)) if first(scene, _LOOK_UPS) else ():
        if site.string(0) == b"LANGUAGE":
            yield at("likely", site, call(site, quoted(b"LANGUAGE"), "…"))


RULE = Behaviour(
    id="gettext-language",
    title="gettext ignores LANGUAGE, has no default folder and gives UTF-8 only",
    triggers=_NAMES,
    severity=Severity.INFO,
    claim="translations may not be found, and come in UTF-8 only",
    glibc="follows LANGUAGE, looks in /usr/share/locale by itself, converts to the character set asked for",
    musl="ignores LANGUAGE, wants bindtextdomain, and bind_textdomain_codeset refuses all but UTF-8",
    builds="any",
    evidence=(
        "a call of bind_textdomain_codeset with another character set, or one that sets LANGUAGE; with the imports "
        "alone it is possible"
    ),
    remedy="apk add gettext-libs, for programs that can be linked with libintl",
    fix="call bindtextdomain with a folder, and ask for UTF-8",
    references=("musl src/locale/dcngettext.c",),
    witness="gettext-language",
    prove=_prove,
)
