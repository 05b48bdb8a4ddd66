"""Base images: which libc they carry and which libraries they hold as they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from muslint.libc.model import musl_arch
from muslint.libc.musl import alpine_releases
from muslint.libc.table import covers, read_text, rows


@dataclass(frozen=True, slots=True)
class BaseImage:
    """One base image; None and empty texts stand for what is not known."""

    name: str
    """Without the host it is pulled from: ``debian:12-slim``, ``ubi9/ubi-micro``."""

    libc: str | None
    """``glibc``, ``musl``, ``uclibc-ng`` or None for an image without a libc."""

    libc_version: str | None
    released: str | None
    """Day of release, ISO 8601."""

    end_of_life: str | None
    """Day its regular updates end, ISO 8601."""

    libgcc: bool | None
    """The image holds libgcc_s.so.1 as it is."""

    libstdcxx: bool | None
    """The image holds libstdc++.so.6 as it is."""

    glibcxx: str | None
    """Highest GLIBCXX node that the distribution's libstdc++ defines, e.g. ``3.4.30``."""

    cxxabi: str | None
    gcc: str | None
    """Highest GCC node that the distribution's libgcc_s defines, e.g. ``12.0.0``."""

    compressed_mb: float | None
    """Size of the compressed image on amd64, in MB."""

    confidence: str
    """``high``, ``medium`` or ``low``."""

    extra: tuple[str, ...] = ()
    """File names of libraries that are to be thought into it, as a package would put them."""

    without: tuple[str, ...] = ()
    """File names of glibc's own libraries that it is not known to hold."""


@dataclass(frozen=True, slots=True)
class BaseFile:
    """A program or library that an image holds as it is."""

    path: str
    soname: str | None
    package: str
    target: str | None
    """Where it points, for a symbolic link."""

    source: str
    """``real`` when read from a real root, else ``inferred``."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """The compiler runtime of an Alpine release (packages libstdc++ and libgcc)."""

    gcc: str
    """Package version, e.g. ``14.2.0-r6``."""

    glibcxx: str
    """Upstream level of its code, e.g. ``GLIBCXX_3.4.33``; the file defines no versions."""

    cxxabi: str
    libgcc: str
    """Highest node of libgcc_s for that compiler, e.g. ``GCC_14.0.0``."""


VERSIONED_ONLY: frozenset[str] = frozenset({"_ZSt21ios_base_library_initv"})
"""Names libstdc++ has only when built with symbol versions: absent in every Alpine.

GCC 13 and newer leave this one undefined in users of ``<iostream>``, mostly without a relocation; musl looks up
only what a relocation refers to, so it fails just where the name is really called.
"""

# Nodes of libgcc_s by the compiler they came with; 8 to 11 added none.
_LIBGCC_NODES = ((14, "GCC_14.0.0"), (13, "GCC_13.0.0"), (12, "GCC_12.0.0"), (7, "GCC_7.0.0"))

# Source: libstdc++ manual, "ABI Policy and Guidelines".
_GCC_OF_GLIBCXX: Mapping[str, str] = {
    "3.4.21": "5.1",
    "3.4.22": "6.1",
    "3.4.23": "7.1",
    "3.4.24": "7.2",
    "3.4.25": "8.1",
    "3.4.26": "9.1",
    "3.4.27": "9.2",
    "3.4.28": "9.3",
    "3.4.29": "11.1",
    "3.4.30": "12.1",
    "3.4.31": "13.1",
    "3.4.32": "13.2",
    "3.4.33": "14.1",
    "3.4.34": "15.1",
    "3.4.35": "16.1",
}

_CODENAMES: Mapping[str, str] = {
    "debian:buster": "debian:10",
    "debian:bullseye": "debian:11",
    "debian:bookworm": "debian:12",
    "debian:trixie": "debian:13",
    "debian:forky": "debian:testing",
    "debian:unstable": "debian:sid",
    "debian:latest": "debian:13",
    "ubuntu:xenial": "ubuntu:16.04",
    "ubuntu:bionic": "ubuntu:18.04",
    "ubuntu:focal": "ubuntu:20.04",
    "ubuntu:jammy": "ubuntu:22.04",
    "ubuntu:noble": "ubuntu:24.04",
    "ubuntu:oracular": "ubuntu:24.10",
    "ubuntu:plucky": "ubuntu:25.04",
    "ubuntu:questing": "ubuntu:25.10",
    "ubuntu:resolute": "ubuntu:26.04",
    "ubuntu:latest": "ubuntu:26.04",
}


@lru_cache(maxsize=1)
def images() -> tuple[BaseImage, ...]:
    """Return every base image of the catalogue, grouped by distribution."""
    return tuple(_image(row) for row in rows(read_text("images/images.txt")))


def image(name: str) -> BaseImage | None:
    """Return the image called ``name``, None when the catalogue lacks it.

    A host before the first slash, ``library/``, a digest and Debian's and Ubuntu's
    code names are understood; so is ``centos:stream9`` for ``centos/centos:stream9``.
    ``alpine:latest`` is :func:`newest_alpine`, and of every other distribution a name without a release is its
    newest one that is out: ``fedora``, ``almalinux:latest``.
    """
    bare = _bare(name)
    wanted = {bare, f"{bare}:latest"}
    found = next((i for i in images() if wanted & _names(i)), None)
    return found or _newest(bare.removesuffix(":latest"))


def _names(found: BaseImage) -> frozenset[str]:
    """The catalogue's own path may be longer than what people write."""
    return frozenset((found.name, found.name.partition("/")[2] or found.name))


