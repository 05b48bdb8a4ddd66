"""The head of the table for an image: what it is, and what becomes of what it starts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator

from muslint.policy.verdict import Verdict
from muslint.report.report import Judged, JudgedImage, Report
from muslint.sources.source import Layer

_WIDTH = 72
"""Longest instruction that is shown, in characters."""


Word = Callable[[Verdict], str]
"""How a verdict is shown."""
Failure = Callable[[Judged], str]
"""The first thing that breaks of an object, in a few words."""


def images(report: Report, verbose: int, word: Word, failure: Failure) -> list[str]:
    """The lines about each image; all layers with ``verbose``."""
    lines: list[str] = []
    for one in report.images:
        lines += _image(one, verbose)
        lines += _started(report, one, word, failure)
        lines.append("")
    return lines


def layer_of(judged: Judged) -> list[str]:
    """Where in the image an object comes from."""
    return [f"  from {_told(judged.layer)}"] if judged.layer is not None else []


def instruction(created_by: str) -> str:
    """What made a layer, as it stood in the Dockerfile, in one line."""
    text = re.sub(r"^(RUN )?/bin/sh -c #\(nop\)\s*", "", created_by)
    text = re.sub(r"^(?:RUN )?(?:\|\d+ .*? )?/bin/sh -c\s+", "RUN ", text)
    return _cut(re.sub(r"\s*# buildkit$", "", text))


def _cut(text: str) -> str:
    """A text in one line that is not too long."""
    text = " ".join(text.split())
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _told(layer: Layer) -> str:
    return f"layer {layer.index}  {instruction(layer.created_by)}".rstrip()


def _image(one: JudgedImage, verbose: int) -> Iterator[str]:
    image, system = one.image, one.system
    name = " › ".join(one.parents[1:] if len(one.parents) > 1 else one.parents)
    musl = system.musl or (one.target.version if one.target.name == "self" else "")
    facts = [image.platform, system.name, f"{len(image.layers)} layer{'s' if len(image.layers) != 1 else ''}"]
    if musl:
        facts[1] = f"{system.name} (musl {musl})" if system.name else f"musl {musl}"
    if system.packages is not None:
        facts.insert(2, f"{system.packages} packages")
    yield f"{name}  {', '.join(fact for fact in facts if fact)}"
    if verbose:
        yield from (f"  {_told(layer)}" for layer in image.layers)


def _started(report: Report, one: JudgedImage, word: Word, failure: Failure) -> Iterator[str]:
    if not one.image.command:
        yield "no entrypoint and no command"
        return
    by_path = {j.path.lstrip("/"): j for j in report.objects if j.parents == one.parents}
    decisive = next((s for s in one.started if s[1] is one.verdict or (s[1] is None and s[0].trouble)), None)
    judged = by_path.get(decisive[0].path.lstrip("/")) if decisive is not None else None
    why = failure(judged) if judged is not None else ""
    if decisive is not None and decisive[0].trouble:
        asked = f" (asked for by {decisive[0].by})" if decisive[0].by else ""
        why = f"{decisive[0].asked}: {decisive[0].trouble}{asked}"
    yield f"entrypoint {_cut(shlex.join(one.image.command))}    {word(one.verdict)}    {why}".rstrip()
    chain = [step.path or step.asked for step, _ in one.started]
    if len(chain) > 1:
        yield f"  starts {' → '.join(chain)}"
    if judged is not None:
        yield from layer_of(judged)
