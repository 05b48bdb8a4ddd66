"""The targets that commands name are those the compilers know."""

import shutil
import subprocess
from pathlib import Path

import pytest

from muslint.libc import triples
from tests.support.compile import zig_cc

ARCHES = (
    "aarch64", "arm", "armhf", "i386", "loongarch64", "mips", "mips64", "mips64el", "mipsel", "powerpc", "powerpc64le",
    "riscv64", "s390x", "x86_64",
)  # fmt: skip


@pytest.mark.parametrize("arch", ARCHES)
def test_zig_knows_it(arch: str, tmp_path: Path) -> None:
    """It compiles for the target."""
    source = tmp_path / "x.c"
    source.write_text("int x;\n")
    assert zig_cc(triples.zig(arch), [source], tmp_path / "x.o", "-c").is_file()


@pytest.mark.parametrize(
    ("arch", "musl", "gnu"),
    [
        ("armhf", "armv7-unknown-linux-musleabihf", "armv7-unknown-linux-gnueabihf"),
        ("i386", "i686-unknown-linux-musl", "i686-unknown-linux-gnu"),
        ("riscv64", "riscv64gc-unknown-linux-musl", "riscv64gc-unknown-linux-gnu"),
    ],
)
def test_rust_is_called_by_its_own_names(arch: str, musl: str, gnu: str) -> None:
    """Where they are not musl's."""
    assert (triples.rust(arch), triples.rust(arch, "gnu")) == (musl, gnu)


def test_rust_knows_them_all() -> None:
    """As far as a Rust is here to be asked."""
    rustc = shutil.which("rustc")
    if rustc is None:
        pytest.skip("not checked: no rustc to ask")
    known = subprocess.run([rustc, "--print", "target-list"], capture_output=True, text=True, timeout=60, check=False)
    targets = set(known.stdout.split())
    if not targets:
        pytest.skip("not checked: rustc names no targets")
    left_out = {"powerpc"}  # glibc alone
    assert {triples.rust(arch) for arch in ARCHES if arch not in left_out} <= targets
