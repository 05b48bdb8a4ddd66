"""The dynamic linker of a root: what is built into the ``ld.so`` that lies there.

The directories it searches by itself, what ``$LIB`` stands for and its release are strings of the file. Nothing
is taken from the machine muslint runs on.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from muslint.elf.dynamic import read
from muslint.elf.machine import machine_number
from muslint.errors import MalformedElf, UnknownTarget

if TYPE_CHECKING:
    from muslint.elf.object import ElfObject
    from muslint.loader.target import Opened, Tree

Release = tuple[int, int]
"""A glibc release: ``(2, 36)``."""

INTERPRETERS = {
    "x86_64": "/lib64/ld-linux-x86-64.so.2",
    "i386": "/lib/ld-linux.so.2",
    "aarch64": "/lib/ld-linux-aarch64.so.1",
    "armhf": "/lib/ld-linux-armhf.so.3",
    "arm": "/lib/ld-linux.so.3",
    "powerpc64le": "/lib64/ld64.so.2",
    "s390x": "/lib/ld64.so.1",
    "riscv64": "/lib/ld-linux-riscv64-lp64d.so.1",
    "loongarch64": "/lib64/ld-linux-loongarch-lp64d.so.1",
}
"""musl's name of an architecture → where glibc's loader lies (glibc ``shlib-versions``, the psABIs)."""

PLATFORMS = {"powerpc64le": "power8", "arm": "v7l", "armhf": "v7l", "i386": "i686", "s390x": "z900"}
"""What ``$PLATFORM`` (AT_PLATFORM) is on a plain machine, where it is not the architecture's own name."""

VDSO = {"i386": "linux-gate.so.1", "powerpc64le": "linux-vdso64.so.1", "s390x": "linux-vdso64.so.1"}
"""What the kernel's own library is called, where it is not ``linux-vdso.so.1``."""

LEVELS = {"x86-64": 1, "x86-64-v2": 2, "x86-64-v3": 3, "x86-64-v4": 4}
"""The levels of the x86-64 psABI; a directory of ``glibc-hwcaps`` is searched by a processor of its level."""


class Processor(NamedTuple):
    """What ``ld.so`` finds out about the processor it runs on, as far as it changes where libraries are looked for.

    The default is any but Intel's: there glibc takes ``haswell`` for the platform where the processor has what that
    name stands for (``cpu_features.c``: ``init_cpu_features``, ``arch_kind_intel``).
    """

    level: int = 4  # see `LEVELS`
    platform: str | None = None  # "haswell", "xeon_phi"; None leaves the kernel's AT_PLATFORM
    capabilities: tuple[str, ...] = ("x86_64",)  # of x86-64, most significant first: those worth a directory


PLAIN = Processor()
PROCESSORS = {
    **{name: Processor(level) for name, level in LEVELS.items()},
    "haswell": Processor(3, "haswell"),
    "skylake-avx512": Processor(4, "haswell", ("avx512_1", "x86_64")),
}
"""What ``muslint ldd --cpu`` takes: the psABI's levels, and Intel's processors by GCC's names."""

