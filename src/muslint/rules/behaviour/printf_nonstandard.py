"""Conversions of printf beyond ISO C."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.elf.site import CallSite
from muslint.libc.printf import SUSPECT, TEMPLATE, gnu_only, refused, template
from muslint.libc.strftime import time_format
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.elsewhere import PUT, kept
from muslint.rules.behaviour.sites import at, call, constant, first, plain, quoted, texts, untold
from muslint.rules.finding import Severity

FORMATS = {
    "printf": 0, "vprintf": 0, "fprintf": 1, "vfprintf": 1, "dprintf": 1, "vdprintf": 1, "sprintf": 1, "vsprintf": 1,
    "asprintf": 1, "vasprintf": 1, "snprintf": 2, "vsnprintf": 2, "syslog": 1, "vsyslog": 1, "warn": 0, "warnx": 0,
    "err": 1, "errx": 1, "error": 2,
    "__printf_chk": 1, "__vprintf_chk": 1, "__fprintf_chk": 2, "__vfprintf_chk": 2, "__dprintf_chk": 2,
    "__vdprintf_chk": 2, "__sprintf_chk": 3, "__vsprintf_chk": 3, "__asprintf_chk": 2, "__vasprintf_chk": 2,
    "__snprintf_chk": 4, "__vsnprintf_chk": 4, "__syslog_chk": 2, "__vsyslog_chk": 2,
}  # fmt: skip
"""Function → place of its format among the arguments."""


_TIMES = frozenset(("strftime", "strftime_l", "__strftime_l", "wcsftime", "strptime", "strptime_l", "__strptime_l"))
_LONGEST = 2048  # bytes of a format; Go keeps all its texts in one


def _prove(scene: Scene) -> Iterator[Proof]:
    every = scene.strings().around(SUSPECT)
    held = [text for text in every if len(text) <= _LONGEST and refused(text) and plain(text)]
    if not _TIMES.isdisjoint(scene.imports):
        held = [text for text in held if not time_format(text)]
    names = first(scene, FORMATS)
    yield from _made(scene, names)
    if not held:
        return  # saves looking at every call
    bare = [text for text in held if gnu_only(text)]
    sites = (*scene.calls(*names, texts=bare), *scene.calls(*names, texts=held, always=True))
    for site in sorted(sites, key=lambda site: site.address):
        yield from _at(site)
    if any(name.startswith("__gmp") for name in scene.imports):
        return  # %Zd may be GMP's own
    left = list(kept(scene, bare, PUT))
    unknown = next((name for name in names if untold(scene.calls(name), FORMATS[name])), None) if left else None
    if unknown is not None:  # else every format is known
        yield from (constant("likely", unknown, text) for text in left)


def _made(scene: Scene, names: tuple[str, ...]) -> Iterator[Proof]:
    """Formats that are made by printf itself, for a call whose format is none of the constants."""
    makers = [name for name in names if name.strip("_").removesuffix("_chk").endswith(("sprintf", "snprintf"))]
    around = scene.strings().around(TEMPLATE) if makers else ()
    held = [text for text in around if template(text) and plain(text)]
    for site in scene.calls(*makers, texts=held) if held else ():
        for text in set(site.strings(FORMATS[site.symbol])) & set(held):
            if any(untold(scene.calls(name), FORMATS[name]) for name in names):
                yield at("likely", site, f"{template(text)} made by {call(site, '…', quoted(text), '…')}")


def _at(site: CallSite) -> Iterator[Proof]:
    index = FORMATS[site.symbol]
    for confidence, text in texts(site, index):
        # Behind a branch a conversion nobody knows may be the program's own, which it looks for first.
        if conversion := refused(text) if confidence == "certain" and site.direct else gnu_only(text):
            yield at(confidence, site, f"{conversion} in {call(site, *('…',) * index, quoted(text))}")


RULE = Behaviour(
    id="printf-nonstandard",
    title="printf fails at %Ld, %qd, %Zd, %Id and at conversions it does not know",
    triggers=tuple(FORMATS),
    severity=Severity.ERROR,
    claim="printf returns -1 with EINVAL and the text is lost: musl does not take this conversion",
    glibc="takes L and q for long long, Z for size_t and the flag I; prints what it does not know as it stands",
    musl="returns -1 with EINVAL and writes nothing, or only what stood before",
    builds="any",
    evidence="a call with such a format, or such a format as a constant beside calls whose formats are not known",
    remedy="none without a change of the program",
    fix="write %lld and %zd, and %% for a percent sign",
    references=(
        "musl src/stdio/vfprintf.c (states)",
        "https://wiki.musl-libc.org/functional-differences-from-glibc.html",
    ),
    witness="printf-nonstandard",
    prove=_prove,
)
