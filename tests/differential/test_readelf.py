"""Our reader against the text of binutils' readelf and elfutils' eu-readelf.

Both print what section headers lead to, so only files whose section headers are whole are asked about.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from muslint.elf.object import DT_FLAGS, DT_FLAGS_1, ElfObject
from muslint.elf.readers import named_reader
from muslint.sources.bytes import FileBytes
from tests.differential import recipes
from tests.differential.corpus import SYSTEM_STEP, elf_files
from tests.support.cache import run

BINDS = {"LOCAL": 0, "GLOBAL": 1, "WEAK": 2, "UNIQUE": 10}
TYPES = {"NOTYPE": 0, "OBJECT": 1, "FUNC": 2, "SECTION": 3, "FILE": 4, "COMMON": 5, "TLS": 6, "IFUNC": 10}
VISIBILITIES = {"DEFAULT": 0, "INTERNAL": 1, "HIDDEN": 2, "PROTECTED": 3}
SHNDXS = {"UND": 0, "ABS": 0xFFF1, "COM": 0xFFF2}

_SYMBOL = re.compile(
    r"^ *(\d+): ([0-9a-f]+) +(\d+|0x[0-9a-f]+) (\w+|<[\w ]+>: \d+) *(\w+|<[\w ]+>: \d+) +"
    r"(DEFAULT|INTERNAL|HIDDEN|PROTECTED) +(?:\[[^]]*\] +)?(\w+) ?(.*)$",
    re.MULTILINE,
)
_RELOCATION = re.compile(r"^([0-9a-f]{8,16}) +([0-9a-f]{8,16}) +R_", re.MULTILINE)
_EU_SYMBOL = re.compile(r"^ *(\d+): ([0-9a-f]+) +(\d+) (\w+|<[^>]*>) +(\w+) +(\w+) +(\w+) ?(.*)$", re.MULTILINE)

# Fixtures with sections and PT_DYNAMIC, of machines this machine's binutils may not name the relocations of.
FIXTURES = tuple(name for name in recipes.NAMES if not name.startswith(("static", "relocatable")))
LOOSE = 3  # system files read per one in the differential test


def _object(path: Path) -> ElfObject:
    return named_reader("muslint")(FileBytes(str(path)), str(path))


def _printed(command: str, *arguments: str) -> str:
    return run([command, *arguments], timeout=60, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})


def _code(text: str, names: dict[str, int]) -> int:
    return int(text.rpartition(" ")[2]) if text.startswith("<") else names[text]


def _named(text: str) -> tuple[str, str | None, bool]:
    """Name, version and whether it is hidden; ``NAME@VERSION (3)`` is a requirement, ``@@`` the default."""
    name, mark, version = re.sub(r" \(\d+\)$", "", text.rstrip()).partition("@")
    return name, version.removeprefix("@") if mark else None, bool(mark) and not version.startswith("@")


def _symbol_rows(text: str) -> list[tuple[Any, ...]]:
    table = text.partition("Symbol table '.dynsym'")[2].partition("\n\n")[0]
    return [
        (
            _named(m[8])[0], _code(m[5], BINDS), _code(m[4], TYPES), VISIBILITIES[m[6]],
            SHNDXS[m[7]] if m[7] in SHNDXS else int(m[7]), int(m[2], 16), int(m[3], 0), _named(m[8])[1],
        )
        for m in _SYMBOL.finditer(table)
    ]  # fmt: skip


def _wrong(path: Path) -> list[str]:
    """Facts of one file that readelf prints otherwise."""
    obj, wrong = _object(path), []
    text = _printed("readelf", "-dW", "--dyn-syms", "-r", str(path))
    told = re.findall(r"\((NEEDED|SONAME|RPATH|RUNPATH)\).*?\[(.*)\]$", text, re.MULTILINE)
    ours = [("NEEDED", name) for name in obj.needed]
    ours += [
        (k, v) for k, v in (("SONAME", obj.soname), ("RPATH", obj.rpath), ("RUNPATH", obj.runpath)) if v is not None
    ]
    if sorted(told) != sorted(ours):
        wrong.append(f"strings of the dynamic section: {told}, ours {ours}")
    # A symbol named as its own version definition is printed without a version.
    theirs = _symbol_rows(text)
    rows = [(*row[:7], None if row.version == row.name else row.version) for row in obj.symbols]
    wrong += [f"symbol {i}: {a}, ours {b}" for i, (a, b) in enumerate(zip(theirs, rows, strict=False)) if a != b][:3]
    if len(theirs) != len(rows):
        wrong.append(f"{len(theirs)} symbols, ours {len(rows)}")
    if not obj.arch.startswith("mips"):  # no records for the GOT, and three types in one on 64 bits
        shift = 8 if obj.ident.bits == 32 else 32
        infos = Counter(int(m[2], 16) for m in _RELOCATION.finditer(text))
        found = Counter(symbol << shift | kind for table in obj.relocations for kind, symbol in table.all_references())
        if infos != found:
            wrong.append(f"relocations: {infos - found} missing, {found - infos} more")
    return wrong


@pytest.mark.parametrize("name", FIXTURES)
def test_fixture_as_readelf_prints_it(name: str) -> None:
    """Dynamic strings, every symbol row, every relocation."""
    assert _wrong(recipes.made(name)) == []


def test_system_files_as_readelf_prints_them() -> None:
    """A sample of the machine's own files."""
    files = [p for top in ("/usr/bin", "/usr/lib") for p in elf_files(Path(top), SYSTEM_STEP * LOOSE)]
    asked = [path for path in files if _object(path).dynamic]
    assert asked, "no dynamic ELF file in /usr/bin and /usr/lib"
    assert {str(path): wrong for path in asked if (wrong := _wrong(path))} == {}


