"""Real musl loaders, taken out of Debian's ``musl`` packages without installing them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from .cache import Unavailable, built, recipe_key
from .fetch import debian_package, unpack_debs

SUITE_OF = {"1.2.2": "bullseye", "1.2.3": "bookworm", "1.2.5": "trixie", "1.2.6": "sid"}
"""The Debian suite that carries each musl release."""

LDSO_ARCH = {
    "amd64": "x86_64",
    "arm64": "aarch64",
    "armel": "arm",
    "armhf": "armhf",
    "i386": "i386",
    "loong64": "loongarch64",
    "mips64el": "mips64el",
    "mipsel": "mipsel",
    "ppc64el": "powerpc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
}
"""musl's name for each Debian architecture: ``ld-musl-NAME.so.1`` (musl ``arch/*/reloc.h``)."""


@dataclass(frozen=True, slots=True)
class MuslLoader:
    """One real loader: its file, Debian architecture, musl's architecture name and the suite it came from."""

    file: Path
    path_file: Path
    arch: str
    ldso_arch: str
    suite: str

    @property
    def installed_path(self) -> str:
        """Where the loader lies in a root: ``/lib/ld-musl-ARCH.so.1``."""
        return f"/lib/ld-musl-{self.ldso_arch}.so.1"


def loader(version_or_suite: str, arch: str = "amd64") -> MuslLoader:
    """The musl loader of a release (``1.2.5``) or Debian suite (``trixie``) for a Debian architecture."""
    suite = SUITE_OF.get(version_or_suite, version_or_suite)
    ldso_arch = LDSO_ARCH[arch]

    def unpack(folder: Path) -> None:
        unpack_debs([debian_package("musl", suite, arch)], folder)

    folder = built("musl", f"{suite}-{arch}", recipe_key(1), unpack)
    for file in folder.rglob("libc.so"):
        path_file = folder / "etc" / f"ld-musl-{ldso_arch}.path"
        return MuslLoader(file=file, path_file=path_file, arch=arch, ldso_arch=ldso_arch, suite=suite)
    raise Unavailable(f"Debian's musl package of {suite} for {arch} holds no libc.so")


def install(loader: MuslLoader, root: Path, *, path_file: bool = False) -> Path:
    """Put a real copy of ``loader`` at ``ROOT/lib/ld-musl-ARCH.so.1`` and nothing else, unless asked.

    ``path_file`` adds Debian's ``/etc/ld-musl-ARCH.path``. Returns the root.
    """
    target = root / loader.installed_path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(loader.file, target)
    target.chmod(0o755)
    if path_file:
        (root / "etc").mkdir(exist_ok=True)
        shutil.copy2(loader.path_file, root / "etc" / loader.path_file.name)
    return root
