"""How an image of the catalogue is had: from which registry, for which architectures, and what installs packages."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from muslint.libc.table import read_text, rows

STATIC = "static"


@dataclass(frozen=True, slots=True)
class Published:
    """One row of ``images/published.txt``."""

    registry: str | None
    """Host before the name; None is Docker Hub, or for an image of low confidence not known."""

    archs: frozenset[str] | None
    """musl's names of the architectures it is published for; empty for any, None where that is not known."""

    manager: str | None
    """``apt``, ``dnf``, ``microdnf``, ``yum``, ``zypper``, ``apk``, ``apk-wolfi``, ``pacman``, ``xbps`` or None."""

    at_least: str | None
    """Of an image that rolls: a version of its C library that it had, so that it has no older one now."""

    static: bool
    """It has no dynamic loader: only static programs start."""

    long_term: str | None
    """Day the free long-term updates end, ISO 8601."""

    def offers(self, arch: str) -> bool:
        """Whether it is published for ``arch``; true where that is not known."""
        return not self.archs or arch in self.archs

    def reference(self, name: str) -> str:
        """What ``FROM`` says for the image called ``name``, with its tag."""
        tagged = name if name == "scratch" or ":" in name else f"{name}:latest"
        return f"{self.registry}/{tagged}" if self.registry else tagged


@lru_cache(maxsize=1)
def _table() -> tuple[tuple[str, Published], ...]:
    found = []
    for pattern, registry, archs, manager, level, long_term, _source in rows(read_text("images/published.txt")):
        names = None if archs == "-" else frozenset() if archs == "*" else frozenset(archs.split(","))
        found.append(
            (
                pattern,
                Published(
                    None if registry in ("-", "?") else registry, names, None if manager == "none" else manager,
                    level if level[0].isdigit() else None, level == STATIC, None if long_term == "-" else long_term,
                ),
            )
        )  # fmt: skip
    return tuple(found)


def published(name: str) -> Published:
    """How the image called ``name`` is had; nothing is known of a name no pattern fits."""
    for pattern, row in _table():
        if fnmatchcase(name, pattern):
            return row
    return Published(None, None, None, None, False, None)


_RUNTIME = {
    "apt": {"libstdc++.so.6": "libstdc++6", "libgcc_s.so.1": "libgcc-s1"},
    "zypper": {"libstdc++.so.6": "libstdc++6", "libgcc_s.so.1": "libgcc_s1"},
    "pacman": {"libstdc++.so.6": "gcc-libs", "libgcc_s.so.1": "gcc-libs"},
    "xbps": {"libstdc++.so.6": "libstdc++", "libgcc_s.so.1": "libgcc"},
}
_RUNTIME |= {
    name: {"libstdc++.so.6": "libstdc++", "libgcc_s.so.1": "libgcc"}
    for name in ("dnf", "microdnf", "yum", "apk", "apk-wolfi")
}
_OLD_LIBGCC = ("debian:10", "ubuntu:16.04", "ubuntu:18.04")
"""Suites whose GCC was older than 10: the package was not yet called ``libgcc-s1``."""

_64_BIT = ("x86_64", "aarch64", "powerpc64le", "s390x", "riscv64", "mips64el", "loongarch64")


def package(image: str, soname: str, arch: str) -> str | None:
    """What to give to the image's package manager for a library; None where that is not known.

    dnf, yum, microdnf and zypper install by what a package provides (rpm's ``libz.so.1()(64bit)``), apk by
    ``so:libz.so.1``; apt knows names only, which ``images/debian.txt`` has for Debian.
    """
    manager = published(image).manager
    if manager is None:
        return None
    known = _RUNTIME[manager].get(soname)
    if known == "libgcc-s1" and image.startswith(_OLD_LIBGCC):
        return "libgcc1"
    if known is not None:
        return known
    if manager in ("dnf", "microdnf", "yum", "zypper"):
        return f"{soname}()(64bit)" if arch in _64_BIT else soname
    if manager == "apk-wolfi":
        return f"so:{soname}"
    return _debian_package(image, soname) if manager == "apt" else None


