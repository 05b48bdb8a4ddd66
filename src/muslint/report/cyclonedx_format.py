"""CycloneDX 1.6 JSON: every object a component, with its verdict and findings as properties.

Properties are named ``muslint:…``. No time and no random serial number: the same report gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from muslint import __version__
from muslint.report.format import Format
from muslint.report.json_format import document
from muslint.report.report import Judged, Report

if TYPE_CHECKING:
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component
    from cyclonedx.model.tool import ToolRepository

_CONTAINERS = ("root", "oci", "docker")


def render(report: Report, _verbose: int = 0) -> str:
    """The bill of materials, whatever the verbosity."""
    from cyclonedx.output.json import JsonV1Dot6

    text = JsonV1Dot6(_bom(report)).output_as_string(indent=2)
    # The library puts the time in, which would change from run to run.
    made = json.loads(text)
    made["metadata"].pop("timestamp", None)
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _bom(report: Report) -> Bom:
    from uuid import NAMESPACE_URL, uuid5

    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.dependency import Dependency

    contents = json.dumps(document(report), ensure_ascii=True, sort_keys=True)
    container = report.source_kind.startswith(_CONTAINERS)
    subject = Component(
        name=_plain(report.source), type=ComponentType.CONTAINER if container else ComponentType.FILE, bom_ref="source"
    )
    system, _, release = report.target.name.partition(":")
    target = Component(
        name=_plain(system), version=_plain(release) or None, type=ComponentType.OPERATING_SYSTEM, bom_ref="target",
        description=_plain(report.target.provenance) or None,
    )  # fmt: skip
    tool = Component(name="muslint", version=__version__, type=ComponentType.APPLICATION, bom_ref="tool")
    components = {_ref(number): _component(report, judged, number) for number, judged in enumerate(report.objects)}
    links = [
        Dependency(components[_ref(number)].bom_ref, [Dependency(components[ref].bom_ref) for ref in sorted(needs)])
        for number, needs in enumerate(_needs(report))
    ]
    needed = [made.bom_ref for made in (*components.values(), target)]
    links.append(Dependency(subject.bom_ref, [Dependency(ref) for ref in needed]))
    return Bom(
        components=[*components.values(), target],
        serial_number=uuid5(NAMESPACE_URL, f"muslint:{contents}"),
        metadata=BomMetaData(component=subject, tools=_tools(tool)),
        dependencies=[*links, Dependency(target.bom_ref)],
    )


def _tools(tool: Component) -> ToolRepository:
    from cyclonedx.model.tool import ToolRepository

    return ToolRepository(components=[tool])


def _ref(number: int) -> str:
    return f"object-{number}"


def _component(report: Report, judged: Judged, number: int) -> Component:
    from cyclonedx.model.component import Component, ComponentType

    library = judged.kind == "shared-library"
    return Component(
        name=_plain("!".join((*judged.parents, judged.path))), bom_ref=_ref(number),
        type=ComponentType.LIBRARY if library else ComponentType.APPLICATION,
        properties=list(_properties(report, judged)),
    )  # fmt: skip


def _properties(report: Report, judged: Judged) -> Iterator[Property]:
    from cyclonedx.model import Property

    facts = {
        "verdict": judged.verdict, "target": report.target.name, "arch": judged.arch, "kind": judged.kind,
        "built-for": judged.built_for, "reason": judged.reason,
    }  # fmt: skip
    yield from (Property(name=f"muslint:{key}", value=_plain(str(text))) for key, text in facts.items() if text)
    if judged.layer is not None:
        layer = {"index": str(judged.layer.index), "digest": judged.layer.digest, "created-by": judged.layer.created_by}
        yield from (Property(name=f"muslint:layer:{key}", value=_plain(text)) for key, text in layer.items() if text)
    for family, version in judged.requires.items():
        yield Property(name=f"muslint:requires:{_plain(family)}", value=_plain(version))
    for finding in judged.findings:
        state = "finding" if finding.suppressed is None else "suppressed"
        yield Property(name=f"muslint:{state}:{finding.rule}:{finding.fingerprint}", value=_plain(finding.told))


def _needs(report: Report) -> Iterator[set[str]]:
    """For each object the others of the report it needs."""
    by_path = {judged.path: _ref(number) for number, judged in enumerate(report.objects)}
    for judged in report.objects:
        paths = {path for _, path, needed_by, _ in judged.loaded if needed_by == judged.path and path != judged.path}
        yield {by_path[path] for path in paths if path in by_path}


def _plain(text: str) -> str:
    """Bytes of names that are not text come out as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


FORMAT = Format("cyclonedx", "CycloneDX 1.6: components with verdicts", render, needs=("cyclonedx",))
