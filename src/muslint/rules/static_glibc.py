"""A static program of glibc's that still wants files of glibc's when it runs."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.elf.calls import Calls
from muslint.elf.facts import built_for
from muslint.elf.object import Kind
from muslint.rules.behaviour.behaviour import Scene
from muslint.rules.behaviour.found import scene_of
from muslint.rules.finding import Evidence, Finding, Remedy, Severity, When
from muslint.rules.rule import Case, Rule

_BUILT_IN = b"libnss_%s.so%s"
"""glibc since 2.34 has the NSS modules ``files`` and ``dns`` in itself, and this in what loads others."""

_REMEDIES = (Remedy("rebuild", "link it statically with musl, or ship it with the glibc it was built with", False),)
_LIKELY, _POSSIBLE = "likely", "possible"
_Want = tuple[str, str, str, Evidence]  # symbol, confidence, what happens, what shows it


def find(case: Case) -> Iterator[Finding]:
    """What a static program shows of NSS, iconv and dlopen: these parts of glibc open files of the same glibc."""
    if case.object.kind not in (Kind.STATIC_EXECUTABLE, Kind.STATIC_PIE) or built_for(case.object) != "glibc":
        return
    scene = scene_of(case)
    if scene is None:
        return
    for symbol, confidence, what, evidence in _wants(scene):
        severity = Severity.WARNING if confidence == _LIKELY else Severity.INFO
        yield Finding(
            RULE.id, severity, When.RUN, case.shown(case.path), what, symbol=symbol,
            confidence=confidence, evidence=(evidence,),
            remedies=_REMEDIES,
        )  # fmt: skip


def _wants(scene: Scene) -> Iterator[_Want]:
    texts = scene.strings()
    if b"/etc/nsswitch.conf" in texts:
        confidence = _POSSIBLE if _BUILT_IN in texts else _LIKELY
        modules = "modules other than files and dns" if confidence == _POSSIBLE else "libnss_files.so.2 and the like"
        said = f"looks names up through NSS, whose {modules} are not there"
        yield "getpwnam", confidence, said, Evidence("string", "read-only data", '"/etc/nsswitch.conf"')
    calls = Calls(scene.image)
    functions = calls.functions
    opened = functions.named("iconv_open")
    if opened is not None:
        said = "converts character sets: all but UTF-8, UCS-2, UCS-4 and ASCII are modules that are not there"
        yield "iconv_open", _LIKELY, said, Evidence("symbol", f"{opened:#x}", "iconv_open is linked in")
    # Every static program has dlopen: the C library itself may need it. Only a call by its public name tells.
    opened = functions.named("dlopen")
    if opened is not None and calls.machine is not None:
        places = [place for part in scene.image.code() for place in calls.machine.references(part, opened)]
        if places:
            said = "opens libraries: they want glibc's libc.so.6, which is not there"
            yield "dlopen", _LIKELY, said, Evidence("call-site", calls.places.where(places[0]), "calls dlopen")


RULE = Rule(
    id="static-glibc",
    title="A static program that still wants files of glibc's",
    severity=Severity.WARNING,
    when=When.RUN,
    evidence="a name of NSS among its constants; with symbols, iconv_open linked in or a call of dlopen",
    witness="fixtures/rules/static-glibc",
    order=30,
    find=find,
)