def test_flags_and_versions_as_readelf_prints_them() -> None:
    """PT_INTERP, DT_FLAGS, DT_FLAGS_1 and both version tables of a program that has them all."""
    path = recipes.made("program-x86_64")
    obj = _object(path)
    text = _printed("readelf", "-dlVW", str(path))
    assert re.findall(r"Requesting program interpreter: (.*)\]", text) == [obj.interpreter]
    assert ("NOW" in text) is bool((obj.tag(DT_FLAGS) or 0) & 8 or (obj.tag(DT_FLAGS_1) or 0) & 1)
    needs = re.findall(r"Name: (\S+)  Flags: (\S+)  Version: \d+", text)
    assert [(v.name, v.weak) for v in obj.versions_needed] == [(name, "WEAK" in flags) for name, flags in needs]
    assert [v.library for v in obj.versions_needed][:1] == re.findall(r"File: (\S+)", text)[:1]
    defined = _object(recipes.made("versioned.so")).versions_defined
    text = _printed("readelf", "-VW", str(recipes.made("versioned.so")))
    assert list(defined) == re.findall(r"Rev: .*Name: (\S+)", text)


@pytest.mark.parametrize("name", ["hash-both.so", "library-i386.so", "library-s390x.so", "library-mips.so", "lazy"])
def test_fixture_as_eu_readelf_prints_it(name: str) -> None:
    """elfutils reads the same names, binds, sections, values and sizes, and the same libraries."""
    path = recipes.made(name)
    obj = _object(path)
    text = _printed("eu-readelf", "-d", "--symbols=.dynsym", str(path))
    assert re.findall(r"NEEDED +Shared library: \[(.*)\]", text) == list(obj.needed)
    theirs = [(_named(m[8])[0], m[5], int(m[2], 16), int(m[3])) for m in _EU_SYMBOL.finditer(text)]
    binds = {number: bind for bind, number in BINDS.items()}
    assert theirs == [(row.name, binds[row.bind], row.value, row.size) for row in obj.symbols]