@lru_cache(maxsize=1)
def _debian() -> dict[tuple[str, str], str]:
    found = {}
    for suites, soname, name in rows(read_text("images/debian.txt")):
        for suite in suites.split(","):
            found[suite, soname] = name
    return found


_SUITES = {
    "ubuntu:20.04": "11", "ubuntu:22.04": "12", "ubuntu:24.04": "13", "ubuntu:26.04": "13",
    "debian:testing": "13", "debian:sid": "13",
}  # fmt: skip
"""Releases whose packages are called as in a Debian release. 64-bit time_t renamed many between 12 and 13."""


def _debian_package(image: str, soname: str) -> str | None:
    suite = image.removeprefix("debian:").removesuffix("-slim")
    return _debian().get((_SUITES.get(image, suite), soname))


_VERBS = {
    "apt": "apt-get install", "dnf": "dnf install", "microdnf": "microdnf install", "yum": "yum install",
    "zypper": "zypper install", "apk": "apk add", "apk-wolfi": "apk add", "pacman": "pacman -S",
    "xbps": "xbps-install",
}  # fmt: skip


def add(manager: str | None, packages: tuple[str, ...]) -> str | None:
    """How people say that packages are installed: ``apk add libstdc++``; None without any."""
    return f"{_VERBS[manager]} {_quoted(packages)}" if manager is not None and packages else None


def _quoted(packages: tuple[str, ...]) -> str:
    return " ".join(f"'{name}'" if set(name) & set("();&|<>$ ") else name for name in packages)


def install(manager: str | None, packages: tuple[str, ...]) -> str | None:
    """The shell command that installs packages in an image and leaves nothing else behind; None without any."""
    if manager is None or not packages:
        return None
    names = _quoted(packages)
    return {
        "apt": f"apt-get update && apt-get install -y --no-install-recommends {names} && rm -rf /var/lib/apt/lists/*",
        "dnf": f"dnf install -y {names} && dnf clean all",
        "microdnf": f"microdnf install -y {names} && microdnf clean all",
        "yum": f"yum install -y {names} && yum clean all",
        "zypper": f"zypper --non-interactive install --no-recommends {names} && zypper clean --all",
        "apk": f"apk add --no-cache {names}",
        "apk-wolfi": f"apk add --no-cache {names}",
        "pacman": f"pacman -Syu --noconfirm {names} && pacman -Scc --noconfirm",
        "xbps": f"xbps-install -Suy {names}",
    }[manager]


_PARTIAL = {
    "busybox:glibc": ("libdl.so.2", "librt.so.1", "libutil.so.1", "libanl.so.1", "libmvec.so.1", "libnsl.so.1"),
}
"""Libraries of glibc that may not be in an image: busybox's has what busybox, getconf and libnss need, and libpthread
(docker-library/busybox, ``glibc/Dockerfile.builder``)."""


def partial(name: str) -> tuple[str, ...]:
    """Libraries of glibc's own that the image called ``name`` is not known to hold."""
    return _PARTIAL.get(name, ())


_LARGER = {
    "distroless/base-": "distroless/cc-",
    "distroless/static-": "distroless/base-",
    "ubi-micro": "ubi-minimal",
    "chainguard/static": "chainguard/glibc-dynamic",
    "chainguard/glibc-dynamic": "chainguard/wolfi-base",
}


def instead(name: str) -> str | None:
    """The next larger image of the same family, for one that nothing can be installed in; None where there is none."""
    if name.startswith("distroless/cc-debian"):
        return f"debian:{name.removeprefix('distroless/cc-debian')}-slim"
    for part, larger in _LARGER.items():
        if part in name:
            return name.replace(part, larger)
    return "distroless/base-debian13" if name == "scratch" or name.startswith("busybox:") else None
