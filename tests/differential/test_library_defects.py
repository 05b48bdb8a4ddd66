"""What pyelftools and LIEF get wrong by themselves, each shown once; and that our readers over them do not.

A test here that starts to fail because a library no longer has its defect is good news: the repair in
`muslint.elf.pyelftools` or `muslint.elf.lief` can then go.
"""

import struct
from io import BytesIO
from itertools import islice
from pathlib import Path

import lief
import pytest
from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

from muslint.elf.machine import EM_S390
from muslint.elf.object import (
    DT_GNU_HASH,
    DT_HASH,
    DT_NEEDED,
    DT_STRTAB,
    DT_SYMTAB,
    DT_VERNEED,
    DT_VERNEEDNUM,
    SHN_UNDEF,
    STO_MIPS_PLT,
    STT_FUNC,
    STT_NOTYPE,
    STT_TLS,
)
from muslint.errors import MalformedElf
from tests.differential import recipes
from tests.differential.facts import LIBRARIES, differences, read_facts, reading
from tests.differential.synthetic import note, symbol, synthetic
from tests.support.cache import run

NULL = symbol(0, 0, 0, 0, 0, 0)


def _segment(content: bytes) -> DynamicSegment:
    return next(s for s in ELFFile(BytesIO(content)).iter_segments() if isinstance(s, DynamicSegment))


def _parsed(content: bytes, **config: object) -> lief.ELF.Binary:
    """LIEF's own reading. Keep it in a variable: what it iterates over dies with it, and then Python with that."""
    chosen = lief.ELF.ParserConfig()
    for name, value in config.items():
        setattr(chosen, name, value)
    lief.logging.disable()
    try:
        binary = lief.ELF.parse(content, chosen)
    finally:
        lief.logging.enable()
    assert binary is not None
    return binary


# --- pyelftools -------------------------------------------------------------------------------------------


def test_pyelftools_loses_every_import_when_the_gnu_hash_is_empty() -> None:
    """It takes the first hashed index for the count: right for lld, which starts behind the last, wrong for GNU ld."""
    for name, right in (("empty-gnu-hash-bfd.so", False), ("empty-gnu-hash.so", True), ("empty-gnu-hash-32.so", True)):
        content = recipes.content(name)
        ours = read_facts("muslint", content)
        assert {"first", "second", "third", "fourth"} < set(ours["names"])
        assert (_segment(content).num_symbols() == len(ours["names"])) is right
        assert read_facts("pyelftools", content)["symbols"] == ours["symbols"]


def test_pyelftools_raises_for_separate_debug_files(tmp_path: Path) -> None:
    """Their PT_DYNAMIC has an address, but no bytes: there are no symbols rather than an error."""
    debug = tmp_path / "x.debug"
    run(["objcopy", "--only-keep-debug", str(recipes.made("debug.so")), str(debug)], timeout=60)
    content = debug.read_bytes()
    with pytest.raises((ELFError, AssertionError, UnicodeDecodeError)):
        _segment(content).num_symbols()
    assert read_facts("muslint", content)["dynamic"] == ()
    assert differences(content) == []


def test_pyelftools_has_versions_only_by_section() -> None:
    """Without section headers it offers none; the tables are reached by their dynamic tags all the same."""
    content = bytearray(recipes.content("hash-both.so"))
    struct.pack_into("<Q", content, 40, 0)
    struct.pack_into("<HH", content, 60, 0, 0)
    assert not [s for s in ELFFile(BytesIO(bytes(content))).iter_sections() if isinstance(s, GNUVerNeedSection)]
    assert read_facts("pyelftools", bytes(content))["versions needed"]
    assert differences(bytes(content)) == []


def test_pyelftools_walks_versions_by_their_count_alone() -> None:
    """An entry without a successor is read again as often as the count says."""
    content = recipes.content("versioned.so")
    section = next(s for s in ELFFile(BytesIO(recipes.content("hash-both.so"))).iter_sections() if _is_needs(s))
    section.header["sh_info"] = 1 << 31
    assert len(list(islice(section.iter_versions(), 10_000))) == 10_000
    needs = struct.pack("<HHIII", 1, 1, 1, 16, 0) + struct.pack("<IHHII", 0, 0, 2, 6, 0)
    content = synthetic({DT_STRTAB: b"\0libx\0V\0", DT_VERNEED: needs}, [(DT_VERNEEDNUM, 1 << 31)])
    assert [v.name for v in read_facts("pyelftools", content)["versions needed"]] == ["V"]
    assert differences(content, ["pyelftools"]) == []


