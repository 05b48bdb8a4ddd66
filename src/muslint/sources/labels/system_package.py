"""System packages: the architecture of ``.PKGINFO`` (Alpine), of a deb's control file, of an rpm's header."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from muslint.sources.labels.label import Claim, Label, arches, fields, text_of

_ANY = ("noarch", "all", "any", "source", "")


def _claims(kind: str, name: str, texts: Mapping[str, bytes], paths: Sequence[str]) -> Iterator[Claim]:  # noqa: ARG001
    if ".PKGINFO" in texts and kind != "tar":
        said = _assigned(text_of(texts[".PKGINFO"]))
        musl = frozenset(("musl",) if any("so:libc.musl-" in value for value in said.get("depend", ())) else ())
        yield from _claim(said.get("arch", [""])[0], ".PKGINFO", musl)
    if "deb/control" in texts:
        name = fields(text_of(texts["deb/control"])).get("architecture", [""])[0]
        libc = "musl" if name.startswith("musl-") else ""
        yield from _claim(re.sub(r"^(musl-)?(linux-)?", "", name), "control", frozenset((libc,) if libc else ()))
    if "rpm/header" in texts:
        yield from _claim(_assigned(text_of(texts["rpm/header"])).get("arch", [""])[0], "the rpm header", frozenset())


def _assigned(text: str) -> dict[str, list[str]]:
    """The values of ``name = value`` lines."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            found.setdefault(name.strip(), []).append(value.strip())
    return found


def _claim(arch: str, where: str, libcs: frozenset[str]) -> Iterator[Claim]:
    known = frozenset() if arch in _ANY else arches(arch)
    if known or libcs:
        yield Claim("/", " ".join((arch, *sorted(libcs))).strip(), where, libcs, known)


LABEL = Label("system-package", frozenset((".PKGINFO",)), _claims)
