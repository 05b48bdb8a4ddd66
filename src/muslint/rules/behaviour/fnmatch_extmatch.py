"""FNM_EXTMATCH."""

from __future__ import annotations

import re
from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, listed, numbers, quoted
from muslint.rules.finding import Severity

_EXTMATCH = 1 << 5
_EXTENDED = re.compile(rb"[?*+@!]\(")


def _prove(scene: Scene) -> Iterator[Proof]:
    for site in scene.calls("fnmatch"):
        pattern, patterns = site.string(0), listed(site, 0)
        if patterns and not any(map(_EXTENDED.search, patterns)):
            continue
        for confidence, flags in numbers(site, 2):
            if flags & _EXTMATCH:
                yield at(confidence, site, call(site, "…" if pattern is None else quoted(pattern), "…", "FNM_EXTMATCH"))


RULE = Behaviour(
    id="fnmatch-extmatch",
    title="fnmatch ignores FNM_EXTMATCH",
    triggers=("fnmatch",),
    severity=Severity.WARNING,
    claim="patterns like @(a|b) never match: musl's fnmatch ignores FNM_EXTMATCH",
    glibc="matches ?(…), *(…), +(…), @(…) and !(…) as ksh does",
    musl="takes those characters as they stand",
    builds="any",
    evidence="a call of fnmatch with the flag, and a pattern that is unknown or uses it",
    remedy="none without a change of the program",
    fix="expand the alternatives and call fnmatch for each",
    references=("musl src/regex/fnmatch.c",),
    witness="fnmatch-extmatch",
    prove=_prove,
)
