"""Mathematical functions and errno."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, first, imported
from muslint.rules.finding import Severity

_BASES = (
    "acos", "acosh", "asin", "atanh", "cosh", "exp", "exp2", "exp10", "expm1", "fmod", "hypot", "ilogb", "j0", "j1",
    "ldexp", "lgamma", "log", "log10", "log1p", "log2", "nextafter", "pow", "remainder", "scalbn", "sin", "cos",
    "sinh", "sqrt", "tan", "tgamma", "y0", "y1",
)  # fmt: skip
FUNCTIONS = tuple(f"{base}{suffix}" for base in _BASES for suffix in ("", "f"))
_CLEARED, _READ = 64, 24  # bytes of code between the call and the place where errno is cleared before, or read after


def _prove(scene: Scene) -> Iterator[Proof]:
    names = first(scene, FUNCTIONS)
    if not names or "__errno_location" not in scene.imports:
        return
    yield imported("possible", names[0], "__errno_location")
    errno = [site.address for site in scene.calls("__errno_location")]
    for site in scene.calls(*names):
        index = bisect_left(errno, site.address)
        before = index > 0 and site.address - errno[index - 1] <= _CLEARED
        if before or (index < len(errno) and errno[index] - site.address <= _READ):
            yield at("likely", site, f"{call(site, '…')} beside errno")


RULE = Behaviour(
    id="math-errno",
    title="mathematical functions do not set errno",
    triggers=FUNCTIONS,
    severity=Severity.WARNING,
    claim="errno stays as it was after a domain or range error: musl reports them by floating-point exceptions alone",
    glibc="log(-1) sets EDOM, exp(1000) sets ERANGE",
    musl="math_errhandling is MATH_ERREXCEPT: errno is not touched",
    builds="any",
    evidence="a call of such a function right beside one that gives the place of errno",
    remedy="none without a change of the program",
    fix="test the result with isnan and isinf, or use fetestexcept",
    references=("ISO C 7.12, math_errhandling", "musl include/math.h"),
    witness="math-errno",
    prove=_prove,
)
