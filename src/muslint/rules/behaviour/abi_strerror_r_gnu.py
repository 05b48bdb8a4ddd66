"""strerror_r that returns a text, and musl's, which returns a number."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Evidence, Severity

_GNULIB = b"Unknown system error"  # what its error() says in place of NULL


def _prove(scene: Scene) -> Iterator[Proof]:
    # What wants the POSIX function imports __xpg_strerror_r from glibc: the name alone tells which one is called.
    sites = scene.calls("strerror_r")
    unsafe = [site for site in sites if not site.tested and not site.dropped]
    if unsafe:
        places = dict.fromkeys(site.where for site in unsafe)
        shown = tuple(Evidence("call-site", where, "calls strerror_r and uses the result") for where in places)
        yield Proof("certain", "strerror_r", shown, "strerror_r")
    elif sites:
        where = tuple(
            Evidence("call-site", site.where, "does without the result, or tests it for NULL") for site in sites
        )
        yield Proof("possible", "strerror_r", where, "error texts are lost, it does not crash")
    else:
        # gnulib's error() does not crash, see above.
        yield from used(scene, "possible" if _GNULIB in scene.strings() else "likely", "strerror_r")


RULE = Behaviour(
    id="abi-strerror-r-gnu",
    title="strerror_r returns a number where the program takes it for a text",
    triggers=("strerror_r",),
    severity=Severity.ERROR,
    claim="strerror_r returns 0, which this file uses as a pointer to the text: it crashes when it reports an error",
    glibc="the function of that name is the GNU one and returns a char *; the POSIX one is called __xpg_strerror_r",
    musl="the function of that name is the POSIX one and returns an int; __xpg_strerror_r is there too",
    builds="glibc",
    evidence=(
        "a call of strerror_r in a file built for glibc, whose result is used; one that is tested for NULL first, as "
        "gnulib's error does, loses the text but does not crash: possible, as is a call that drops the result"
    ),
    remedy="run it on a glibc base image; or preload a strerror_r that returns the buffer",
    fix="use the form that returns an int where __GLIBC__ is not defined, or compile that file without _GNU_SOURCE",
    references=(
        "man 3 strerror_r",
        "https://github.com/MariaDB/server/pull/93",
        "https://github.com/brgl/libgpiod/issues/7",
        "https://github.com/somasis/musl-wiki/pull/93",
    ),
    witness="abi-strerror-r-gnu",
    prove=_prove,
)