_BANNER = re.compile(rb"(?:GNU C Library|ld\.so) \([^)\n]*\) [a-z]+ release version (\d+)\.(\d+)")
_DIRECTORIES = re.compile(rb"(?:/[\x21-\x2e\x30-\x7e][\x21-\x7e]*/\0){2,}")
_NUMBERED = re.compile(r"GLIBC_(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Rtld:
    """One ``ld.so`` and what is built into it."""

    path: str  # where it is started: /lib64/ld-linux-x86-64.so.2
    canonical: str
    arch: str  # musl's name of the architecture
    object: ElfObject
    release: Release
    soname: str
    directories: tuple[str, ...]  # searched last, each with a slash at its end (``trusted-dirs.h``)
    library_token: str  # $LIB (``DL_DST_LIB``)
    platform: str  # $PLATFORM
    debian: bool = False  # with Debian's patches
    processor: Processor = PLAIN  # it tells something on x86-64 only
    cache: str = "/etc/ld.so.cache"

    @property
    def subdirectories(self) -> tuple[str, ...]:
        """What is tried below each directory before the directory itself (``_dl_important_hwcaps``).

        ``glibc-hwcaps`` came with 2.33; the older names, a power set of ``tls``, the platform and the
        capabilities worth a directory, went with 2.37.
        """
        found = []
        wide = self.arch == "x86_64"
        if self.release >= (2, 33) and wide:
            found += [f"glibc-hwcaps/x86-64-v{level}/" for level in (4, 3, 2) if level <= self.processor.level]
        if self.release < (2, 37):
            names = ("tls/", f"{self.platform}/", *(f"{name}/" for name in self.processor.capabilities if wide))
            taken = itertools.product((True, False), repeat=len(names))
            found += dict.fromkeys("".join(itertools.compress(names, each)) for each in taken)
            found.pop()  # none of them: the directory itself
        return (*found, "")

    @property
    def vdso(self) -> str:
        """The name of the library the kernel maps into every process."""
        return VDSO.get(self.arch, "linux-vdso.so.1")


def glibc_loaders(tree: Tree) -> tuple[str, ...]:
    """Architectures whose glibc loader lies in a tree, sorted."""
    return tuple(sorted(arch for arch in INTERPRETERS if _loader(tree, arch) is not None))


def _loader(tree: Tree, arch: str) -> tuple[Opened, ElfObject] | None:
    found = tree.open(INTERPRETERS[arch])
    if isinstance(found, int) or found.data is None:
        return None
    try:
        obj = read(found.data, INTERPRETERS[arch])
    except MalformedElf:
        return None
    finally:
        found.data.close()
    if obj.ident.machine != machine_number(arch) or not (obj.soname or "").startswith("ld"):
        return None  # a musl that goes by this name is another loader
    return found, obj


def rtld_of(tree: Tree, arch: str, processor: Processor = PLAIN) -> Rtld | None:
    """The glibc loader of a tree for one architecture; None where there is none.

    Raises UnknownTarget when there is one and its release cannot be told.
    """
    loader = _loader(tree, arch) if arch in INTERPRETERS else None
    if loader is None:
        return None
    found, obj = loader
    assert found.data is not None
    data = found.data.at(0, found.data.size)
    found.data.close()
    directories = _directories(data)
    return Rtld(
        INTERPRETERS[arch], found.path, arch, obj, _release(tree, data, obj, directories), obj.soname or "",
        directories, _token(data, directories), processor.platform or PLATFORMS.get(arch, arch),
        _patched(data, directories), processor,
    )  # fmt: skip


def _directories(data: bytes) -> tuple[str, ...]:
    for match in _DIRECTORIES.finditer(data):
        names = tuple(match[0].decode("latin-1").split("\0")[:-1])
        if any(name.rstrip("/").endswith(("/lib", "/lib64")) or "/lib/" in name for name in names):
            return names
    return ("/lib/", "/usr/lib/")


def _token(data: bytes, directories: tuple[str, ...]) -> str:
    """``$LIB``: the last part of the first directory, or all of it under Debian's multiarch names."""
    whole = directories[0].strip("/")
    return whole if f"\0{whole}\0".encode() in data else whole.rpartition("/")[2]


def _patched(data: bytes, directories: tuple[str, ...]) -> bool:
    """Whether this is Debian's or Ubuntu's: by its own words, before 2.33 by its multiarch directories."""
    return b"Debian GLIBC" in data or b"Ubuntu GLIBC" in data or directories[0].count("/") > 2


def _release(tree: Tree, data: bytes, obj: ElfObject, directories: tuple[str, ...]) -> Release:
    """From the loader's own words (2.33 and later), else from libc's, else from the versions libc defines."""
    match = _BANNER.search(data)
    if match is not None:
        return int(match[1]), int(match[2])
    best: Release = (0, 0)
    for directory in directories:
        found = tree.open(f"{directory}libc.so.6")
        if isinstance(found, int) or found.data is None:
            continue
        content = found.data.at(0, found.data.size)
        match = _BANNER.search(content)
        try:
            libc = read(found.data, directory)
        except MalformedElf:
            continue
        finally:
            found.data.close()
        if libc.ident.machine != obj.ident.machine or libc.ident.bits != obj.ident.bits:
            continue
        if match is not None:
            return int(match[1]), int(match[2])
        best = max(best, _newest(libc))
    best = max(best, _newest(obj))
    if best == (0, 0):
        raise UnknownTarget(f"{obj.path}: which release of glibc this is cannot be told")
    return best


def _newest(obj: ElfObject) -> Release:
    found = [_NUMBERED.fullmatch(name) for name in obj.versions_defined]
    return max(((int(m[1]), int(m[2])) for m in found if m is not None), default=(0, 0))
