"""Tables of glibc: public names by version node, and what the abilists leave out."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from muslint.libc.table import ranges_of
from tools.tables.text import load, table

# The table's names of the targets of zig's abilists: musl's where musl has a port.
ARCHES = {
    "arm-linux-gnueabi": "arm",
    "armeb-linux-gnueabi": "armeb",
    "arm-linux-gnueabihf": "armhf",
    "armeb-linux-gnueabihf": "armebhf",
    "arc-linux-gnu": "arc",
    "csky-linux-gnueabi": "csky",
    "csky-linux-gnueabihf": "cskyhf",
    "m68k-linux-gnu": "m68k",
    "mipsel-linux-gnueabihf": "mipsel",
    "mips-linux-gnueabihf": "mips",
    "mipsel-linux-gnueabi": "mipsel-sf",
    "mips-linux-gnueabi": "mips-sf",
    "x86-linux-gnu": "i386",
    "riscv32-linux-gnu": "riscv32",
    "sparc-linux-gnu": "sparc",
    "loongarch32-linux-gnu": "loongarch32",
    "loongarch32-linux-gnusf": "loongarch32-sf",
    "powerpc64le-linux-gnu": "powerpc64le",
    "mips64el-linux-gnuabi64": "mips64el",
    "mips64-linux-gnuabi64": "mips64",
    "mips64el-linux-gnuabin32": "mipsn32el",
    "mips64-linux-gnuabin32": "mipsn32",
    "aarch64-linux-gnu": "aarch64",
    "aarch64_be-linux-gnu": "aarch64_be",
    "x86_64-linux-gnu": "x86_64",
    "x86_64-linux-gnux32": "x32",
    "riscv64-linux-gnu": "riscv64",
    "sparc64-linux-gnu": "sparc64",
    "loongarch64-linux-gnu": "loongarch64",
    "loongarch64-linux-gnusf": "loongarch64-sf",
    "s390x-linux-gnu": "s390x",
}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# One row of the abilists: name, kind, architecture, library, version nodes.
Inclusion = tuple[str, str, str, str, tuple[str, ...]]


def tables(facts: Path) -> Iterator[tuple[str, str]]:
    """Yield path and text of each glibc table made from ``facts``."""
    listed = load(facts, "glibc-symbols.json")
    yield "glibc/symbols.txt", symbol_table(list(inclusions(listed)), listed["source"])
    yield "glibc/extra.txt", extra_table(load(facts, "glibc-extra-libs.json"))


def inclusions(listed: dict[str, Any]) -> Iterator[Inclusion]:
    """Yield the rows of the facts' rendering of zig's abilists."""
    arches = [ARCHES[target] for target in listed["targets"]]
    versions = [v.removeprefix("GLIBC_") for v in listed["versions"]]
    for name, (kind, clauses) in listed["symbols"].items():
        for mask, lib, nodes, *_ in clauses:
            for bit, arch in enumerate(arches):
                if mask >> bit & 1:
                    yield name, kind, arch, listed["libs"][lib], tuple(versions[n] for n in nodes)


def symbol_table(found: Iterable[Inclusion], source: str) -> str:
    """Return the table of glibc's public names from the rows of the abilists."""
    order = sorted(ARCHES.values())
    letter = dict(zip(order, LETTERS, strict=False))
    held: dict[tuple[str, str], dict[tuple[str, tuple[str, ...]], set[str]]] = {}
    for name, kind, arch, lib, nodes in found:
        held.setdefault((name, kind), {}).setdefault((lib, nodes), set()).add(letter[arch])
    lines = []
    for (name, kind), clauses in sorted(held.items()):
        texts = [
            f"{_letters(letters, letter.values())}:{lib}:{','.join(nodes)}" for (lib, nodes), letters in clauses.items()
        ]
        lines.append(" ".join([name, kind, *sorted(texts)]))
    return table(
        "names that glibc exports: NAME KIND ARCHES:LIBRARY:NODES …\n"
        "ARCHES: * all, ^… all but these, else the letters noted below\n"
        "LIBRARY: c libc.so.6, m libm.so.6, ld the loader, and so on\n"
        "NODES: the version nodes GLIBC_… at which that library exports the name",
        [("source", source), *((mark, arch) for arch, mark in letter.items())],
        lines,
    )


def _letters(letters: set[str], every: Iterable[str]) -> str:
    others = set(every) - letters
    if not others:
        return "*"
    if len(others) < 8 and len(others) < len(letters):
        return "^" + "".join(sorted(others))
    return "".join(sorted(letters))


def extra_table(extra: dict[str, Any]) -> str:
    """Return the table of names in Debian's libc6 that the abilists lack."""
    held: dict[str, dict[tuple[str, str, str], list[str]]] = {}
    order = sorted({r for by in extra["arches"].values() for r in by}, key=_version)
    for arch, by_release in extra["arches"].items():
        for release, by_lib in by_release.items():
            for lib, kinds in by_lib.items():
                for name, node in _extra_names(kinds):
                    key = (_short(lib), node, arch)
                    held.setdefault(name, {}).setdefault(key, []).append(release)
    lines = [
        " ".join(
            [name]
            + [
                f"{lib}:{node}:{arch}:{ranges_of(present, order) or '-'}"
                for (lib, node, arch), present in sorted(clauses.items())
            ]
        )
        for name, clauses in sorted(held.items())
    ]
    return table(
        "names of glibc's libraries that glibc/symbols.txt lacks: NAME LIBRARY:NODE:ARCH:RELEASES …\n"
        "NODE: GLIBC_… version node, or PRIVATE for GLIBC_PRIVATE",
        [("source", extra["method"]), ("releases", " ".join(order))],
        lines,
    )


def _extra_names(kinds: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    # Names without a version are those of preload tools (libmemusage …), not of libc.
    for full in kinds.get("public", []):
        name, _, node = full.partition("@")
        yield name, node.lstrip("@").removeprefix("GLIBC_")
    for name in kinds.get("private", []):
        yield name.partition("@")[0], "PRIVATE"


def _short(lib: str) -> str:
    stem = lib.partition(".so")[0]
    return "ld" if stem.startswith("ld") else stem.removeprefix("lib")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
