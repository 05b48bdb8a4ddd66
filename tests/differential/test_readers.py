"""muslint's own reader, pyelftools and LIEF say the same of every file, fact by fact.

Plain ``pytest`` reads every fixture and a fixed sample of the machine's files and of wheels;
``MUSLINT_ORACLE=full`` reads all of them, and whole roots of foreign architectures.
"""

import struct
from collections.abc import Iterable
from pathlib import Path

import pytest

from muslint.elf.object import DT_RELR, Kind
from tests.differential import recipes
from tests.differential.corpus import FULL, SYSTEM_STEP, elf_files, pinned_wheels, wheel_members
from tests.differential.facts import LIBRARIES, differences, read_facts
from tests.support import roots


def _agree(files: Iterable[tuple[str, bytes]]) -> int:
    """The number of files read; fails with each disagreement."""
    count, wrong = 0, []
    for name, content in files:
        count += 1
        wrong += [f"{name}: {line}" for line in differences(content)]
    if wrong:
        pytest.fail(f"{len(wrong)} disagreements in {count} files\n" + "\n".join(wrong[:50]), pytrace=False)
    return count


@pytest.mark.parametrize("name", recipes.NAMES)
def test_fixture(name: str) -> None:
    """Each class, byte order, architecture, table format and kind of file; and ours reads it."""
    content = recipes.content(name)
    assert read_facts("muslint", content)
    _agree([(name, content)])


@pytest.mark.parametrize("arch", recipes.ARCHITECTURES)
def test_fixture_is_of_its_architecture(arch: str) -> None:
    """The compiler made what the recipe's name says, so that the comparison above covers what it claims to."""
    found = read_facts("muslint", recipes.content(f"library-{arch}.so"))
    assert found["arch"] == arch
    assert found["kind"] is Kind.SHARED_LIBRARY
    assert found["soname"] == f"library-{arch}.so"
    assert {"measure", "answer", "per_thread", "getenv", "absent", "guarded"} <= set(found["names"])
    assert "unseen" not in found["names"]
    words = struct.pack("<II" if found["ident"].little else ">II", 1, 2)
    assert ("muslint", 7, words) in found["notes"]


@pytest.mark.parametrize("name", ["hash-both.so", "library-mips64el.so", "library-s390x.so", "pie", "relr.so"])
@pytest.mark.parametrize("how", ["stripped", "lying"])
def test_section_headers_do_not_matter(name: str, how: str) -> None:
    """Removed or senseless section headers change no fact for our reader and pyelftools."""
    content = recipes.content(name)
    changed = _without_sections(content) if how == "stripped" else _with_lying_sections(content)
    assert changed != content
    readers = LIBRARIES if how == "stripped" else ("pyelftools",)
    assert read_facts("muslint", changed) == read_facts("muslint", content)
    assert differences(changed, readers) == []


def _section_fields(content: bytes) -> tuple[str, int, int, int]:
    """Byte order, and where e_shoff, e_shnum lie; and the offset of the section headers."""
    order = "<" if content[5] == 1 else ">"
    at, count = (40, 60) if content[4] == 2 else (32, 48)
    (offset,) = struct.unpack_from(order + ("Q" if content[4] == 2 else "I"), content, at)
    return order, at, count, offset


def _without_sections(content: bytes) -> bytes:
    order, at, count, offset = _section_fields(content)
    changed = bytearray(content[:offset])
    struct.pack_into(order + ("Q" if content[4] == 2 else "I"), changed, at, 0)
    struct.pack_into(order + "HH", changed, count, 0, 0)
    return bytes(changed)


def _with_lying_sections(content: bytes) -> bytes:
    offset = _section_fields(content)[3]
    return content[:offset] + bytes((7 * i) & 0xFF for i in range(len(content) - offset))


def test_system_files() -> None:
    """The machine's own programs and libraries."""
    files = [path for top in ("/usr/bin", "/usr/lib") for path in elf_files(Path(top), SYSTEM_STEP)]
    assert files, "no ELF file in /usr/bin and /usr/lib"
    assert _agree((str(path), path.read_bytes()) for path in files) == len(files)


@pytest.mark.parametrize("wheel", pinned_wheels(), ids=lambda wheel: wheel["name"])
def test_wheels(wheel: dict[str, str]) -> None:
    """Binaries that others built, for manylinux: stripped, patched by auditwheel, of several linkers."""
    assert _agree(wheel_members(wheel)), "no ELF file in this wheel"


@pytest.mark.skipif(not FULL, reason="MUSLINT_ORACLE=full reads them")
def test_foreign_roots() -> None:
    """Every file of Debian's packages for other architectures."""
    for arch, suite in roots.FOREIGN:
        files = elf_files(roots.corpus(f"debian-{suite}-{arch}"))
        assert files
        _agree((str(path), path.read_bytes()) for path in files)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("static", Kind.STATIC_EXECUTABLE),
        ("static-pie", Kind.STATIC_PIE),
        ("static-glibc", Kind.STATIC_EXECUTABLE),
        ("static-pie-glibc", Kind.STATIC_PIE),
        ("relocatable.o", Kind.RELOCATABLE),
        ("lazy", Kind.EXECUTABLE),
        ("pie", Kind.EXECUTABLE),
        ("relr.so", Kind.SHARED_LIBRARY),
    ],
)
@pytest.mark.parametrize("reader", ["muslint", *LIBRARIES])
def test_kind(name: str, kind: Kind, reader: str) -> None:
    """All readers tell the same kinds apart."""
    assert read_facts(reader, recipes.content(name))["kind"] is kind


@pytest.mark.parametrize("name", ["relr.so", "relr-32.so", "relr-aarch64.so", "relr-be.so"])
def test_relr_is_there(name: str) -> None:
    """The RELR fixtures hold DT_RELR, in fewer words than the 102 addresses they stand for."""
    found = read_facts("muslint", recipes.content(name))
    assert any(tag == DT_RELR for tag, _ in found["dynamic"])
    assert 2 < found["relr words"] < 20


def test_hash_styles() -> None:
    """The hash-style fixtures hold what their names say, and all hold the same symbols."""
    read = {style: read_facts("muslint", recipes.content(f"hash-{style}.so")) for style in ("sysv", "gnu", "both")}
    hashes = {style: found["hashes"] for style, found in read.items()}
    assert hashes == {"sysv": (True, False), "gnu": (False, True), "both": (True, True)}
    assert len({frozenset(found["names"]) for found in read.values()}) == 1


def test_one_name_in_two_versions() -> None:
    """The old version is hidden, the new one is the default (``size@V_1``, ``size@@V_2``)."""
    for name in ("versioned.so", "versioned-be.so"):
        rows = [row for row in read_facts("muslint", recipes.content(name))["symbols"] if row.name == "size"]
        assert sorted((row.version, row.hidden) for row in rows) == [("V_1", True), ("V_2", False)]