def _newest(family: str) -> BaseImage | None:
    """The newest image of a distribution that is out and named by its number alone: ``fedora:44``."""
    numbered: dict[tuple[int, ...], BaseImage] = {}
    for found in images():
        for name in _names(found):
            known, _, release = name.partition(":")
            numbers = release.split(".")
            if known == family and found.released is not None and all(n.isdecimal() for n in numbers):
                numbered[tuple(map(int, numbers))] = found
    return numbered[max(numbered)] if numbered else None


def _bare(name: str) -> str:
    bare = name.partition("@")[0]
    host, slash, rest = bare.partition("/")
    if slash and ("." in host or ":" in host or host == "localhost"):
        bare = rest
    bare = bare.removeprefix("library/")
    slim = "-slim" if bare.endswith("-slim") else ""
    bare = _CODENAMES.get(bare.removesuffix("-slim"), bare.removesuffix("-slim")) + slim
    if bare in ("debian", "ubuntu"):
        bare = _CODENAMES[bare + ":latest"]
    return f"alpine:{newest_alpine()}" if bare in ("alpine", "alpine:latest") else bare


def image_libraries(name: str) -> tuple[str, ...]:
    """Return the file names of the libraries an image holds besides libc's own and the compiler runtime.

    Empty for an image no table tells of. ``debian:12-slim`` holds what ``debian:12`` does.
    """
    wanted = name.removesuffix("-slim")
    return tuple(row[2] for row in rows(read_text("images/libraries.txt")) if row[0] == wanted)


@lru_cache(maxsize=1024)
def unlisted(name: str, soname: str) -> bool:
    """Whether image ``name`` may hold a library for all that is known: no table lists what it holds.

    Of an image with glibc, where the table of libraries has rows for some only, and of others it is known at most
    whether they hold the compiler runtime. What only a musl has is in none of them. False for whatever is no image of
    the catalogue.
    """
    if soname.startswith(("libc.musl-", "ld-musl-")) or soname == "libc.so":
        return False
    found = next((known for known in images() if known.name == name), None)
    if found is None or found.libc != "glibc":
        return False
    runtime = {"libstdc++.so.6": found.libstdcxx, "libgcc_s.so.1": found.libgcc}
    return runtime[soname] is None if soname in runtime else not image_libraries(name)


def newest_alpine() -> str:
    """Return the newest released Alpine of the catalogue, e.g. ``3.24``."""
    return [release for release in alpine_releases() if release != "edge"][-1]


def base_files(release: str, arch: str) -> tuple[BaseFile, ...]:
    """Return the programs and libraries in the image of Alpine ``release``.

    The musl loader itself is left out: the libc model stands for it. ``edge`` is
    taken to hold what the newest release holds.
    """
    order = alpine_releases()
    carch = _ALPINE_ARCH.get(musl_arch(arch), musl_arch(arch))
    found = []
    for row in rows(read_text("alpine/base.txt")):
        ranges, path, soname, package, target, source = row
        if ranges == "*" or covers(ranges, release, order):
            found.append(
                BaseFile(
                    path=path.replace("@CARCH@", carch),
                    soname=None if soname == "-" else soname.replace("@CARCH@", carch),
                    package=package,
                    target=None if target == "-" else target.replace("@ARCH@", musl_arch(arch)),
                    source=source if release == "3.23" else "inferred",
                )
            )
    return tuple(found)


_ALPINE_ARCH: Mapping[str, str] = {
    "i386": "x86",
    "armhf": "armv7",
    "powerpc64le": "ppc64le",
}


def alpine_arch(arch: str) -> str:
    """Return Alpine's own name of an architecture; ``armhf`` gives ``armv7``.

    Alpine's armhf and armv7 share musl's ``armhf``; armv7 is what images are for.
    """
    return _ALPINE_ARCH.get(musl_arch(arch), musl_arch(arch))


def runtime(release: str) -> Runtime | None:
    """Return the compiler runtime of Alpine ``release``, None for an unknown release."""
    for row in rows(read_text("alpine/gcc.txt")):
        if row[0] == release:
            major = int(row[1].partition(".")[0])
            libgcc = next(node for since, node in _LIBGCC_NODES if major >= since)
            return Runtime(gcc=row[1], glibcxx=row[2], cxxabi=row[3], libgcc=libgcc)
    return None


def cxx_level_of(version_name: str) -> tuple[str, tuple[int, ...]] | None:
    """Return family and numbers of ``GLIBCXX_3.4.32``, ``CXXABI_1.3.14`` or ``GCC_14.0.0``.

    Two levels of one family compare by their numbers. A name without numbers
    (``CXXABI_TM_1``, ``GLIBCXX_LDBL_3.4``) belongs to no such line and gives None.
    """
    family, underscore, rest = version_name.partition("_")
    numbers = rest.split(".")
    if not underscore or family not in ("GLIBCXX", "CXXABI", "GCC", "GLIBC"):
        return None
    if not all(number.isdigit() for number in numbers):
        return None
    return family, tuple(int(number) for number in numbers)


def gcc_of(glibcxx: str) -> str | None:
    """Return the first GCC release with a node, e.g. ``13.2`` for ``GLIBCXX_3.4.32``."""
    return _GCC_OF_GLIBCXX.get(glibcxx.removeprefix("GLIBCXX_"))


def _image(row: list[str]) -> BaseImage:
    cells = [None if cell == "-" else cell for cell in row]
    return BaseImage(
        name=row[0],
        libc=cells[1],
        libc_version=cells[2],
        released=cells[3],
        end_of_life=cells[4],
        libgcc=_flag(row[5]),
        libstdcxx=_flag(row[6]),
        glibcxx=cells[7],
        cxxabi=cells[8],
        gcc=cells[9],
        compressed_mb=None if cells[10] is None else float(cells[10]),
        confidence=row[11],
    )


def _flag(cell: str) -> bool | None:
    return {"yes": True, "no": False}.get(cell)
