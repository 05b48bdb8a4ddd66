"""GNU's extensions of POSIX regular expressions."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.elf.site import CallSite
from muslint.libc.regcomp import REG_EXTENDED, REG_STARTEND, gnu_only, surely
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.elsewhere import kept
from muslint.rules.behaviour.sites import at, call, constant, numbers, plain, quoted, texts, untold
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    sites = scene.calls("regcomp")
    for site in sites:
        yield from _at(site)
    for site in scene.calls("regexec"):
        for confidence, flags in numbers(site, 4):
            if flags & REG_STARTEND:
                yield at(confidence, site, call(site, "…", "…", "…", "…", "REG_STARTEND"))
    if "regcomp" in scene.imports and untold(sites, 1):
        for mark in (b"[[.", b"[[=", b"{,"):
            held = scene.strings().holding(mark)
            for text in kept(scene, (text for text in held if plain(text) and surely(text))):
                yield constant("likely", "regcomp", text)


def _at(site: CallSite) -> Iterator[Proof]:
    kinds = {bool(flags & REG_EXTENDED) for _confidence, flags in numbers(site, 2)} or {False, True}
    for confidence, pattern in texts(site, 1):
        found = [part for part in (gnu_only(pattern, extended) for extended in sorted(kinds)) if part]
        if found:
            sure = confidence if len(found) == len(kinds) else "likely"
            yield at(sure, site, f"{found[0]} in {call(site, '…', quoted(pattern), '…')}")


RULE = Behaviour(
    id="regex-gnu-syntax",
    title="regcomp: back references in extended patterns, {,n}, bounds above 255, [[.x.]], [[=x=]], \\` and \\'",
    triggers=("regcomp", "regexec"),
    severity=Severity.WARNING,
    claim="the pattern is refused or means something else, or REG_STARTEND is ignored: musl lacks this GNU syntax",
    glibc="takes (a)\\1 in extended patterns, {,n}, bounds to 32767, collating elements, \\` \\', REG_STARTEND",
    musl="regcomp fails or reads letters; \\d \\n \\t \\x are taken as in Perl; REG_STARTEND is ignored",
    builds="any",
    evidence="a call of regcomp with such a pattern, of regexec with REG_STARTEND, or such a pattern as a constant",
    remedy="none without a change of the program",
    fix="write the pattern in POSIX syntax, or link PCRE2",
    references=(
        "musl src/regex/regcomp.c",
        "https://wiki.musl-libc.org/functional-differences-from-glibc.html",
        "https://github.com/yrutschle/sslh/issues/40",
        "https://github.com/libgit2/libgit2/issues/3469",
    ),
    witness="regex-gnu-syntax",
    prove=_prove,
)
