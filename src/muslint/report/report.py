"""The result of a check, as values. Formats only render it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from muslint.advice.base import Base
from muslint.errors import WrongUse
from muslint.policy.baseline import Baseline
from muslint.policy.suppression import Suppressions
from muslint.policy.verdict import FailOn, Verdict, fold, shut
from muslint.rules.finding import Tried
from muslint.rules.findings import Findings, together
from muslint.sources.images.command import Started
from muslint.sources.images.system import System
from muslint.sources.source import Image, Layer, Skipped, nested


@dataclass(frozen=True, slots=True)
class Judged:
    """One object with its verdict."""

    path: str  # as people are shown it
    parents: tuple[str, ...]
    arch: str
    kind: str
    built_for: str  # glibc, musl, bionic, none, unknown
    verdict: Verdict
    requires: dict[str, str]  # version family → highest version asked for: GLIBC → 2.34
    interpreter: str | None
    assumed: tuple[str, ...]  # libraries and hosts taken to give what nothing known gives
    findings: Findings
    reason: str | None = None  # why the verdict is unknown
    layer: Layer | None = None  # of an image: the layer that added it
    package: str | None = None  # of a root: the distribution's package that installed it, NAME-VERSION
    loaded: tuple[tuple[str, str | None, str | None, str], ...] = ()
    """Who needs whom: (name, path or None, needed by or None for a preload, how it was found or why not)."""
    remedies: tuple[Tried, ...] = ()
    """What may be done about all of its findings, each tried in the model; what is enough first."""


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """The target as the report names it."""

    name: str
    libc: str
    version: str | None
    provenance: str


@dataclass(frozen=True, slots=True)
class JudgedImage:
    """One image with what becomes of what it starts."""

    parents: tuple[str, ...]
    image: Image
    system: System
    target: TargetFacts
    started: tuple[tuple[Started, Verdict | None], ...]  # None for what is no ELF file that was judged

    @property
    def verdict(self) -> Verdict:
        """The worst of what is started; unknown where it is not in the image, or cannot be told."""
        for worst in (Verdict.FAILS, Verdict.FAILS_ON_USE, Verdict.DIFFERS):
            if any(verdict is worst for _, verdict in self.started):
                return worst
        if any(step.trouble for step, _ in self.started):
            return Verdict.UNKNOWN
        sure = self.started and all(v is Verdict.RUNS for step, v in self.started if step.kind == "program")
        return Verdict.RUNS if sure else Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a check found."""

    source: str
    source_kind: str
    target: TargetFacts
    objects: tuple[Judged, ...]
    skipped: tuple[Skipped, ...]
    images: tuple[JudgedImage, ...] = ()  # the images that the source is or holds

    def shown(self, of: Judged | Skipped) -> str:
        """The path of an object as people are shown it, with what it lies in."""
        return nested(self.source, of.parents, of.path)

    bases: tuple[Base, ...] = ()  # base images and what becomes of the source in each, in the order to be shown
    fail_on: FailOn = FailOn.FAILS  # the verdict from which on the gate is shut
    documentation: str | None = None  # address of the site that the pages of rules are published on

    @property
    def suppressed(self) -> int:
        """How many findings the user or the baseline accepts."""
        return sum(finding.suppressed is not None for judged in self.objects for finding in judged.findings)

    def shuts(self, judged: Judged) -> bool:
        """Whether an object keeps the gate shut."""
        return shut((judged.verdict,), self.fail_on)

    def count(self, verdict: Verdict) -> int:
        """How many objects have a verdict."""
        return sum(judged.verdict is verdict for judged in self.objects)


def settled(report: Report, suppressions: Suppressions, baseline: Baseline | None) -> Report:
    """The report with the accepted findings marked, and the verdicts that follow from the others."""
    found = [suppressions.settle(judged.findings, judged.path, report.target.name) for judged in report.objects]
    if baseline is not None:
        known = iter(baseline.settle(finding for findings in found for finding in findings))
        found = [together(next(known) for _ in findings) for findings in found]
    return replace(
        report, objects=tuple(_refolded(judged, findings) for judged, findings in zip(report.objects, found))
    )


def _refolded(judged: Judged, findings: Findings) -> Judged:
    if findings == judged.findings:
        return judged
    verdict = judged.verdict if judged.verdict is Verdict.UNKNOWN else fold(findings)
    return replace(judged, findings=findings, verdict=verdict)


def joined(reports: list[Report]) -> Report:
    """Several sources as one report. Raises WrongUse where they were judged on different targets."""
    first = reports[0]
    if len(reports) == 1:
        return first
    for other in reports[1:]:
        if other.target.name != first.target.name or "self" in (other.target.name, first.target.name):
            raise WrongUse(
                "these sources are judged on different targets: name one with --on, or check them one by one"
            )
    return Report(
        ", ".join(report.source for report in reports), "several", first.target,
        tuple(judged for report in reports for judged in report.objects),
        tuple(skipped for report in reports for skipped in report.skipped),
        fail_on=first.fail_on, documentation=first.documentation,
        images=tuple(image for report in reports for image in report.images),
    )  # fmt: skip
