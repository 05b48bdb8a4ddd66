"""npm packages: ``cpu`` and ``libc`` of package.json, names such as ``-linux-x64-musl``, and prebuilds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from muslint.sources.labels.label import Claim, Label, arches

_CPU = r"x64|arm64|arm|ia32|ppc64|s390x|riscv64|loong64|mips64el|mipsel"
_NAME = re.compile(
    rf"(?:^|[-./@])linux-?(?P<libc0>musl|gnu)?-(?P<cpu>{_CPU})(?:-(?P<libc>musl|gnu|glibc)(?:eabihf)?)?(?=$|[-./])"
)
_PREBUILD = re.compile(rf"/prebuilds/linux-(?P<cpu>{_CPU})(?:\+[^/]*)?/(?P<file>[^/]+)$")
_NODE = re.compile(rf"[.-]linux-(?P<cpu>{_CPU})-(?P<libc>musl|gnu)(?:eabihf)?\.node$")
_LIBCS = {"gnu": "glibc", "glibc": "glibc", "musl": "musl"}


def _claims(kind: str, name: str, texts: Mapping[str, bytes], paths: Sequence[str]) -> Iterator[Claim]:  # noqa: ARG001
    for path in sorted(texts):
        if path == "package.json" or path.endswith("/package.json"):
            below = "/" + path.removesuffix("package.json")
            if any(member.startswith(below) and "/node_modules/" not in member[len(below) - 1 :] for member in paths):
                yield from _package(below, path, texts[path], paths)
    for member in paths:
        if found := _PREBUILD.search(member):
            tags = found["file"].split(".")
            libc = next((_LIBCS[tag] for tag in tags if tag in _LIBCS), None)
            yield _claim(member, found["cpu"], libc, found[0][1:], "the prebuild's path")
        elif found := _NODE.search(member):
            yield _claim(member, found["cpu"], _LIBCS[found["libc"]], found[0][1:], "the file name")


def _claim(below: str, cpu: str, libc: str | None, text: str, where: str) -> Claim:
    return Claim(below, text, where, frozenset((libc,) if libc else ()), _cpus([cpu]))


def _cpus(names: Sequence[str]) -> frozenset[str]:
    found = arches(*names)
    # Node's ppc64 is either byte order.
    return found | {"powerpc64", "powerpc64le"} if "ppc64" in names else found


def _package(below: str, path: str, data: bytes, paths: Sequence[str]) -> Iterator[Claim]:
    try:
        package = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(package, dict):
        return
    systems = _listed(package.get("os"))
    if systems and "linux" not in systems:
        return
    cpus = [cpu for cpu in _listed(package.get("cpu")) if not cpu.startswith("!")]
    libcs = frozenset(_LIBCS[libc] for libc in _listed(package.get("libc")) if libc in _LIBCS)
    mine = frozenset(
        member for member in paths if member.startswith(below) and "/node_modules/" not in member[len(below) - 1 :]
    )
    if cpus or libcs:
        said = ", ".join(f"{key} {' '.join(_listed(package[key]))}" for key in ("cpu", "libc") if package.get(key))
        yield Claim(below, said, path, libcs, _cpus(cpus), paths=mine)
    name = str(package.get("name", ""))
    if (found := _NAME.search(name)) and not libcs:
        libc = found["libc"] or found["libc0"]
        yield Claim(
            below, name, "the package's name", frozenset((_LIBCS[libc],) if libc else ()),
            _cpus([found["cpu"]]), paths=mine,
        )  # fmt: skip


def _listed(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


LABEL = Label("npm", frozenset(("package.json",)), _claims)
