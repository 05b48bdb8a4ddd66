"""Tables of musl: names exported and relocations known, by release and architecture."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from muslint.libc.ports import RELEASES
from muslint.libc.table import ranges_of
from tools.tables.text import load, table

KINDS = {"FUNC": "F", "OBJECT": "O", "TLS": "T", "NOTYPE": "N"}

# Releases between two that were read, where the port or the number came in.
# Source: musl's git history, section 10 of the loader specification.
_FIRST = {
    ("arm", 13): "1.1.21",
    ("powerpc", 24): "1.1.24",
    ("powerpc64", 43): "1.1.24",
}
_FIRST_PORT = {"riscv64": "1.1.23", "m68k": "1.1.20"}
_SH_PLAIN_ONLY, _SH_FDPIC_ONLY = {165}, {207, 208}


def tables(facts: Path) -> Iterator[tuple[str, str]]:
    """Yield path and text of each musl table made from ``facts``."""
    symbols = load(facts, "musl-symbols.json")
    for arch in sorted({a for by_arch in symbols.values() for a in by_arch}):
        yield f"musl/{arch}.txt", symbol_table(arch, symbols)
    yield "musl/relocations.txt", relocation_table(load(facts, "musl-relocs.json"))


def symbol_table(arch: str, symbols: dict[str, Any]) -> str:
    """Return the table of names that upstream musl exports on ``arch``."""
    order = [r for r in RELEASES if arch in symbols.get(r, {})]
    held: dict[tuple[str, str], list[str]] = {}
    for release in order:
        for name, detail in symbols[release][arch]["symbols"].items():
            held.setdefault((name, KINDS[detail["type"]]), []).append(release)
    notes = [(r, " ".join(symbols[r][arch]["source"].split())) for r in order]
    return table(
        f"names that musl's libc.so exports on {arch}: NAME KIND [RELEASES]\n"
        "no third column: in every release noted below",
        notes,
        sorted(f"{name} {kind} {ranges_of(present, order)}".rstrip() for (name, kind), present in held.items()),
    )


def relocation_table(relocs: dict[str, Any]) -> str:
    """Return the table of relocation numbers that ``do_relocs`` handles."""
    read = [r for r in RELEASES if r in relocs]
    held: dict[tuple[str, int, str, str], list[str]] = {}
    for release in read:
        for arch, number, row in _numbers(relocs[release]):
            held.setdefault((arch, number, *row), []).append(release)
    lines = []
    for (arch, number, kind, name), present in sorted(held.items()):
        if present[-1] != read[-1]:
            raise ValueError(f"{arch} {number} left musl: the table cannot say that yet")
        ported = next(release for release in read if arch in relocs[release] or arch.split("-")[0] in relocs[release])
        first = _FIRST.get((arch, number), present[0])
        if present[0] == ported and first == present[0]:
            # It came with the port, which may be older than the releases read.
            first = _FIRST_PORT.get(arch, RELEASES[0] if ported == read[0] else ported)
        since = "" if first == RELEASES[0] else f" {first}-"
        lines.append(f"{arch} {number} {kind} {name}{since}")
    return table(
        "dynamic relocation numbers that musl's loader applies: ARCH NUMBER CLASS NAME [RELEASES]",
        [("source", "arch/*/reloc.h and ldso/dynlink.c of the release tags")],
        lines,
    )


def _numbers(by_arch: dict[str, Any]) -> Iterator[tuple[str, int, tuple[str, str]]]:
    for arch, classes in by_arch.items():
        for kind, entry in classes.items():
            number, row = int(entry["number"]), (kind, str(entry["name"]))
            if arch != "sh":
                yield arch, number, row
                continue
            if number not in _SH_FDPIC_ONLY:
                yield "sh", number, row
            if number not in _SH_PLAIN_ONLY:
                yield "sh-fdpic", number, row
