"""Constructors that take arguments are told from those that take none, however they were compiled."""

from pathlib import Path

import pytest

from muslint.elf.dynamic import read
from muslint.elf.image import Image
from muslint.elf.initialisers import initialisers, takes_arguments
from muslint.elf.stack import frame_size
from muslint.sources.directory import DirectoryTree
from tests.support import compile as compiler
from tests.support.cache import REPOSITORY

SOURCES = REPOSITORY / "fixtures" / "witness" / "ld-constructor-args"
TARGETS = ("x86_64-linux-gnu.2.36", "aarch64-linux-gnu.2.36")


def image_of(path: Path) -> Image:
    """The memory image of a file."""
    found = DirectoryTree("").open(str(path))
    assert not isinstance(found, int) and found.data is not None
    return Image(read(found.data, str(path)), found.data)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("flags", [("-O0", "-fno-sanitize=undefined"), ("-O2", "-fPIE", "-pie"), ("-Os",)], ids=str)
@pytest.mark.parametrize(("name", "takes"), [("witness", True), ("plain", False)])
def test_compiled(name: str, takes: bool, flags: tuple[str, ...], target: str, tmp_path: Path) -> None:
    """clang, without optimisation, with, and for size."""
    image = image_of(compiler.zig_cc(target, [SOURCES / f"{name}.c"], tmp_path / name, *flags))
    found = [takes_arguments(image, address) for address in initialisers(image)]
    assert found
    assert any(found) is takes


def test_other_machines_are_not_told(tmp_path: Path) -> None:
    """Where no instruction is read the answer is None, not False."""
    image = image_of(compiler.zig_cc("s390x-linux-gnu.2.36", [SOURCES / "witness.c"], tmp_path / "program"))
    assert {takes_arguments(image, address) for address in initialisers(image)} == {None}


@pytest.mark.parametrize(
    ("code", "machine", "size"),
    [
        ("4881ec00b00400", 62, 0x4B000),  # sub rsp, 0x4b000
        ("4c8d9c2400d0fbff", 62, 0x43000),  # lea r11, [rsp - 0x43000]
        ("ff2d4151", 183, 0),  # the same of 32 bits: of no stack pointer
        ("ff2f41d1", 183, 0x4B << 12),  # sub sp, sp, #0x4b, lsl #12
        ("55c3", 62, 0),
    ],
)
def test_frames(code: str, machine: int, size: int) -> None:
    """The instruction that makes a big frame is seen."""
    assert frame_size(bytes.fromhex(code), machine) == size