def _is_needs(section: object) -> bool:
    return isinstance(section, GNUVerNeedSection)


def _wide_hash() -> bytes:
    """An s390x object whose DT_HASH has 64-bit entries: two symbols, ``a`` and ``b``, in one bucket."""
    rows = [symbol(n, 0x12 if n else 0, 0, min(n, 1), 16 * n, 4 * n, little=False) for n in (0, 1, 3)]
    table = struct.pack(">6Q", 1, 3, 2, 0, 0, 1)
    return synthetic({DT_HASH: table, DT_SYMTAB: b"".join(rows), DT_STRTAB: b"\0a\0b\0"}, machine=EM_S390, little=False)


def test_pyelftools_takes_the_sysv_hash_of_s390x_for_32_bit_words() -> None:
    """Its entries have 64 bits there (musl arch/s390x, ``Elf_Symndx``)."""
    content = _wide_hash()
    ours = read_facts("muslint", content)
    assert ours["names"] == ("", "a", "b")
    assert _segment(content).num_symbols() == 1  # the low half of the bucket count
    assert differences(content, ["pyelftools"]) == []


def test_pyelftools_drops_bits_of_st_other() -> None:
    """STO_MIPS_PLT, which decides whether a MIPS symbol counts as defined, lies in what it takes for padding."""
    rows = NULL + symbol(1, STT_FUNC | 0x10, STO_MIPS_PLT, SHN_UNDEF, 64, 0)
    content = synthetic({DT_SYMTAB: rows, DT_STRTAB: b"\0f\0", DT_HASH: struct.pack("<5I", 1, 2, 1, 0, 0)})
    entry = _segment(content).get_symbol(1).entry
    assert dict(entry["st_other"]) == {"local": 0, "visibility": "STV_DEFAULT"}
    assert read_facts("pyelftools", content)["others"] == (0, STO_MIPS_PLT)
    assert differences(content) == []


def test_pyelftools_raises_for_names_that_are_not_utf8() -> None:
    """Such a name is a name like any other to a loader; it comes back as surrogates (PEP 383)."""
    rows = NULL + symbol(1, 0x12, 0, SHN_UNDEF, 0, 0)
    content = synthetic({DT_SYMTAB: rows, DT_STRTAB: b"\0\xff\xfe\0", DT_HASH: struct.pack("<5I", 1, 2, 1, 0, 0)})
    with pytest.raises(UnicodeDecodeError):
        _segment(content).get_symbol(1)
    assert read_facts("muslint", content)["names"] == ("", "\udcff\udcfe")
    assert differences(content) == []


def test_pyelftools_trusts_section_headers_for_the_dynamic_strings() -> None:
    """Where a section header claims the dynamic section, its string table wins over DT_STRTAB."""
    content = bytearray(recipes.content("hash-both.so"))
    (sections,) = struct.unpack_from("<Q", content, 40)
    (count,) = struct.unpack_from("<H", content, 60)
    for at in range(sections, sections + 64 * count, 64):
        if struct.unpack_from("<I", content, at + 4) == (6,):  # SHT_DYNAMIC
            struct.pack_into("<I", content, at + 40, 0)  # sh_link: the null section
    with pytest.raises(AssertionError):
        list(_segment(bytes(content)).iter_tags())
    assert differences(bytes(content)) == []


# --- LIEF -------------------------------------------------------------------------------------------------


def test_lief_omits_imports() -> None:
    """``imported_symbols`` lacks untyped, TLS and canonical PLT symbols; ``dynamic_symbols`` has them all."""
    missed = set()
    for name in ("lazy", "library-x86_64.so"):
        content = recipes.content(name)
        undefined = [s for s in read_facts("muslint", content)["symbols"] if s.name and s.shndx == SHN_UNDEF]
        binary = _parsed(content)
        told = {symbol.name for symbol in binary.imported_symbols}
        missed |= {(row.type, row.value != 0) for row in undefined if row.name not in told}
        assert read_facts("lief", content)["symbols"] == read_facts("muslint", content)["symbols"]
    assert {(STT_NOTYPE, False), (STT_TLS, False), (STT_FUNC, True)} <= missed


