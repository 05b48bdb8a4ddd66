"""Parts of glibc that are opened by name and that musl is not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from muslint.elf.site import CallSite
from muslint.loader.search import reserved_family
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.elsewhere import kept
from muslint.rules.behaviour.sites import at, call, constant, quoted, together
from muslint.rules.finding import Severity

PARTS = re.compile(
    rb"(lib(anl|BrokenLocale|mvec|nsl|nss_[a-z]\w*|resolv|thread_db)\.so(\.\d+)?|ld-linux[\w.-]*\.so\.\d|ld64\.so\.\d)"
)
"""File names of glibc's own libraries, without those that musl stands for under any name."""

_PLACES = re.compile(rb"/(usr/)?lib(64|32|/[\w-]+-linux-gnu\w*)?/")
_RESERVED = re.compile(rb"lib(c|m|pthread|dl|rt|util)\.so\.\d")


def is_part(name: bytes) -> bool:
    """Whether only glibc has a library of this name, or a file at this path of a system directory."""
    folder, slash, file = name.rpartition(b"/")
    if not slash:
        return bool(PARTS.fullmatch(name))
    place = _PLACES.fullmatch(folder + b"/")
    return bool(place and (PARTS.fullmatch(file) or _RESERVED.fullmatch(file)))


def _prove(scene: Scene) -> Iterator[Proof]:
    sites = scene.calls("dlopen")
    told = sites and all(site.strings(0) or site.argument(0) == 0 for site in sites)
    yield from together([*_calls(sites), *(() if told else _constants(scene))])


def _calls(sites: Sequence[CallSite]) -> Iterator[Proof]:
    for site in sites:
        known = site.argument(0) is not None
        for name in site.strings(0):
            if is_part(name):
                yield at("certain" if known else "likely", site, call(site, quoted(name), "…"))


def _constants(scene: Scene) -> Iterator[Proof]:
    """Names that stand in a table, or are put together elsewhere. DT_NEEDED and DT_VERNEED hold such names too."""
    known = {*scene.object.needed, scene.object.soname, *(v.library for v in scene.object.versions_needed)}
    for prefix in (b"lib", b"ld-linux", b"ld64.so"):
        named = (
            text for text in scene.strings().starting(prefix)
            if is_part(text)
            and reserved_family(text.decode("latin-1")) is None
            and text.decode("latin-1") not in known
        )  # fmt: skip
        for text in kept(scene, named):
            yield constant("likely", "dlopen", text)


RULE = Behaviour(
    id="ld-dlopen-glibc-names",
    title="A library of glibc that is opened by name is not there",
    triggers=("dlopen",),
    severity=Severity.WARNING,
    claim="dlopen finds no such library on musl",
    glibc="libresolv, libanl, libnsl, libmvec, libnss_* and ld-linux are files of glibc's",
    musl=(
        "stands for libc, libm, libpthread, libdl, librt and libutil, whatever follows the dot; the others are "
        "not there"
    ),
    builds="any",
    evidence="a call of dlopen with such a name, or the name as a constant beside an import of dlopen",
    remedy="none for most; their functions are in musl's libc, where musl has them",
    fix="do without the library where it does not open: dlsym(RTLD_DEFAULT, …) finds what musl has",
    references=("musl ldso/dynlink.c (load_library)", "man 3 dlopen"),
    witness="ld-dlopen-glibc-names",
    prove=_prove,
)
