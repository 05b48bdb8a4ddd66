"""Every behaviour rule on every ELF object of a root: how many have its trigger, and how many it fires on."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from muslint.elf.dynamic import read
from muslint.elf.facts import built_for
from muslint.elf.image import Image
from muslint.elf.object import ElfObject, Kind
from muslint.errors import MalformedElf
from muslint.libc.musl import release_key
from muslint.rules import behaviours
from muslint.rules.behaviour.behaviour import Behaviour, Scene
from muslint.rules.finding import Severity
from muslint.sources.bytes import FileBytes

MUSL = "1.2.5"
LIMIT = 0.05
"""The largest share of a root's programs that a rule which is on by default may fire on."""
CONTRACT_LIMIT = 0
"""Files of a musl system that a rule about glibc's binary contract may fire on."""


@dataclass(slots=True)
class Counts:
    """What was seen of one root; each counter is by rule id."""

    programs: int = 0
    objects: int = 0
    native: int = 0  # built for musl
    met: Counter[str] = field(default_factory=Counter)  # objects that import a trigger
    fired: Counter[str] = field(
        default_factory=Counter
    )  # objects with a certain or likely proof that is more than information
    fired_programs: Counter[str] = field(default_factory=Counter)
    possible: Counter[str] = field(default_factory=Counter)  # objects with other proofs only
    fired_native: Counter[str] = field(default_factory=Counter)
    where: dict[str, list[str]] = field(default_factory=dict)  # the first objects a rule fires on


def objects(root: Path) -> Iterator[tuple[str, ElfObject, FileBytes]]:
    """Every ELF program and shared library below ``root``, in the order of their paths."""
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(folder, name)
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            data = FileBytes(path)
            if data.at(0, 4) != b"\x7fELF":
                continue
            try:
                found = read(data, path)
            except MalformedElf:
                continue
            if found.kind in (Kind.EXECUTABLE, Kind.SHARED_LIBRARY) and found.dynamic:
                yield path.removeprefix(str(root)), found, data


def count(root: Path) -> Counts:
    """Ask every rule about every object of a root."""
    counts = Counts()
    for path, found, data in objects(root):
        undefined = [index for index, shndx in enumerate(found.symbols.shndxs) if not shndx]
        scene = Scene(
            found, path, built_for(found), frozenset(found.symbols.names_of(undefined)), MUSL,
            found.kind is Kind.EXECUTABLE, Image(found, data),
        )  # fmt: skip
        counts.objects += 1
        counts.programs += scene.program
        counts.native += scene.built_for == "musl"
        for rule in behaviours():
            _ask(rule, scene, counts)
    return counts


def _ask(rule: Behaviour, scene: Scene, counts: Counts) -> None:
    """As the rules of the pipeline are asked: a contract of glibc's binds only what was built for it."""
    if rule.triggers and scene.imports.isdisjoint(rule.triggers):
        return
    if rule.until is not None and release_key(MUSL) >= release_key(rule.until):
        return
    if rule.builds == "glibc" and scene.built_for != "glibc":
        return
    counts.met[rule.id] += 1
    proofs = list(rule.prove(scene))
    told = [proof for proof in proofs if rule.default and proof.confidence != "possible"]
    if any((proof.severity or rule.severity) is not Severity.INFO for proof in told):
        counts.fired[rule.id] += 1
        counts.fired_programs[rule.id] += scene.program
        counts.fired_native[rule.id] += scene.built_for == "musl"
        counts.where.setdefault(rule.id, []).append(scene.path)
    elif proofs:
        counts.possible[rule.id] += 1


def too_noisy(counts: Counts) -> list[str]:
    """A line for every rule that breaks a bar."""
    lines = []
    for rule in behaviours():
        share = counts.fired_programs[rule.id] / max(counts.programs, 1)
        if share > LIMIT:
            lines.append(f"{rule.id} fires on {share:.1%} of {counts.programs} programs; at most {LIMIT:.0%} may be")
        if rule.builds == "glibc" and counts.fired_native[rule.id] > CONTRACT_LIMIT:
            lines.append(
                f"{rule.id}, a contract of glibc's, fires on {counts.fired_native[rule.id]} files built for musl"
            )
    return lines
