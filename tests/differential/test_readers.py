"""muslint's own reader, pyelftools and LIEF say the same of every file, fact by fact.

Plain ``pytest`` reads every fixture and a fixed sample of the machine's files and of wheels;
``MUSLINT_ORACLE=full`` reads all of them, and whole roots of foreign architectures.
"""

import struct
from collections.abc import Iterable
from pathlib import Path

import pytest

from muslint.elf.object import DT_HASH, DT_RELR, Kind
from tests.differential import recipes
from tests.differential.corpus import (
    FULL,
    LARGEST,
    SYSTEM_STEP,
    elf_files,
    pinned_wheels,
    wheel_members,
)
from tests.differential.facts import LIBRARIES, differences, facts, reading
from tests.support import roots

FOREIGN_ROOTS = tuple(f"debian-{suite}-{arch}" for arch, suite in roots.FOREIGN) if FULL else ()


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
    assert not isinstance(reading("muslint", content), str)
    _agree([(name, content)])


@pytest.mark.parametrize("arch", recipes.ARCHITECTURES)
def test_fixture_is_of_its_architecture(arch: str) -> None:
    """The compiler made what the recipe's name says, so that the comparison above covers what it claims to."""
    found = reading("muslint", recipes.content(f"library-{arch}.so"))
    assert not isinstance(found, str)
    assert found["arch"] == arch
    assert found["kind"] is Kind.SHARED_LIBRARY
    assert found["soname"] == f"library-{arch}.so"
    names = found["names"]
    assert isinstance(names, tuple)
    assert {"measure", "answer", "per_thread", "getenv", "absent", "guarded"} <= set(names)
    assert "unseen" not in names


@pytest.mark.parametrize("name", ["hash-both.so", "library-mips64el.so", "library-s390x.so", "pie", "relr.so"])
@pytest.mark.parametrize("how", ["stripped", "lying"])
def test_section_headers_do_not_matter(name: str, how: str) -> None:
    """Removed or senseless section headers change no fact for our reader and pyelftools."""
    content = recipes.content(name)
    changed = _without_sections(content) if how == "stripped" else _with_lying_sections(content)
    assert changed != content
    readers = LIBRARIES if how == "stripped" else ("pyelftools",)
    assert reading("muslint", changed) == reading("muslint", content)
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
    read = _agree(wheel_members(wheel))
    assert read or LARGEST < 1 << 30, "no ELF file in this wheel"


@pytest.mark.parametrize("root", FOREIGN_ROOTS)
def test_foreign_roots(root: str) -> None:
    """Every file of Debian's packages for another architecture (``MUSLINT_ORACLE=full``)."""
    assert _agree((str(path), path.read_bytes()) for path in elf_files(roots.corpus(root)))


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
    found = reading(reader, recipes.content(name))
    assert not isinstance(found, str)
    assert found["kind"] is kind


@pytest.mark.parametrize("name", ["relr.so", "relr-32.so", "relr-aarch64.so", "relr-be.so"])
def test_relr_is_there(name: str) -> None:
    """The RELR fixtures hold DT_RELR, in fewer words than the addresses they stand for."""
    found = reading("muslint", recipes.content(name))
    assert not isinstance(found, str)
    assert any(tag == DT_RELR for tag, _ in found["dynamic"])  # type: ignore[attr-defined]
    words = found["relr words"]
    assert isinstance(words, int)
    assert 2 < words < 20


def test_hash_styles() -> None:
    """The hash-style fixtures hold what their names say, and all hold the same symbols."""
    read = {style: reading("muslint", recipes.content(f"hash-{style}.so")) for style in ("sysv", "gnu", "both")}
    hashes = {style: found["hashes"] for style, found in read.items() if not isinstance(found, str)}
    assert hashes == {"sysv": (True, False), "gnu": (False, True), "both": (True, True)}
    assert len({frozenset(found["names"]) for found in read.values() if not isinstance(found, str)}) == 1  # type: ignore[call-overload]


def test_lld_writes_a_sysv_hash_of_the_wrong_size_for_s390x() -> None:
    """Its DT_HASH has 32-bit entries where s390x has 64-bit ones; with a GNU hash beside it no loader looks there."""
    found = reading("muslint", recipes.content("library-s390x.so"))
    assert not isinstance(found, str)
    assert any(tag == DT_HASH for tag, _ in found["dynamic"])  # type: ignore[attr-defined]
    assert facts is not None
