"""strcoll and its kin compare bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from muslint.elf.site import CallSite
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import first, imported, number
from muslint.rules.finding import Severity

_GLOBAL = ("strcoll", "strxfrm", "wcscoll", "wcsxfrm")
_LISTS = ("alphasort", "alphasort64")  # the order of a directory rarely matters
_OF_A_LOCALE = tuple(
    name for base in ("strcoll_l", "strxfrm_l", "wcscoll_l", "wcsxfrm_l") for name in (base, f"__{base}")
)
_LC_COLLATE, _LC_ALL = 3, 6


def _prove(scene: Scene) -> Iterator[Proof]:
    plain, others = first(scene, _GLOBAL), first(scene, (*_LISTS, *_OF_A_LOCALE))
    # C++ runtimes linked in import the *_l functions and need not call them.
    if plain and (not scene.program or _chooses(scene)):
        found = imported("likely", *plain)
        yield replace(found, severity=Severity.INFO) if scene.program and not _names(scene) else found
    elif plain or others:
        yield imported("possible", *plain, *others)


def _chooses(scene: Scene) -> bool:
    """Whether a program leaves the C locale, in which both libraries compare bytes."""
    sites = scene.calls("setlocale")
    if not sites:
        return "setlocale" in scene.imports
    return any(_collates(site) for site in sites)


def _names(scene: Scene) -> bool:
    """Whether a program names a locale; else whose locale it is, and whether there is one, only the user knows."""
    return any(_collates(site) and site.string(1) != b"" for site in scene.calls("setlocale"))


def _collates(site: CallSite) -> bool:
    category, name = number(site, 0), site.string(1)
    if category not in (None, _LC_ALL, _LC_COLLATE):
        return False
    return site.argument(1) != 0 and name not in (b"C", b"POSIX", b"C.UTF-8", b"C.utf8")


RULE = Behaviour(
    id="collation-bytewise",
    title="strcoll, strxfrm, wcscoll and alphasort compare bytes",
    triggers=(*_GLOBAL, *_LISTS, *_OF_A_LOCALE),
    severity=Severity.WARNING,
    claim="text is sorted by bytes whatever the locale, and data sorted on glibc is out of order (database indexes)",
    glibc="sorts by the rules of the locale: a A b B; strxfrm makes longer keys",
    musl="compares bytes: A B a b; strxfrm copies",
    builds="any",
    evidence=(
        "the import, in a library or in a program that sets a locale; information where that is the user's, which a "
        "container mostly lacks"
    ),
    remedy="none; where a database can, give it ICU's collations",
    fix="sort with ICU",
    references=(
        "musl src/locale/strcoll.c",
        "https://github.com/docker-library/postgres/issues/327",
        "https://github.com/docker-library/postgres/issues/1172",
    ),
    witness="collation-bytewise",
    prove=_prove,
)
