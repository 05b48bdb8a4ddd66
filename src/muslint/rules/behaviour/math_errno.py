"""Mathematical functions and errno."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from muslint.elf.code import Flow
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, first, imported
from muslint.rules.finding import Severity

_BASES = (
    "acos", "acosh", "asin", "atanh", "cosh", "exp", "exp2", "exp10", "expm1", "fmod", "hypot", "ilogb", "j0", "j1",
    "ldexp", "lgamma", "log", "log10", "log1p", "log2", "nextafter", "pow", "remainder", "scalbn", "sin", "cos",
    "sinh", "sqrt", "tan", "tgamma", "y0", "y1",
)  # fmt: skip
FUNCTIONS = tuple(f"{base}{suffix}" for base in _BASES for suffix in ("", "f"))
_ENDS = (Flow.STOP, Flow.JUMP, Flow.JUMP_INDIRECT)
_CLEARED, _READ = 64, 24  # bytes of code between the call and the place where errno is cleared before, or read after


def _prove(scene: Scene) -> Iterator[Proof]:
    names = first(scene, FUNCTIONS)
    if not names or "__errno_location" not in scene.imports:
        return
    yield imported("possible", names[0], "__errno_location")
    errno = scene.candidates("__errno_location")
    beside = {address for address in scene.candidates(*names) if _beside(address, errno)}
    for site in scene.calls(*names, within=beside):
        if _in_line(scene, site.address, errno):
            yield at("likely", site, f"{call(site, '…')} beside errno")


def _beside(address: int, errno: tuple[int, ...]) -> bool:
    """Whether errno may be cleared right before a call, or read right after it."""
    index = bisect_left(errno, address)
    before = index > 0 and address - errno[index - 1] <= _CLEARED
    return before or (index < len(errno) and errno[index] - address <= _READ)


def _in_line(scene: Scene, address: int, errno: tuple[int, ...]) -> bool:
    """Whether control goes straight on from where errno is cleared to the call, or from there to where it is read."""
    body = scene.code().body(address)
    call_at = body.index.get(address)
    if call_at is None:
        return False
    for place in errno[bisect_left(errno, address - _CLEARED) : bisect_right(errno, address + _READ)]:
        other = body.index.get(place)
        if other is not None:
            first, last = sorted((call_at, other))
            if all(step.flow not in _ENDS for step in body.steps[first:last]):
                return True
    return False


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
