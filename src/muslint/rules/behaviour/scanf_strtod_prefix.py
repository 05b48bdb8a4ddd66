"""scanf: half a number, and conversions beyond ISO C."""

from __future__ import annotations

import re
from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import at, call, first, imported, quoted, texts
from muslint.rules.finding import Severity

_FORMATS = {
    f"{prefix}{name}": index
    for prefix in ("", "__isoc99_", "__isoc23_")
    for name, index in (("scanf", 0), ("vscanf", 0), ("fscanf", 1), ("vfscanf", 1), ("sscanf", 1), ("vsscanf", 1))
}
_NUMBERS = ("strtol", "strtoll", "strtoul", "strtoull")
_HINT = re.compile(rb"%[*'\dm$]*['qLI]")
_GNU = re.compile(rb"(?<!%)(?:%%)*(%(?:\d+\$)?\*?['I]?\d*(?:m)?(?:[qL][diouxX]|I\d*[diouxX]|'[diouxX]))")


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("possible", *first(scene, (*_FORMATS, *_NUMBERS)))
    if not any(_GNU.search(text) for text in scene.strings().around(_HINT)):
        return  # saves looking at every call
    for name in first(scene, _FORMATS):
        index = _FORMATS[name]
        for site in scene.calls(name):
            for confidence, text in texts(site, index):
                if found := _GNU.search(text):
                    conversion = found.group(1).decode("latin-1")
                    shown = call(site, *("…",) * index, quoted(text))
                    yield at(confidence, site, f"{conversion} in {shown}")


RULE = Behaviour(
    id="scanf-strtod-prefix",
    title='scanf: %Ld, %qd and %Id fail; half a number ("0x", "1e") does not match; strtol sets EINVAL',
    triggers=(*_FORMATS, *_NUMBERS),
    severity=Severity.WARNING,
    claim="scanf reads nothing where glibc reads a number",
    glibc='takes %Ld, %qd, %Id; reads 0 from "0x" and 1 from "1e"; strtol without digits leaves errno alone',
    musl='fails at %qd and %Id, stores nothing for %Ld; "0x" and "1e" do not match; strtol without digits sets EINVAL',
    builds="any",
    evidence="a call with such a conversion; with the imports alone it is possible",
    remedy="none without a change of the program",
    fix="write %lld; do not lean on errno after strtol but on the end pointer",
    references=("musl src/stdio/vfscanf.c", "ISO C: a prefix of a number is a matching failure"),
    witness="scanf-strtod-prefix",
    prove=_prove,
)
