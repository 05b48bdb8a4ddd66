"""Mathematical functions and errno."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from muslint.elf.code import Flow
from muslint.elf.flow import Body
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, first, imported
from muslint.rules.finding import Evidence, Severity

_BASES = (
    "acos", "acosh", "asin", "atanh", "cosh", "exp", "exp2", "exp10", "expm1", "fmod", "hypot", "ilogb", "j0", "j1",
    "ldexp", "lgamma", "log", "log10", "log1p", "log2", "nextafter", "pow", "remainder", "scalbn", "sin", "cos",
    "sinh", "sqrt", "tan", "tgamma", "y0", "y1",
)  # fmt: skip
FUNCTIONS = tuple(f"{base}{suffix}" for base in _BASES for suffix in ("", "f"))
_HARMLESS = frozenset((*FUNCTIONS, "__errno_location", "feclearexcept", "fetestexcept"))
_STRUCTURE = 64  # bytes from the start of a row to the function in it
_NEAR, _STEPS = 512, 96  # bytes of code between a call and errno; instructions looked at behind it


def _prove(scene: Scene) -> Iterator[Proof]:
    names = first(scene, FUNCTIONS)
    if not names or "__errno_location" not in scene.imports:
        return
    yield imported("possible", names[0], "__errno_location")
    known, maths = scene.code(), scene.candidates(*names)
    errno = sorted(known.inside("__errno_location", frozenset(known.functions.around(place).start for place in maths)))
    for site in scene.calls(*names, within={address for address in maths if _beside(address, errno)}):
        if _asked(known.body(site.address), site.address):
            yield at("likely", site, f"{call(site, '…')} beside errno")
    yield from _by_table(scene, names)


def _by_table(scene: Scene, names: tuple[str, ...]) -> Iterator[Proof]:
    """Calls beside errno by way of a table that holds such functions."""
    known = scene.code()
    places = known.slots.kept(names) if scene.can_disassemble else {}
    held = known.with_callees(known.pointing((place - _STRUCTURE, place) for place in places))
    errno = known.inside("__errno_location", held)
    for start in sorted(held & {known.functions.around(address).start for address in errno}):
        body = known.body(start)
        for number in body.indirect:
            step = body.steps[number]
            if step.flow is Flow.CALL_INDIRECT and body.target(number) is None and _asked(body, step.address):
                name = min(places.values())
                text = f"calls {name} beside errno, by a table"
                yield Proof("likely", name, (Evidence("call-site", known.places.where(step.address), text),), text)


def _beside(address: int, errno: list[int]) -> bool:
    """Whether errno may be looked at near a call."""
    index = bisect_left(errno, address - _NEAR)
    return index < len(errno) and errno[index] <= address + _NEAR


def _asked(body: Body, address: int) -> bool:
    """Whether errno may be read behind a call before another function is called that may set it."""
    first = body.index.get(address)
    waiting, seen = [] if first is None else [first + 1], set[int]()
    while waiting and len(seen) < _STEPS:
        number = waiting.pop(0)
        if number in seen or number >= len(body.steps):
            continue
        seen.add(number)
        step = body.steps[number]
        place = body.machine.loads(step)
        if place is not None and body.called(place, number) == "__errno_location":
            return True
        if step.flow in (Flow.CALL, Flow.CALL_INDIRECT) and body.target(number) not in _HARMLESS:
            continue
        if step.flow in (Flow.BRANCH, Flow.JUMP):
            waiting.append(body.index.get(step.target or 0, len(body.steps)))
        if number + 1 < len(body.steps) and body.falls[number + 1]:
            waiting.append(number + 1)
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
