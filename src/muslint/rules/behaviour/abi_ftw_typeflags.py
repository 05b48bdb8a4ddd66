"""ftw and nftw: the codes for what was found differ by one."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Severity


def _prove(scene: Scene) -> Iterator[Proof]:
    yield from used(scene, "certain", *RULE.triggers)


RULE = Behaviour(
    id="abi-ftw-typeflags",
    title="ftw and nftw tell the callback other type codes",
    triggers=(
        "nftw",
        "ftw",
        "nftw64",
        "ftw64",
    ),
    severity=Severity.ERROR,
    claim=(
        "the callback takes files for directories and directories for unreadable ones: the type codes of ftw "
        "differ by one"
    ),
    glibc="FTW_F is 0, FTW_D 1, FTW_DNR 2, FTW_NS 3, FTW_SL 4, FTW_DP 5, FTW_SLN 6",
    musl="FTW_F is 1, FTW_D 2, FTW_DNR 3, FTW_NS 4, FTW_SL 5, FTW_DP 6, FTW_SLN 7; FTW_ACTIONRETVAL is ignored",
    builds="glibc",
    evidence="an import of ftw or nftw in a file built for glibc",
    remedy="run it on a glibc base image; gcompat has no wrapper for it",
    fix=(
        "none is needed for the codes: rebuild for musl; in place of FTW_ACTIONRETVAL use fts, or walk the tree "
        "yourself"
    ),
    references=(
        "musl include/ftw.h",
        "https://github.com/ioi/isolate/issues/48",
        "https://github.com/gentoo/musl/issues/33",
    ),
    witness="abi-ftw-typeflags",
    prove=_prove,
)
