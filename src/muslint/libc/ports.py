"""musl's ports: which architectures exist since when, and which share a table."""

from collections.abc import Mapping

from muslint.errors import UnknownLibc

RELEASES: tuple[str, ...] = (
    "1.1.19",
    "1.1.20",
    "1.1.21",
    "1.1.22",
    "1.1.23",
    "1.1.24",
    "1.2.0",
    "1.2.1",
    "1.2.2",
    "1.2.3",
    "1.2.4",
    "1.2.5",
    "1.2.6",
)
"""musl releases the tables cover, oldest first."""

TABLE_ARCHES: tuple[str, ...] = (
    "aarch64",
    "arm",
    "armhf",
    "i386",
    "loongarch64",
    "mips64el",
    "mipsel",
    "powerpc64le",
    "riscv64",
    "s390x",
    "x86_64",
)
"""Architectures with a table of names, in musl's LDSO_ARCH spelling."""

# Byte order and float ABI do not change which names musl exports.
TWINS: Mapping[str, str] = {
    "aarch64_be": "aarch64",
    "armeb": "arm",
    "armebhf": "armhf",
    "powerpc64": "powerpc64le",
    "mips": "mipsel",
    "mips-sf": "mipsel",
    "mipsel-sf": "mipsel",
    "mipsr6": "mipsel",
    "mipsr6el": "mipsel",
    "mips64": "mips64el",
    "mips64-sf": "mips64el",
    "mips64el-sf": "mips64el",
    "mips64r6": "mips64el",
    "mips64r6el": "mips64el",
    "riscv64-sf": "riscv64",
    "riscv64-sp": "riscv64",
    "loongarch64-sf": "loongarch64",
    "loongarch64-sp": "loongarch64",
}
"""Architecture to the one whose table holds for it."""

_FIRST_RELEASE: Mapping[str, str] = {"riscv64": "1.1.23", "loongarch64": "1.2.5"}
ILP32: frozenset[str] = frozenset({"arm", "armhf", "i386", "mipsel"})
"""Tabled architectures of 32 bits, which the switch to time64 in 1.2.0 gave new names."""

_RELOCATION_ARCH: Mapping[str, str] = {
    "aarch64_be": "aarch64",
    "armhf": "arm",
    "armeb": "arm",
    "armebhf": "arm",
    "powerpc64le": "powerpc64",
    "powerpc-sf": "powerpc",
    "microblazeel": "microblaze",
}


def table_arch(arch: str) -> str:
    """Return the architecture whose table holds for ``arch``; raises :class:`UnknownLibc` if none does."""
    tabled = TWINS.get(arch, arch)
    if tabled not in TABLE_ARCHES:
        raise UnknownLibc(
            f"no table of musl on {arch}: known are {', '.join(sorted(TABLE_ARCHES))}."
            " Read a real one with `muslint libc learn`"
        )
    return tabled


def first_release(arch: str) -> str:
    """Return the first release with the port, or the oldest one covered."""
    return _FIRST_RELEASE.get(TWINS.get(arch, arch), RELEASES[0])


def relocation_arch(arch: str) -> str:
    """Return the name under which ``musl/relocations.txt`` has the relocations of ``arch``."""
    if arch in _RELOCATION_ARCH:
        return _RELOCATION_ARCH[arch]
    for family in ("mipsn32", "mips64", "mips", "riscv64", "riscv32", "loongarch64", "m68k"):
        if arch.startswith(family):
            return family
    if arch.startswith("sh"):
        return "sh-fdpic" if arch.endswith("-fdpic") else "sh"
    return arch
