"""musl's architecture names from ELF header values (musl arch/*/reloc.h, LDSO_ARCH)."""

import pytest

from muslint.elf.machine import machine_number, musl_arch, word
from muslint.libc.model import musl_arch as spelled_by_musl
from muslint.libc.ports import relocation_arch

NAMES = [
    (62, 64, True, 0, "x86_64"), (62, 32, True, 0, "x32"), (3, 32, True, 0, "i386"),
    (183, 64, True, 0, "aarch64"), (183, 64, False, 0, "aarch64_be"),
    (40, 32, True, 0x05000400, "armhf"), (40, 32, True, 0x05000200, "arm"), (40, 32, True, 0x05000000, "arm"),
    (40, 32, False, 0x05000400, "armebhf"), (40, 32, False, 0x05000200, "armeb"),
    (8, 32, False, 0x70001007, "mips"), (8, 32, True, 0x70001007, "mipsel"), (8, 32, True, 0x90001000, "mipsr6el"),
    (8, 64, True, 0x80000007, "mips64el"), (8, 64, False, 0xA0000000, "mips64r6"),
    (8, 32, True, 0x80000027, "mipsn32el"), (20, 32, False, 0, "powerpc"),
    (21, 64, True, 2, "powerpc64le"), (21, 64, False, 2, "powerpc64"), (22, 64, False, 0, "s390x"),
    (243, 64, True, 0x5, "riscv64"), (243, 64, True, 0x1, "riscv64-sf"), (243, 64, True, 0x3, "riscv64-sp"),
    (243, 32, True, 0x5, "riscv32"), (258, 64, True, 0x43, "loongarch64"), (258, 64, True, 0x41, "loongarch64-sf"),
    (258, 64, True, 0x42, "loongarch64-sp"), (4, 32, False, 0, "m68k"), (189, 32, False, 0, "microblaze"),
    (189, 32, True, 0, "microblazeel"), (92, 32, False, 0, "or1k"), (42, 32, True, 0, "sh"), (42, 32, False, 0, "sheb"),
    (43, 64, False, 0, "sparc64"), (0x1234, 64, True, 0, "machine-4660"),
]  # fmt: skip


@pytest.mark.parametrize(("machine", "bits", "little", "flags", "name"), NAMES)
def test_musl_names(machine: int, bits: int, little: bool, flags: int, name: str) -> None:
    assert musl_arch(machine, bits, little, flags) == name


@pytest.mark.parametrize(("machine", "bits", "little", "_flags", "name"), NAMES[:-2])
def test_a_name_tells_its_class_byte_order_and_machine(
    machine: int, bits: int, little: bool, _flags: int, name: str
) -> None:
    assert word(name) == (bits, little)
    assert machine_number(name) == machine


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("armhf", "arm"), ("armeb", "arm"), ("powerpc64le", "powerpc64"), ("powerpc", "powerpc"), ("mipsel", "mips"),
        ("mipsn32el", "mipsn32"), ("mips64r6el", "mips64"), ("riscv64-sf", "riscv64"), ("aarch64_be", "aarch64"),
        ("x86_64", "x86_64"), ("x32", "x32"), ("sheb", "sh"), ("loongarch64-sp", "loongarch64"),
    ],
)  # fmt: skip
def test_architectures_that_share_relocation_numbers(name: str, table: str) -> None:
    assert relocation_arch(name) == table


def test_other_spellings() -> None:
    given = ("amd64", "ARM64", "armv7l", "ppc64el", "i686", "loong64", "vax")
    assert [spelled_by_musl(name) for name in given] == [
        "x86_64", "aarch64", "armhf", "powerpc64le", "i386", "loongarch64", "vax",
    ]  # fmt: skip
    assert machine_number("vax") == 0
