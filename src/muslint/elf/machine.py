"""Machines: the numbers an ELF header carries and the names musl gives them.

Names are musl's ``LDSO_ARCH`` (the part after ``ld-musl-`` in the interpreter's file name),
because that is what a user sees in ``/lib/ld-musl-ARCH.so.1``. Source: musl ``arch/*/reloc.h``,
gABI "Machine Information".
"""

from __future__ import annotations

EM_386 = 3
EM_68K = 4
EM_MIPS = 8
EM_PPC = 20
EM_PPC64 = 21
EM_S390 = 22
EM_ARM = 40
EM_SH = 42
EM_X86_64 = 62
EM_OR1K = 92
EM_AARCH64 = 183
EM_MICROBLAZE = 189
EM_RISCV = 243
EM_LOONGARCH = 258

_PLAIN_NAMES = {
    EM_386: "i386",
    EM_68K: "m68k",
    EM_S390: "s390x",
    EM_OR1K: "or1k",
}

# Machines muslint does not model, named so that a report can say what a file is.
_OTHER_NAMES = {
    2: "sparc", 15: "parisc", 43: "sparc64", 50: "ia64", 94: "xtensa",
    188: "tilepro", 191: "tilegx", 195: "arc", 224: "amdgpu", 247: "bpf", 252: "csky", 36902: "alpha",
}  # fmt: skip


def musl_arch(machine: int, bits: int, little: bool, flags: int) -> str:
    """The musl architecture name of an object with these ELF header values.

    ``bits`` is 32 or 64, ``flags`` is ``e_flags``. The float ABI, ABI variant and byte order
    are part of the name, as in musl's ``LDSO_ARCH``. A machine musl has no port for gets its
    common name, or ``machine-N``.
    """
    if name := _PLAIN_NAMES.get(machine):
        return name
    if machine == EM_X86_64:
        return "x86_64" if bits == 64 else "x32"
    if machine == EM_AARCH64:
        return "aarch64" if little else "aarch64_be"
    if machine == EM_ARM:
        # EF_ARM_ABI_FLOAT_HARD 0x400; old objects say nothing and are taken as soft.
        return "arm" + ("" if little else "eb") + ("hf" if flags & 0x400 else "")
    if machine == EM_MIPS:
        return _mips_arch(bits, little, flags)
    if machine == EM_PPC:
        return "powerpc"
    if machine == EM_PPC64:
        return "powerpc64le" if little else "powerpc64"
    if machine == EM_RISCV:
        return f"riscv{bits}" + {0: "-sf", 2: "-sp"}.get(flags & 6, "")
    if machine == EM_LOONGARCH:
        return f"loongarch{bits}" + {1: "-sf", 2: "-sp"}.get(flags & 7, "")
    if machine == EM_MICROBLAZE:
        return "microblazeel" if little else "microblaze"
    if machine == EM_SH:
        return "sh" if little else "sheb"
    return _OTHER_NAMES.get(machine, f"machine-{machine}")


def _mips_arch(bits: int, little: bool, flags: int) -> str:
    # EF_MIPS_ABI2 0x20 is n32; EF_MIPS_ARCH is the top nibble, 9 and 10 are release 6.
    name = "mips64" if bits == 64 else "mipsn32" if flags & 0x20 else "mips"
    return name + ("r6" if flags >> 28 in (9, 10) else "") + ("el" if little else "")


def word(musl_name: str) -> tuple[int, bool]:
    """Address size in bits and whether the byte order is little, for a musl architecture name."""
    name = musl_name.split("-")[0]
    bits = (
        64
        if name in ("x86_64", "s390x") or name.startswith(("aarch64", "mips64", "powerpc64", "riscv64", "loongarch64"))
        else 32
    )
    if name.startswith(("mips", "microblaze")):
        return bits, name.endswith("el")
    big = name in ("aarch64_be", "powerpc", "powerpc64", "s390x", "m68k", "or1k") or name.startswith(("armeb", "sheb"))
    return bits, not big


_MACHINES = (
    ("x86_64", EM_X86_64), ("x32", EM_X86_64), ("i386", EM_386), ("aarch64", EM_AARCH64), ("arm", EM_ARM),
    ("mips", EM_MIPS), ("powerpc64", EM_PPC64), ("powerpc", EM_PPC), ("s390x", EM_S390), ("riscv", EM_RISCV),
    ("loongarch", EM_LOONGARCH), ("m68k", EM_68K), ("microblaze", EM_MICROBLAZE), ("or1k", EM_OR1K), ("sh", EM_SH),
)  # fmt: skip


def machine_number(musl_name: str) -> int:
    """The EM_* number of a musl architecture name, 0 for a name that is not musl's."""
    return next((number for prefix, number in _MACHINES if musl_name.startswith(prefix)), 0)


_SPELLINGS = {
    "amd64": "x86_64",
    "x86-64": "x86_64",
    "x64": "x86_64",
    "x86": "i386",
    "386": "i386",
    "i486": "i386",
    "i586": "i386",
    "i686": "i386",
    "arm64": "aarch64",
    "armv8": "aarch64",
    "armv6": "armhf",
    "armv7": "armhf",
    "armv7l": "armhf",
    "armel": "arm",
    "ppc64le": "powerpc64le",
    "ppc64el": "powerpc64le",
    "ppc64": "powerpc64",
    "ppc": "powerpc",
    "loong64": "loongarch64",
    "mips64le": "mips64el",
    "mipsle": "mipsel",
    "riscv": "riscv64",
    "arm64v8": "aarch64",
    "armhfp": "armhf",
    "armv7hl": "armhf",
    "i686_32": "i386",
    "x86_32": "i386",
    "ia32": "i386",
}


def named_arch(name: str) -> str:
    """Return musl's own name (LDSO_ARCH) of an architecture.

    Takes the spellings of Alpine, Debian, Docker and ``uname -m``; a name it does
    not know comes back as it is.
    """
    lowered = name.lower()
    return _SPELLINGS.get(lowered, lowered)
