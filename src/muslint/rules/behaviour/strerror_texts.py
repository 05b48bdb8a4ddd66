"""Texts of error numbers."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.elf.flow import Body
from muslint.elf.memory import register
from muslint.elf.prototypes import ARGUMENTS
from muslint.elf.site import CallSite
from muslint.libc.strerror import texts as words
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.elsewhere import PRINTED, calls_of
from muslint.rules.behaviour.sites import at, call, first, imported, quoted, texts
from muslint.rules.finding import Severity

_NAMES = ("strerror", "strerror_r", "__xpg_strerror_r", "strerror_l", "perror", "gai_strerror", "regerror", "hstrerror")
_TEXTS = frozenset(("strerror", "strerror_r", "__xpg_strerror_r", "strerror_l"))
_COMPARE = ("strcmp", "strncmp", "strcasecmp", "strncasecmp", "strstr", "strcasestr")


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("possible", *first(scene, _NAMES))
    if _TEXTS.isdisjoint(scene.imports):
        return
    if not first(scene, _COMPARE):
        return
    known = frozenset(text.encode() for text in words())
    held = scene.strings().among(known)
    found = list(_compared(scene.calls(*first(scene, _COMPARE), texts=held), known))
    if found and not _only_shown(scene):
        yield from found


def _compared(sites: tuple[CallSite, ...], known: frozenset[bytes]) -> Iterator[Proof]:
    for site in sites:
        for index in (0, 1):
            for _confidence, text in texts(site, index):
                if text in known:
                    yield at("likely", site, call(site, "…", quoted(text)))


def _only_shown(scene: Scene) -> bool:
    """Whether all that the program does with a text of an error is to print it: it compares others' texts then."""
    sites = scene.calls("strerror") if _TEXTS.isdisjoint(scene.imports - {"strerror"}) else ()
    code = scene.code()
    bodies = {code.functions.around(site.address).start: code.body(site.address) for site in sites}
    return bool(bodies) and all(map(_prints, bodies.values()))


def _prints(body: Body) -> bool:
    """Whether a function gives what every call of strerror returns to functions that print it, and to no others."""
    calls = given = 0
    for number in calls_of(body):
        name = body.target(number)
        calls += name == "strerror"
        takes = any(body.called(register(body, index), number) == "strerror" for index in range(ARGUMENTS))
        if takes and name not in PRINTED:
            return False
        given += takes
    return 0 < calls <= given


RULE = Behaviour(
    id="strerror-texts",
    title="half of strerror's texts are worded otherwise",
    triggers=_NAMES,
    severity=Severity.WARNING,
    claim="a text of strerror is compared with glibc's wording, which musl words otherwise",
    glibc='"Cannot allocate memory", "Connection timed out", "Success", "Unknown error 9999"',
    musl='"Out of memory", "Operation timed out", "No error information"',
    builds="any",
    evidence="strerror, and a call of strcmp or strstr with one of those texts; with the import alone it is possible",
    remedy="none without a change of the program",
    fix="compare error numbers, not texts",
    references=("musl src/errno/__strerror.h", "glibc sysdeps/gnu/errlist.h"),
    witness="strerror-texts",
    prove=_prove,
)
