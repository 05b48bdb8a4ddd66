"""Tables of shims: packages of Alpine that give names glibc has and musl lacks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from muslint.libc.table import ranges_of
from tools.tables.text import load, table

_GCOMPAT = ("0.4.0", "0.9.0", "1.0.0", "1.1.0")
_SONAME_OF = {"libexecinfo": "libexecinfo.so.1", "libucontext": "libucontext.so.1"}
_SONAME_OF |= {"musl-obstack": "libobstack.so.1", "musl-fts": "libfts.so.0"}
_SONAME_OF |= {"gnu-libiconv": "preloadable_libiconv.so"}


def tables(facts: Path) -> Iterator[tuple[str, str]]:
    """Yield path and text of each shim table made from ``facts``."""
    gcompat = load(facts, "gcompat.json")
    yield "shims/packages.txt", package_table(load(facts, "alpine-shims.json"))
    yield "shims/exports.txt", export_table(gcompat)


def package_table(shims: dict[str, Any]) -> str:
    """Return the table of shim packages by Alpine release."""
    lines = []
    for shim, entry in sorted(shims.items()):
        for release, package in entry.get("versions_at_release", {}).items():
            if package:
                name = package.get("name", shim)
                lines.append(f"{shim} {release} {name} {package['package']} {package['repository']}")
    return table(
        "shims in Alpine: SHIM RELEASE PACKAGE VERSION REPOSITORY\n"
        "a shim without a row is not in that release; testing is published for edge alone",
        [("source", "the package's recipe at each release commit of Alpine")],
        lines,
    )


def export_table(gcompat: dict[str, Any]) -> str:
    """Return the table of names each shim library exports."""
    lines = []
    held: dict[str, list[str]] = {}
    for version in _GCOMPAT:
        for name in gcompat[version]["symbols"]:
            held.setdefault(name, []).append(version)
    for name, present in held.items():
        lines.append(f"libgcompat.so.0 {name} {ranges_of(present, _GCOMPAT)}".rstrip())
    for shim in gcompat["shims"]:
        soname = _SONAME_OF.get(shim["name"])
        lines += [f"{soname} {name}" for name in shim["symbols"] if soname]
    return table(
        "names that shim libraries export: LIBRARY NAME [VERSIONS OF GCOMPAT]",
        [
            ("gcompat", " ".join(_GCOMPAT)),
            ("source", "libraries built with Alpine's flags; gnu-libiconv's names are recalled"),
        ],
        sorted(lines),
    )
