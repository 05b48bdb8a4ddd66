"""Damaged files are judged, or refused with a reason: whatever a reader takes, the loaders and rules stand too."""

import os
import random
from pathlib import Path

import pytest

from muslint.elf.dynamic import read
from muslint.elf.object import DT_SYMTAB
from muslint.errors import MuslintError
from muslint.pipeline import check
from muslint.sources.bytes import MemoryBytes
from tests.differential import recipes
from tests.fuzz.mutations import mutated, regions
from tests.fuzz.test_mutations import SEED, SEEDS

CASES = int(os.environ.get("MUSLINT_FUZZ_CASES") or 1200) // 20
"""Of each seed and target."""

TARGETS = ("alpine:3.23", "debian:12")


@pytest.mark.parametrize("name", [name for name in SEEDS if not name.endswith(".o")])
def test_damaged_files_are_judged(name: str, tmp_path: Path) -> None:
    """Each is one object, or one that is passed over with a reason."""
    content = recipes.made(name).read_bytes()
    parts, path = regions(content), tmp_path / "damaged"
    for case in range(CASES):
        what, damaged = mutated(content, parts, random.Random(f"{SEED} {case}"))
        path.write_bytes(damaged)
        for target in TARGETS:
            try:
                report = check(str(path), on=target)
            except MuslintError as error:
                assert str(error), (case, what)
                continue
            assert len(report.objects) + len(report.skipped) == 1, (case, what)
            assert all(skipped.reason for skipped in report.skipped), (case, what)


@pytest.mark.parametrize("name", ["library-mips.so", "library-mips64el.so", "library-x86_64.so"])
def test_relocations_without_a_symbol_table(name: str, tmp_path: Path) -> None:
    """Whatever symbol they are for lies beyond it, and has no name."""
    content = bytearray(recipes.made(name).read_bytes())
    obj = read(MemoryBytes(bytes(content)), name)
    start, _ = regions(bytes(content))["dynamic"]
    number = next(number for number, (tag, _) in enumerate(obj.dynamic) if tag == DT_SYMTAB)
    word = obj.ident.bits // 8
    content[start + number * 2 * word : start + (number * 2 + 1) * word] = (0x6FFFF000).to_bytes(
        word, "little" if obj.ident.little else "big"
    )
    path = tmp_path / "damaged"
    path.write_bytes(content)
    for target in TARGETS:
        report = check(str(path), on=target)
        assert len(report.objects) == 1 and not report.skipped
