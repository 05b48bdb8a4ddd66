"""What becomes of what an image starts: each file on the way, with its verdict."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.policy.verdict import Verdict
from muslint.report.report import Judged, JudgedImage, TargetFacts
from muslint.rules.finding import Evidence, Finding, Remedy, Severity, When
from muslint.rules.findings import together
from muslint.sources.images.command import Started, started
from muslint.sources.images.system import system_of
from muslint.sources.packed import PackedTree
from muslint.sources.source import Layer, Source


def judged_image(place: Source, target: TargetFacts, judged: list[Judged]) -> JudgedImage:
    """What is reported of an image; ``judged`` gets the scripts it starts whose interpreter it does not have.

    That is asked of an image that is its own target only: another one may well have the interpreter.
    """
    assert place.image is not None
    assert isinstance(place.tree, PackedTree)
    own = target.name == "self"
    steps = started(place.tree, place.image)
    if own:
        judged += _without_interpreter(place, steps)
        judged.sort(key=lambda one: one.path)
    by_path = {one.path: one for one in judged}
    with_verdicts = []
    for step in steps:
        found = by_path.get(step.path if own else step.path[1:]) if step.path else None
        with_verdicts.append((step, found.verdict if found is not None else None))
    return JudgedImage(place.parents, place.image, system_of(place.tree), target, tuple(with_verdicts))


def _without_interpreter(place: Source, steps: tuple[Started, ...]) -> Iterator[Judged]:
    """The scripts whose first line asks for a program that the image does not have."""
    for script in steps:
        if script.kind != "script":
            continue
        asked = [step for step in steps if step.by == script.asked and step.asked]
        gone = next((step for step in asked if not step.path), None)
        if gone is None:
            continue
        direct = gone is asked[0]
        # The kernel's ENOENT as a shell tells it; env (busybox) tells of its own.
        message = (
            f"{script.path}: not found" if direct else f"env: can't execute '{gone.asked}': No such file or directory"
        )
        finding = Finding(
            "interpreter-missing", Severity.ERROR, When.LOAD, script.path, message, library=gone.asked,
            evidence=(Evidence("interpreter", script.path, f"its first line asks for {gone.asked}"),),
            remedies=(Remedy("package", f"add {gone.asked} to the image, or write the script for /bin/sh", True),),
        )  # fmt: skip
        yield Judged(
            script.path, place.parents, "none", "script", "none", Verdict.FAILS, {}, gone.asked, (),
            together((finding,)), layer=_layer(place, script.path),
        )  # fmt: skip


def _layer(place: Source, path: str) -> Layer | None:
    assert isinstance(place.tree, PackedTree)
    found = place.tree.resolve(path)
    node = None if isinstance(found, int) else found[1]
    if node is None or place.image is None or not node.layer:
        return None
    return place.image.layers[node.layer - 1]
