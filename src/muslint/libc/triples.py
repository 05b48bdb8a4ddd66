"""What compilers call a machine: the targets that commands to rebuild name."""

from __future__ import annotations

_ZIG = {"i386": "x86", "armhf": "arm"}
"""musl's name of an architecture → zig's, where they differ."""

_RUST = {"i386": "i686", "armhf": "armv7", "riscv64": "riscv64gc"}
"""The same for Rust's. What is called armhf is mostly built for ARMv7."""

_ABI = {"arm": "eabi", "armhf": "eabihf", "mips64": "abi64", "mips64el": "abi64"}
_ABI_OF_ZIG = _ABI | {"mips": "eabi", "mipsel": "eabi", "powerpc": "eabi"}
"""What follows the C library's name."""


def zig(arch: str) -> str:
    """The target of ``zig cc`` for musl: ``arm-linux-musleabihf``."""
    return f"{_ZIG.get(arch, arch)}-linux-musl{_ABI_OF_ZIG.get(arch, '')}"


def rust(arch: str, libc: str = "musl") -> str:
    """The target of Rust for musl, or with ``gnu`` for glibc: ``armv7-unknown-linux-musleabihf``."""
    return f"{_RUST.get(arch, arch)}-unknown-linux-{libc}{_ABI.get(arch, '')}"
