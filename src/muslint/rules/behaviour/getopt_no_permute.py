"""getopt stops at the first operand."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, imported, quoted, texts
from muslint.rules.finding import Severity

_LONG = ("getopt_long", "getopt_long_only")


def _prove(scene: Scene) -> Iterator[Proof]:
    if "getopt" in scene.imports:
        yield imported("possible", "getopt")
    held = any(True for _text in scene.strings().holding(b"W;"))
    for site in scene.calls("getopt", *_LONG) if held else ():
        for confidence, options in texts(site, 2):
            if b"W;" in options:
                yield at(confidence, site, call(site, "…", "…", quoted(options), *(["…"] * (site.symbol in _LONG))))


RULE = Behaviour(
    id="getopt-no-permute",
    title="getopt stops at the first operand",
    triggers=("getopt", *_LONG),
    severity=Severity.WARNING,
    claim='options after an operand are not read ("prog file -a"): musl\'s getopt does not permute, nor know "W;"',
    glibc="moves operands behind the options, unless the options begin with + or POSIXLY_CORRECT is set",
    musl="stops at the first operand (getopt_long does permute, whatever POSIXLY_CORRECT says)",
    builds="any",
    evidence='a call with "W;"; getopt whose letters do not begin with + or - is only possible: many programs',
    remedy="put options before operands on the command line",
    fix="use getopt_long, or begin the letters with + to have one behaviour everywhere",
    references=("musl src/misc/getopt.c", "musl src/misc/getopt_long.c"),
    witness="getopt-no-permute",
    prove=_prove,
)
