"""dlinfo, of which musl knows one request."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.elf.site import CallSite
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, constant, number
from muslint.rules.finding import Severity

_LINKMAP = 2
_NAMES = {1: "RTLD_DI_LMID", 4: "RTLD_DI_SERINFO", 5: "RTLD_DI_SERINFOSIZE", 6: "RTLD_DI_ORIGIN"}
_NAMES |= {9: "RTLD_DI_TLS_MODID", 10: "RTLD_DI_TLS_DATA", 11: "RTLD_DI_PHDR"}
_TEXTS = (b"cannot open shared object file", b"undefined symbol")


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from [*_requests(scene), *_texts(scene)]


def _requests(scene: Scene) -> Iterator[Proof]:
    for site in scene.calls("dlinfo"):
        yield from _at(site)


def _at(site: CallSite) -> Iterator[Proof]:
    request = number(site, 1)
    if request is None:
        yield at("possible", site, call(site, "…", "unknown request", "…"))
    elif request != _LINKMAP:
        yield at("certain", site, call(site, "…", _NAMES.get(request, str(request)), "…"))


def _texts(scene: Scene) -> Iterator[Proof]:
    """What is looked for in the texts of dlerror."""
    if "dlerror" in scene.imports and scene.imports & {"strstr", "strcmp", "strncmp", "regexec"}:
        for text in _TEXTS:
            if text in scene.strings():
                yield constant("possible", "dlerror", text)


RULE = Behaviour(
    id="ld-dlinfo",
    title="dlinfo knows RTLD_DI_LINKMAP only",
    triggers=(
        "dlinfo",
        "dlerror",
    ),
    severity=Severity.WARNING,
    claim="dlinfo fails: musl knows no request but RTLD_DI_LINKMAP",
    glibc=(
        'answers RTLD_DI_ORIGIN, RTLD_DI_SERINFO and others; dlerror says "cannot open shared object file", '
        '"undefined symbol"'
    ),
    musl='answers RTLD_DI_LINKMAP, else -1; dlerror says "Error loading shared library …", "Symbol not found: …"',
    builds="any",
    evidence="a call of dlinfo with another request; with -v, a text of glibc's dlerror in a file that compares texts",
    remedy="none without a change of the program",
    fix="use dladdr and the directory of dli_fname; do not compare texts of dlerror",
    references=(
        "musl src/ldso/dlinfo.c",
        "musl ldso/dynlink.c (dlopen, dlsym)",
    ),
    witness="ld-dlinfo",
    prove=_prove,
)
