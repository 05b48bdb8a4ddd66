"""Flags of glob that only glibc knows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from muslint.elf.site import CallSite
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, listed, numbers, quoted
from muslint.rules.finding import Severity

_WILD = re.compile(rb"[*?[]")
_ALTDIRFUNC, _BRACE, _NOMAGIC, _ONLYDIR = 1 << 9, 1 << 10, 1 << 11, 1 << 13


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from (proof for site in scene.calls("glob", "glob64") for proof in _at(site))


def _at(site: CallSite) -> Iterator[Proof]:
    pattern, patterns = site.string(0), listed(site, 0)
    shown = "…" if pattern is None else quoted(pattern)
    for confidence, flags in numbers(site, 1):
        if names := _names(flags, patterns):
            yield at(confidence, site, call(site, shown, "|".join(names), "…"))
        elif flags & _ONLYDIR:  # a hint: where a file system does not tell the type, glibc returns all too
            yield at("likely", site, call(site, shown, "GLOB_ONLYDIR", "…"))


def _names(flags: int, patterns: tuple[bytes, ...]) -> list[str]:
    """The flags that matter to one of these patterns, or to an unknown one."""
    names = []
    if flags & _ALTDIRFUNC:
        names.append("GLOB_ALTDIRFUNC")
    if flags & _BRACE and (not patterns or any(b"{" in pattern for pattern in patterns)):
        names.append("GLOB_BRACE")
    if flags & _NOMAGIC and not (patterns and all(map(_WILD.search, patterns))):
        names.append("GLOB_NOMAGIC")
    return names


RULE = Behaviour(
    id="glob-gnu-flags",
    title="glob ignores GLOB_BRACE, GLOB_NOMAGIC, GLOB_ALTDIRFUNC and GLOB_ONLYDIR",
    triggers=("glob", "glob64"),
    severity=Severity.WARNING,
    claim="glob finds nothing or other files: musl ignores this flag",
    glibc="expands {a,b}; returns a pattern without wildcards as it stands; reads directories by given functions",
    musl="ignores the flags (GLOB_TILDE and GLOB_PERIOD work)",
    builds="any",
    evidence="a call of glob with such a flag",
    remedy="none without a change of the program",
    fix="expand braces before the call; handle GLOB_NOMATCH",
    references=(
        "musl src/regex/glob.c",
        "https://github.com/webmozarts/glob/issues/15",
        "https://github.com/alpinelinux/docker-alpine/issues/285",
    ),
    witness="glob-gnu-flags",
    prove=_prove,
)
