"""The three readers by name: each imports its library only when chosen."""

import struct
import subprocess
import sys

import pytest

from muslint.elf.object import DT_NEEDED, DT_STRTAB, PT_DYNAMIC
from muslint.elf.readers import READERS, named_reader
from muslint.errors import MalformedElf, WrongUse
from muslint.sources.bytes import MemoryBytes
from tests.differential.synthetic import synthetic
from tests.support.cache import REPOSITORY


def test_unknown_reader() -> None:
    with pytest.raises(WrongUse, match="--reader objdump: known are muslint, pyelftools, lief"):
        named_reader("objdump")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "content", [b"", b"MZ", b"\x7fELF", b"\x7fELF" + bytes(60), b"\x7fELF\x02\x01\x01" + bytes(70)]
)
def test_each_refuses_with_a_reason(reader: str, content: bytes) -> None:
    with pytest.raises(MalformedElf) as raised:
        named_reader(reader)(MemoryBytes(content), "x")
    assert len(str(raised.value)) > 5
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("reader", "imported"), [("muslint", []), ("pyelftools", ["elftools"]), ("lief", ["lief"])])
def test_a_library_is_imported_only_for_its_own_reader(reader: str, imported: list[str]) -> None:
    code = (
        "import sys; from muslint.elf.readers import named_reader; "
        f"named_reader({reader!r}); print(*[m for m in ('elftools', 'lief') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(REPOSITORY / "src")}, capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.split() == imported


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("left", [0, 24])
def test_a_dynamic_section_that_ends_behind_its_segment(reader: str, left: int) -> None:
    """Whole pages are mapped: where nothing is cleared for .bss, the rest of the last page holds what the file has."""
    content = bytearray(synthetic({DT_STRTAB: b"\0liba.so\0libb.so\0"}, [(DT_NEEDED, 1), (DT_NEEDED, 9)]))
    whole = named_reader(reader)(MemoryBytes(bytes(content)), "x")
    dynamic = next(s for s in whole.segments if s.type == PT_DYNAMIC)
    size = dynamic.offset + left
    content[64 + 32 : 64 + 48] = struct.pack("<QQ", size, size)  # p_filesz and p_memsz of the PT_LOAD
    assert named_reader(reader)(MemoryBytes(bytes(content)), "x").needed == ("liba.so", "libb.so")
    content[64 + 40 : 64 + 48] = struct.pack("<Q", size + 4096)  # p_memsz
    if reader == "muslint":
        assert named_reader(reader)(MemoryBytes(bytes(content)), "x").needed == ()
