"""Libraries that an object opens by name while it runs, and that the target lacks.

Their names are told by three things: ELF metadata (the note of the FreeDesktop "ELF dlopen metadata" specification,
which says how much the program needs each), a constant that is passed to ``dlopen``, and a constant that looks like a
file name beside an import of ``dlopen``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from muslint.elf.object import ElfObject
from muslint.loader.search import reserved_family
from muslint.rules.behaviour.behaviour import Scene
from muslint.rules.behaviour.found import scene_of
from muslint.rules.behaviour.ld_dlopen_glibc_names import is_part
from muslint.rules.finding import Evidence, Severity
from muslint.rules.rule import Case

_NT_FDO_DLOPEN = 0x407C0C0A
_FILE_NAME = re.compile(r"lib[\w.+-]+\.so(\.\d+)+")
_PRIORITIES = {
    "required": ("certain", Severity.ERROR),
    "recommended": ("likely", Severity.WARNING),
    "suggested": ("possible", Severity.INFO),
}


class Wanted(NamedTuple):
    """Libraries of which one is to be opened by name."""

    names: tuple[str, ...]  # any of them will do
    confidence: str  # that it is missed
    severity: Severity
    evidence: Evidence


def missing(case: Case) -> Iterator[Wanted]:
    """What the object opens by name and neither the target nor the source has, each name once."""
    if case.opens is None:
        return
    told: set[str] = set()
    if "opened" not in case.kept:
        case.kept["opened"] = (*_by_note(case.object), *_by_code(case))
    for wanted in case.kept["opened"]:
        if told.isdisjoint(wanted.names) and not any(_there(case, name) for name in wanted.names):
            yield wanted
        told.update(wanted.names)


def _there(case: Case, name: str) -> bool:
    assert case.opens is not None
    return reserved_family(name) is not None or bool(case.basenames.get(name)) or case.opens(name)


def _by_note(obj: ElfObject) -> Iterator[Wanted]:
    """The entries of ``.note.dlopen``; what does not follow the specification is passed by."""
    for note in obj.notes:
        if note.owner != "FDO" or note.type != _NT_FDO_DLOPEN:
            continue
        try:
            entries = json.loads(note.description.rstrip(b"\0"))
        except ValueError:
            continue
        for entry in entries if isinstance(entries, list) else ():
            names = entry.get("soname") if isinstance(entry, dict) else None
            if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
                continue
            # "suggested" where nothing is said (the specification)
            priority = str(entry.get("priority", "suggested"))
            confidence, severity = _PRIORITIES.get(priority, _PRIORITIES["suggested"])
            what = str(entry.get("feature") or entry.get("description") or names[0])
            yield Wanted(tuple(names), confidence, severity, Evidence("note", ".note.dlopen", f"{priority}: {what}"))


def _by_code(case: Case) -> Iterator[Wanted]:
    scene = scene_of(case)
    if scene is None or "dlopen" not in scene.imports:
        return
    key = f"opened {scene.built_for}"
    rows = case.proved.get(key) if case.proved is not None else None
    if rows is not None:
        for names, confidence, severity, *evidence in rows:
            yield Wanted(tuple(names), confidence, Severity(severity), Evidence(*evidence))
        return
    found = list(_opened(case.object, scene))
    if case.proved is not None:
        case.proved[key] = [[*wanted[:3], *wanted.evidence] for wanted in found]
    yield from found


def _opened(obj: ElfObject, scene: Scene) -> Iterator[Wanted]:
    severity = Severity.WARNING if scene.built_for == "glibc" else Severity.INFO
    for site in scene.calls("dlopen"):
        texts = site.strings(0)
        for text in texts if len(texts) == 1 or site.whole(0) else ():  # of a table any one may do
            name = text.decode("utf-8", "replace")
            if name and "/" not in name and not is_part(text):
                yield Wanted((name,), "likely", severity, Evidence("call-site", site.where, f'dlopen("{name}", …)'))
    known = {*obj.needed, obj.soname, *(version.library for version in obj.versions_needed)}
    for text in sorted(scene.strings().starting(b"lib")):
        name = text.decode("utf-8", "replace")
        if _FILE_NAME.fullmatch(name) and name not in known and not is_part(text):
            yield Wanted((name,), "possible", Severity.INFO, Evidence("string", "read-only data", f'"{name}"'))
