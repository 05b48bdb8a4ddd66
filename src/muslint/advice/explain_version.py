"""A symbol version explained: ``GLIBC_2.34``, ``GLIBCXX_3.4.29``, ``CXXABI_1.3.13``, ``GCC_12.0.0``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from muslint.advice.explanation import Explanation, Fact
from muslint.libc.catalog import BaseImage, gcc_of, images, runtime
from muslint.libc.glibc import newest_release, symbols, version_key
from muslint.libc.musl import alpine_releases
from muslint.libc.table import read_text, rows

_FORM = re.compile(r"(GLIBC|GLIBCXX|CXXABI|GCC)_(\d+(?:\.\d+)*|PRIVATE)")
_LISTED = 12


@lru_cache(maxsize=1)
def _late() -> dict[str, str]:
    return {row[0]: row[1] for row in rows(read_text("cxx.txt"))}


def cxx_since(name: str) -> tuple[Fact, ...]:
    """When the C++ runtime got ``name``, and which Alpine has a runtime that new."""
    node = _late().get(name)
    if node is None:
        return ()
    gcc = gcc_of(node)
    text = f"{node}{f' (GCC {gcc})' if gcc else ''}; {_alpine_text(node)}"
    return (Fact("since", text, {"version": node, "gcc": gcc, "alpine": alpine_with(node)}),)


def alpine_with(version: str) -> str | None:
    """The first Alpine release whose compiler runtime has the code of a GLIBCXX, CXXABI or GCC version."""
    family, _, number = version.partition("_")
    for release in alpine_releases():
        have = runtime(release)
        level = {"GLIBCXX": have.glibcxx, "CXXABI": have.cxxabi, "GCC": have.libgcc}.get(family) if have else None
        if level and version_key(level.partition("_")[2]) >= version_key(number):
            return release
    return None


def _alpine_text(version: str) -> str:
    first = alpine_with(version)
    return f"Alpine {first} and later have that code" if first else "no Alpine release known has it"


def explain_version(name: str, arch: str = "x86_64") -> Explanation | None:
    """Explain a version node; None for another text. A node no release defines is told as unknown."""
    match = _FORM.fullmatch(name.strip("`'\""))
    if match is None:
        return None
    family, number = match.groups()
    if family == "GLIBC":
        return _glibc(name, number, arch)
    node = f"{family}_{number}"
    came = tuple(sorted(known for known, since in _late().items() if since == node))
    library = "libgcc_s.so.1" if family == "GCC" else "libstdc++.so.6"
    gcc = gcc_of(number) if family == "GLIBCXX" else None
    facts = (
        *([Fact("gcc", f"came with GCC {gcc}", gcc)] if gcc else []),
        Fact("alpine", f"{_alpine_text(node)}; its libraries define no versions, so only names count",
             {"first": alpine_with(node)}),
        _names(came),
        _distributions(family, number),
    )  # fmt: skip
    advice = (
        f"apk add {'libgcc' if family == 'GCC' else 'libstdc++'} on an Alpine that has it, or rebuild there",
        "on glibc: a base image of the list, or build in an older one",
    )
    return Explanation("version", node, f"a symbol version of {library}", facts, advice)


def _glibc(name: str, number: str, arch: str) -> Explanation:
    if number == "PRIVATE":
        return Explanation(
            "version", name, "glibc's own parts share names at this version; they change from release to release", (),
            ("a piece of glibc was taken out of its distribution: remove it, and use the one of the image",),
        )  # fmt: skip
    if version_key(number) > version_key(newest_release()):
        return Explanation(
            "version", name, f"no release of glibc that muslint knows has it; the newest is {newest_release()}", (),
            ("look whether the name is spelled right; muslint check FILE shows what a file really asks for",),
        )  # fmt: skip
    came = tuple(sorted(n for n, symbol in symbols(arch).items() if symbol.since == number))
    later = (n for n, s in symbols(arch).items() if s.since != number and any(node == number for _, node in s.nodes))
    moved = sorted(later, key=lambda known: (known.startswith("_"), known))  # what people call, first
    again = f"{len(moved)} older names got it too, so what is linked today asks for it: {_some(moved)}"
    facts = (
        _names(came),
        *([Fact("renewed", again, moved)] if moved else []),
        _distributions("GLIBC", number),
        Fact("musl", "musl reads no versions: what counts there is each name, not this", None),
    )
    advice = (
        "on musl: muslint check FILE says which names are missing",
        f"on glibc: use a base image of the list, or build in an older one (zig cc -target {arch}-linux-gnu.2.17)",
    )
    return Explanation("version", name, f"glibc {number}, as a requirement of single symbols", facts, advice)


def _names(came: tuple[str, ...]) -> Fact:
    if not came:
        return Fact("names", "no name known to muslint came with it", [])
    return Fact("names", f"{len(came)} came with it: {_some(came)}", list(came))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{', '.join(names[:_LISTED])}{more}"


def _distributions(family: str, number: str) -> Fact:
    """The first catalogued release of each distribution that has the version."""
    first: dict[str, BaseImage] = {}
    for image in images():
        held = {"GLIBC": image.libc_version, "GLIBCXX": image.glibcxx, "CXXABI": image.cxxabi, "GCC": image.gcc}[family]
        if image.libc == "glibc" and held and version_key(held) >= version_key(number) and "slim" not in image.name:
            first.setdefault(image.name.partition(":")[0], image)
    wanted = ("debian", "ubuntu", "almalinux", "amazonlinux", "fedora")
    shown = [first[name].name for name in wanted if name in first]
    text = f"first in {', '.join(shown)}" if shown else "no distribution of the catalogue has it"
    return Fact("distributions", text, sorted(image.name for image in first.values()))
