"""Tables of Alpine's musl packages: what they do otherwise than upstream."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.tables.text import load, table

# First package revision that carries the relr patches; "no" where none was seen.
# 3.14's r4 most likely has them too, but its recipe was never seen: taken as "no".
_RELR_FROM = {"3.13": "1.2.2-r2", "3.15": "1.2.2-r9", "3.16": "1.2.3-r3"}


def tables(facts: Path) -> Iterator[tuple[str, str]]:
    """Yield path and text of each Alpine table made from ``facts``."""
    releases = load(facts, "alpine-musl.json")
    kinds = {
        name: "O" if detail["type"] == "OBJECT" else "F"
        for by_arch in load(facts, "musl-symbols.json").values()
        for name, detail in by_arch.get("x86_64", {"symbols": {}})["symbols"].items()
    }
    yield "alpine/musl.txt", package_table(releases)
    yield "alpine/symbols.txt", change_table(releases, kinds)
    yield "alpine/relocations.txt", relocation_table(releases)


def package_table(releases: dict[str, Any]) -> str:
    """Return the table of musl packages by Alpine release, oldest release first."""
    lines = []
    notes = []
    for release, entry in releases.items():
        relr = _RELR_FROM.get(release, "yes" if entry["loader"]["relr"] else "no")
        lines.append(
            f"{release} {entry['package_at_release']} {entry['package']} {entry['base']} {_lfs64(entry)} {relr}"
        )
        notes.append((release, f"{entry['method']}; confidence {entry['confidence']}"))
    return table(
        "musl in Alpine: RELEASE FIRST-PACKAGE NEWEST-PACKAGE BASE LFS64 RELR\n"
        "RELR: yes, no, or the first package that applies DT_RELR",
        notes,
        lines,
    )


def _lfs64(entry: dict[str, Any]) -> str:
    loader = entry["loader"]
    if loader["lfs64_exported"]:
        return "exported"
    return "remap-short" if loader["posix_fallocate64"] == "missing" else "remap"


def change_table(releases: dict[str, Any], kinds: dict[str, str]) -> str:
    """Return the names that Alpine adds to or takes from upstream's, by release."""
    lines = []
    for release, entry in releases.items():
        lines += [f"{release} * +{name} {kinds[name]}" for name in sorted(entry["adds"])]
        removes: dict[str, list[str]] = {name: ["*"] for name in entry["removes"]}
        for arch, other in entry.get("other_architectures", {}).items():
            for name in other["removes"]:
                removes.setdefault(name, []).append(arch)
        lines += [f"{release} {','.join(sorted(a))} -{name}" for name, a in sorted(removes.items())]
    return table(
        "names beside upstream's in Alpine's musl: RELEASE ARCHES +NAME KIND or -NAME",
        [("source", "packages rebuilt from Alpine's recipe at each release commit")],
        lines,
    )


def relocation_table(releases: dict[str, Any]) -> str:
    """Return relocation numbers that only Alpine's patches bring, by release."""
    lines = [
        f"{release} loongarch64 14 TLSDESC R_LARCH_TLS_DESC64"
        for release, entry in releases.items()
        if any(p["name"] == "loongarch64-add-TLSDESC-support.patch" for p in entry["patches"])
    ]
    return table(
        "relocation numbers beside upstream's: RELEASE ARCH NUMBER CLASS NAME",
        [("source", "patch loongarch64-add-TLSDESC-support in Alpine's musl package")],
        lines,
    )
