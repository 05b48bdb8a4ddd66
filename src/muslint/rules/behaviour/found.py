"""From the proofs of a behaviour rule to the finding of a report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache, partial

from muslint.elf.facts import built_for
from muslint.elf.image import Image
from muslint.elf.object import Kind
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.index import Entry, triggers
from muslint.rules.finding import Evidence, Finding, Remedy, Severity, When
from muslint.rules.rule import Case, Rule

ORDER = 200
"""Behaviour comes behind everything about loading."""
_RANKS = ("certain", "likely", "possible")
_EVIDENCE, _DETAILS = 24, 4  # of one finding: further evidence is counted, not listed


def as_rule(behaviour: Behaviour | Entry) -> Rule:
    """The rule of the registry that a behaviour rule stands for."""
    return Rule(
        id=behaviour.id, title=behaviour.title, severity=behaviour.severity, when=When.RUN,
        evidence=behaviour.evidence, witness=f"fixtures/witness/{behaviour.witness}",
        order=ORDER + _ranked(behaviour.severity), find=partial(find, behaviour), default=behaviour.default,
    )  # fmt: skip


def _ranked(severity: Severity) -> int:
    return (Severity.ERROR, Severity.WARNING, Severity.INFO).index(severity)


def find(behaviour: Behaviour | Entry, case: Case) -> Iterator[Finding]:
    """At most one finding: what the object holds that shows the behaviour, the surest proofs only.

    A contract of glibc's headers (``builds="glibc"``) binds only what was compiled with them. What was built for
    another C library has been tested with the others: there a finding is information. A static program brings its own.
    """
    if case.object.kind in (Kind.STATIC_EXECUTABLE, Kind.STATIC_PIE):
        return
    if case.model.family != "musl" or not _holds(behaviour, case.model.version):
        return
    scene = scene_of(case)
    if scene is None or (behaviour.builds == "glibc" and scene.built_for != "glibc"):
        return
    if behaviour.triggers and scene.imports.isdisjoint(behaviour.triggers):
        return
    if isinstance(behaviour, Entry):
        behaviour = behaviour.rule()
    proofs = _proofs(behaviour, case, scene)
    if proofs:
        yield _finding(behaviour, case, scene, proofs)


def _proofs(behaviour: Behaviour, case: Case, scene: Scene) -> list[Proof]:
    """What a rule says of an object, the surest first; asked once of the same bytes."""
    proved = None if behaviour.linked else case.proved
    key = f"{behaviour.id} {scene.musl} {scene.built_for} {scene.program}"
    rows = proved.get(key) if proved is not None else None
    if rows is not None:
        return [_proof(*row) for row in rows]
    found = sorted(behaviour.prove(scene), key=lambda proof: _RANKS.index(proof.confidence))
    if proved is not None:
        proved[key] = [[p.confidence, p.symbol, [list(e) for e in p.evidence], p.detail, p.severity] for p in found]
    return found


def _proof(confidence: str, symbol: str | None, evidence: list[list[str]], detail: str, severity: str | None) -> Proof:
    places = tuple(Evidence(*one) for one in evidence)
    return Proof(confidence, symbol, places, detail, Severity(severity) if severity is not None else None)


def scene_of(case: Case) -> Scene | None:
    """The object as behaviour rules see it, made once a case; None where its bytes are not to be had."""
    if "scene" not in case.kept:
        data = case.data() if case.data is not None else None
        symbols = case.object.symbols
        undefined = [index for index, shndx in enumerate(symbols.shndxs) if not shndx]
        case.kept["scene"] = None if data is None else Scene(
            case.object, case.shown(case.path), built_for(case.object), frozenset(symbols.names_of(undefined)),
            case.model.version, case.program, case.lasting.setdefault(Image, Image(case.object, data)),
            case.link, case.lasting, triggers(),
        )  # fmt: skip
    scene: Scene | None = case.kept["scene"]
    return scene


def _finding(behaviour: Behaviour, case: Case, scene: Scene, proofs: list[Proof]) -> Finding:
    confidence = proofs[0].confidence if behaviour.default else "possible"
    if confidence != "possible":
        proofs = [proof for proof in proofs if proof.confidence != "possible"]
    severity = proofs[0].severity or behaviour.severity
    if confidence == "possible" or scene.built_for != "glibc":
        severity = Severity.INFO
    details = list(dict.fromkeys(proof.detail for proof in proofs if proof.detail))
    more = f" and {len(details) - _DETAILS} more" if len(details) > _DETAILS else ""
    said = f": {', '.join(details[:_DETAILS])}{more}" if details else ""
    return Finding(
        behaviour.id, severity, When.RUN, case.shown(case.path), behaviour.claim.rstrip(".") + said,
        symbol=proofs[0].symbol, confidence=confidence,
        evidence=(*_evidence(proofs), Evidence("behaviour", "glibc", behaviour.glibc),
                  Evidence("behaviour", "musl", behaviour.musl)),
        remedies=tuple(_remedies(behaviour)),
    )  # fmt: skip


def _evidence(proofs: list[Proof]) -> list[Evidence]:
    found = list(dict.fromkeys(evidence for proof in proofs for evidence in proof.evidence))
    if len(found) > _EVIDENCE:
        left = len(found) - _EVIDENCE
        return [*found[:_EVIDENCE], Evidence("note", "", f"and {left} more places of this kind")]
    return found


def _remedies(behaviour: Behaviour) -> Iterator[Remedy]:
    if behaviour.remedy:
        yield Remedy("target", behaviour.remedy, False)
    if behaviour.fix:
        yield Remedy("rebuild" if behaviour.builds == "glibc" else "source", behaviour.fix, behaviour.builds == "glibc")


def _holds(behaviour: Behaviour | Entry, version: str) -> bool:
    """Whether this release of musl behaves so."""
    number = _number(version)
    if behaviour.since is not None and number < _number(behaviour.since):
        return False
    return behaviour.until is None or number < _number(behaviour.until)


@lru_cache(64)
def _number(version: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", version.partition("-")[0]))