def test_lief_counts_symbols_right_only_by_auto() -> None:
    """Each single method gives another number on some file without section headers."""
    content = bytearray(recipes.content("hash-gnu.so"))
    struct.pack_into("<Q", content, 40, 0)
    struct.pack_into("<HH", content, 60, 0, 0)
    methods = lief.ELF.ParserConfig.DYNSYM_COUNT
    right = len(read_facts("muslint", bytes(content))["names"])
    assert _count(bytes(content), methods.AUTO) == right
    assert _count(bytes(content), methods.SECTION) == 0
    several = [recipes.content(name) for name in ("library-x86_64.so", "pie", "versioned.so", "hash-both.so")]
    wrong = [c for c in several if _count(c, methods.RELOCATIONS) != len(read_facts("muslint", c)["names"])]
    assert wrong
    empty = recipes.content("empty-gnu-hash.so")
    assert _count(empty, methods.AUTO) == len(read_facts("muslint", empty)["names"])


def _count(content: bytes, method: lief.ELF.ParserConfig.DYNSYM_COUNT) -> int:
    binary = _parsed(content, count_mtd=method)
    return len(binary.dynamic_symbols)


@pytest.mark.parametrize("name", ["hash-both.so", "hash-sysv.so", "hash-gnu.so", "library-mips.so", "debug.so"])
def test_lief_accepts_files_that_were_cut_off(name: str) -> None:
    """It returns what it could read. Our reader over it refuses every cut that ours refuses.

    It may refuse more: LIEF gives no segment that ends beyond the file, even where every table is whole.
    """
    content = recipes.content(name)
    silent, refused = 0, 0
    for size in range(1, len(content), max(1, len(content) // 60)):
        cut = content[:size]
        if not isinstance(reading("muslint", cut), str):
            continue
        refused += 1
        assert isinstance(reading("lief", cut), str), f"{size} of {len(content)} bytes"
        assert isinstance(reading("pyelftools", cut), str) or name == "debug.so", f"{size} of {len(content)} bytes"
        silent += size >= 64 and lief.ELF.parse(cut) is not None
    assert silent > refused // 2 > 0


def test_lief_accepts_a_header_of_nothing() -> None:
    """An ELF magic followed by zeros is a file to it."""
    content = b"\x7fELF" + bytes(60)
    assert _parsed(content).header.numberof_segments == 0
    for reader in ("muslint", *LIBRARIES):
        with pytest.raises(MalformedElf):
            read_facts(reader, content)


def test_lief_prints_while_it_reads(capfd: pytest.CaptureFixture[str]) -> None:
    """What it logs becomes part of the reason; nothing is printed."""
    content = recipes.content("hash-both.so")[:3000]
    lief.ELF.parse(content)
    assert capfd.readouterr().err
    assert "LIEF" in str(reading("lief", b"\x7fELF")) or "ends" in str(reading("lief", content))
    assert "truncated" in str(reading("lief", content)) or "PT_DYNAMIC" in str(reading("lief", content))
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_lief_warns_about_numbers_it_has_no_name_for(recwarn: pytest.WarningsRecorder) -> None:
    """An unknown machine or OS ABI is a fact, not a reason to warn."""
    content = bytearray(synthetic({DT_STRTAB: b"\0"}, machine=0x1234))
    content[7] = 77
    assert differences(bytes(content)) == []
    assert read_facts("lief", bytes(content))["ident"].osabi == 77
    assert not recwarn.list


def test_lief_misreads_mips64el_relocations() -> None:
    """``r_info`` is a symbol and four bytes there, not one little-endian number."""
    content = recipes.content("library-mips64el.so")
    binary = _parsed(content)
    entry = next(r for r in binary.dynamic_relocations if r.address)
    ours = next(r for _, table in read_facts("muslint", content)["relocations"] for r in table if r.type == 4611)
    assert (entry.type.value if hasattr(entry.type, "value") else entry.type) & 0x7FFFFFF != ours.type
    assert differences(content) == []


def test_lief_counts_too_many_symbols_in_a_stripped_mips64el_file() -> None:
    """It takes the largest symbol of the relocations it misread."""
    content = bytearray(recipes.content("library-mips64el.so"))
    struct.pack_into("<Q", content, 40, 0)
    struct.pack_into("<HH", content, 60, 0, 0)
    ours = len(read_facts("muslint", bytes(content))["names"])
    assert _count(bytes(content), lief.ELF.ParserConfig.DYNSYM_COUNT.AUTO) > ours
    assert differences(bytes(content)) == []


def test_lief_leaves_gnu_hash_buckets_of_big_endian_files_unswapped() -> None:
    """So they cannot tell how many symbols there are; the reader over it does not ask them."""
    content = recipes.content("library-s390x.so")
    binary = _parsed(content)
    table = binary.gnu_hash
    assert table is not None
    assert max(table.buckets) > len(read_facts("muslint", content)["names"])
    assert differences(content) == []


def test_lief_notes_are_padded_and_raise_for_odd_owners() -> None:
    """A description is rounded up to four bytes, an owner that is not UTF-8 raises; ours keeps both as they are."""
    padded = synthetic({DT_STRTAB: b"\0"}, notes=note(b"Go", 4, b"12345"))
    binary = _parsed(padded)
    assert [bytes(n.description) for n in binary.notes] == [b"12345\0\0\0"]
    odd = synthetic({DT_STRTAB: b"\0"}, notes=note(b"\xff\xfe", 4, b"1234"))
    binary = _parsed(odd)
    with pytest.raises(UnicodeDecodeError):
        [n.name for n in binary.notes]
    for content, owner, description in ((padded, "Go", b"12345"), (odd, "\xff\xfe", b"1234")):
        found = [(n.owner, n.description) for n in read_facts("lief", content)["notes"]]
        assert found == [(owner, description)]
        assert differences(content) == []


def test_lief_mixes_notes_of_sections_into_those_of_segments() -> None:
    """A loader reads segments only; an object file has none."""
    content = recipes.content("relocatable.o")
    binary = _parsed(content)
    assert [n.original_type for n in binary.notes] == [7]
    assert read_facts("lief", content)["notes"] == read_facts("muslint", content)["notes"] == ()


def test_lief_raises_for_a_required_library_that_is_not_utf8() -> None:
    """LIEF has no bytes form of that name, so its reader refuses a file that the others read."""
    needs = struct.pack("<HHIII", 1, 1, 1, 16, 0) + struct.pack("<IHHII", 0, 0, 2, 6, 0)
    content = synthetic({DT_STRTAB: b"\0li\xffx\0V\0", DT_VERNEED: needs}, [(DT_NEEDED, 1), (DT_VERNEEDNUM, 1)])
    assert read_facts("muslint", content)["needed"] == ("li\udcffx",)
    assert differences(content, ["pyelftools"]) == []
    assert "utf-8" in str(reading("lief", content))


# --- All of them, and a linker ----------------------------------------------------------------------------


def test_irelative_relocations_of_static_programs_are_in_no_dynamic_table() -> None:
    """A static glibc program has them in a section alone; no reader of PT_DYNAMIC sees them."""
    content = recipes.content("static-glibc")
    binary = _parsed(content)
    assert len(binary.relocations) > 0
    for reader in ("muslint", *LIBRARIES):
        assert read_facts(reader, content)["relocations"] == ()


def test_lld_writes_the_sysv_hash_of_s390x_with_32_bit_entries() -> None:
    """With a GNU hash beside it no loader looks there, and neither do we; alone it is malformed."""
    content = recipes.content("library-s390x.so")
    ours = read_facts("muslint", content)
    assert ours["hashes"] == (True, True)
    tags = dict(ours["dynamic"])
    without = content.replace(struct.pack(">QQ", DT_GNU_HASH, tags[DT_GNU_HASH]), struct.pack(">QQ", 0x6FFFFEF0, 0))
    assert without != content
    assert "DT_HASH" in str(reading("muslint", without))
