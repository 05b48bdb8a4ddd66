"""basename as <string.h> declares it, and musl's, which is the one of <libgen.h>."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.elf.site import CallSite
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, quoted
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    # What includes <libgen.h> imports __xpg_basename from glibc: the name alone tells.
    sites = scene.calls("basename")
    if not sites:
        yield from used(scene, "likely", "basename")
    yield from (proof for site in sites for proof in _at(site))


def _at(site: CallSite) -> Iterator[Proof]:
    path = site.string(0)
    if path is None:
        yield at("likely", site, call(site, "…"))
    elif not path or path.endswith(b"/"):
        yield at("certain", site, call(site, quoted(path)))


RULE = Behaviour(
    id="abi-basename-gnu",
    title="basename is the POSIX one",
    triggers=("basename",),
    severity=Severity.WARNING,
    claim='basename cuts slashes off its argument, in place, and gives "." for an empty one',
    glibc=(
        "the function of that name is the GNU one: what stands behind the last slash, the argument is not "
        "touched; the POSIX one is called __xpg_basename"
    ),
    musl=(
        "the function of that name is the POSIX one: it writes into an argument that ends in a slash, and crashes "
        'when that is read-only; "" gives "."'
    ),
    builds="glibc",
    evidence=(
        "an import of basename in a file built for glibc, called with a path that is not known, is empty or ends "
        "in a slash"
    ),
    remedy="run it on a glibc base image; it matters only for paths that are empty or end in a slash",
    fix="use strrchr(path, '/'), or the POSIX form of <libgen.h> on a copy",
    references=(
        "man 3 basename",
        "musl WHATSNEW 1.2.5",
        "https://wiki.musl-libc.org/functional-differences-from-glibc.html",
    ),
    witness="abi-basename-gnu",
    prove=_prove,
)
