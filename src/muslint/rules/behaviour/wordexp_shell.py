"""wordexp asks a shell."""

from __future__ import annotations

import re
from collections.abc import Iterator

from muslint.elf.site import CallSite
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, imported, number, numbers, quoted
from muslint.rules.finding import Severity

_NOCMD, _UNDEF = 4, 32
_SPECIAL = re.compile(rb"[|&;<>(){}\n]")


def _prove(scene: Scene) -> Iterator[Proof]:
    sites = scene.calls("wordexp")
    if not sites:
        yield imported("likely", "wordexp")
    for site in sites:
        yield _at(site)


def _at(site: CallSite) -> Proof:
    words, flags = site.string(0), number(site, 2)
    shown = "…" if words is None else quoted(words)
    undef = next((sure for sure, choice in numbers(site, 2) if choice & _UNDEF), None)
    if undef is not None and (words is None or b"$" in words):
        return at(undef, site, call(site, shown, "…", "WRDE_UNDEF"))
    if words is None:  # with WRDE_NOCMD both refuse operators
        checked = site.whole(2) and all(choice & _NOCMD for choice in site.choices(2))
        return at("possible" if checked else "likely", site, call(site, shown, "…"))
    refused = _SPECIAL.search(words) and not (flags is not None and flags & _NOCMD)
    return at("certain" if refused else "possible", site, call(site, shown, "…"))


RULE = Behaviour(
    id="wordexp-shell",
    title="wordexp runs /bin/sh, takes operators and ignores WRDE_UNDEF",
    triggers=("wordexp",),
    severity=Severity.WARNING,
    claim="wordexp hands the words to /bin/sh: what glibc refuses (; | newline {) is taken, WRDE_UNDEF ignored",
    glibc="expands by itself and returns WRDE_BADCHAR at operators, WRDE_BADVAL at an unset variable if asked",
    musl="has /bin/sh expand the words; checks them only with WRDE_NOCMD",
    builds="any",
    evidence="a call of wordexp with unknown words or an operator, without WRDE_NOCMD; or with WRDE_UNDEF",
    remedy="none without a change of the program; let no untrusted text reach it",
    fix="pass WRDE_NOCMD, and check the words and variables before the call",
    references=("musl src/misc/wordexp.c",),
    witness="wordexp-shell",
    prove=_prove,
)
