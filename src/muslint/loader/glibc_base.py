"""glibc targets from tables: the libraries of one release, and what an image holds beside them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from muslint.elf.listed import Export, listed_versions
from muslint.elf.object import ElfObject
from muslint.errors import UnknownLibc, UnknownTarget
from muslint.libc.catalog import BaseImage, cxx_level_of, image, image_libraries
from muslint.libc.glibc import PRIVATE, is_glibc, newest_release, nodes, soname, symbols, version_key
from muslint.libc.glibc import model as table_model
from muslint.loader.base import TableTree
from muslint.loader.glibc import GlibcLoader
from muslint.loader.glibc_rtld import INTERPRETERS, PLATFORMS, Rtld, rtld_of
from muslint.loader.target import Opened, Tree

if TYPE_CHECKING:
    from muslint.elf.object import Reader

_MERGED = ("pthread", "dl", "rt", "util", "anl")
"""Libraries whose code moved into libc in 2.34."""

_TRIPLETS = {
    "i386": "i386-linux-gnu", "armhf": "arm-linux-gnueabihf", "arm": "arm-linux-gnueabi",
}  # fmt: skip


class _ImageTree(TableTree):
    """A `TableTree` with the directories its files lie in; what glibc's own files give is listed when one is opened."""

    def __init__(
        self, files: dict[str, Opened], directories: tuple[str, ...], own: dict[str, Opened],
        library: Callable[[str], ElfObject],
    ) -> None:  # fmt: skip
        super().__init__(files, {})
        self._directories, self._own, self._library = frozenset(directories), own, library

    def open(self, path: str) -> Opened | int:
        """Open a listed file, or one of the built-in directories."""
        if path.endswith("/") and path in self._directories:
            return Opened(path.rstrip("/"), path, True, None)
        found = super().open(path)
        if isinstance(found, Opened) and found is self._own.get(found.path):
            return found._replace(object=self._library(found.path.rpartition("/")[2]))
        return found


def glibc_image(name: str) -> BaseImage:
    """The image of the catalogue called ``name``, or a bare ``glibc:2.31``.

    Raises UnknownTarget for a name neither knows, or an image without glibc.
    """
    family, _, version = name.partition(":")
    if family == "glibc":
        newest = newest_release()
        if not re.fullmatch(r"2\.[1-9]\d?", version) or not (2, 2) <= version_key(version) <= version_key(newest):
            raise UnknownTarget(f"--on {name}: no such release of glibc; known are glibc:2.2 to glibc:{newest}")
        return BaseImage(name, "glibc", version, None, None, False, False, None, None, None, None, "high")
    found = image(name)
    if found is None or found.libc != "glibc" or found.libc_version is None:
        what = "is not in the catalogue"
        if found is not None:
            what = f"which {found.libc} it holds is not known" if found.libc else "it has no libc"
        others = "alpine:3.23, debian:12, ubuntu:24.04, glibc:2.31, musl:1.2.5, rootfs:DIR or self"
        raise UnknownTarget(f"--on {name}: {what}; write {others}")
    return found


def image_loader(base: BaseImage, arch: str, reader: Reader | None = None) -> GlibcLoader | None:
    """The loader of an image for ``arch`` over a tree from tables; None where glibc has no port there."""
    version = base.libc_version or ""
    if arch not in INTERPRETERS:
        return None
    try:
        model = table_model(version, arch)
    except UnknownLibc:
        return None
    directories = _directories(base.name, arch)
    path = INTERPRETERS[arch]
    places = ((f"{directories[0]}{name}", name) for name in _given(version, arch) if name not in base.without)
    own = {place: Opened(place, name, False, None) for place, name in places}
    files = dict(own)
    itself = _library(version, arch, path.rpartition("/")[2])
    files[path] = Opened(path, path.rpartition("/")[2], False, None, itself)
    held = (("libgcc_s.so.1", base.libgcc), ("libstdc++.so.6", base.libstdcxx))
    for name, there in held:
        if there or (there is None and base.glibcxx is not None):
            files[f"{directories[0]}{name}"] = Opened(f"{directories[0]}{name}", name, False, None)
    for name in (*image_libraries(base.name), *base.extra):
        files[f"{directories[0]}{name}"] = Opened(f"{directories[0]}{name}", name, False, None)
    debian = base.name.partition(":")[0] in ("debian", "ubuntu")
    major, minor = version_key(version)[:2]
    rtld = Rtld(
        path, path, arch, itself, (major, minor), path.rpartition("/")[2], directories,
        directories[0].strip("/"), PLATFORMS.get(arch, arch), debian,
    )  # fmt: skip
    loader = GlibcLoader(_ImageTree(files, directories, own, partial(_library, version, arch)), rtld, reader)
    loader.model = model
    loader.assume = assume
    loader.defines = _Levels(base).defines
    return loader


def root_glibc(tree: Tree, arch: str, reader: Reader | None = None) -> GlibcLoader | None:
    """The loader of a root file system that holds a glibc for ``arch``; None where it holds none."""
    rtld = rtld_of(tree, arch)
    return None if rtld is None else GlibcLoader(tree, rtld, reader)


def _directories(name: str, arch: str) -> tuple[str, ...]:
    if name.partition(":")[0] in ("debian", "ubuntu", "glibc"):
        triplet = _TRIPLETS.get(arch, f"{arch}-linux-gnu")
        return f"/lib/{triplet}/", f"/usr/lib/{triplet}/", "/lib/", "/usr/lib/"
    wide = "64" if arch not in ("i386", "arm", "armhf") else ""
    return f"/lib{wide}/", f"/usr/lib{wide}/"


@lru_cache(maxsize=8)
def _given(version: str, arch: str) -> dict[str, tuple[list[tuple[str, str, str]], list[str]]]:
    """Of every library glibc ``version`` itself installs: (name, version, kind) of what it gives, and its versions."""
    limit = version_key(version)
    defined = nodes(version, arch)
    found: dict[str, list[tuple[str, str, str]]] = {name: [] for name in defined}
    homes: dict[tuple[str, str], str | None] = {}  # (library, node) → the file that has it in this release
    for name, symbol in symbols(arch).items():
        for pair in symbol.nodes:
            if pair not in homes:
                lib, node = pair
                home = soname("c" if lib in _MERGED and limit >= (2, 34) else lib, arch)
                there = (node == PRIVATE or version_key(node) <= limit) and f"GLIBC_{node}" in defined.get(home, ())
                homes[pair] = home if there else None
            if (where := homes[pair]) is not None:
                found[where].append((name, f"GLIBC_{pair[1]}", symbol.kind))
    return {name: (rows, sorted(defined[name], key=version_key)) for name, rows in found.items()}


@lru_cache(maxsize=128)
def _library(version: str, arch: str, name: str) -> ElfObject:
    """One of the libraries glibc ``version`` itself installs."""
    loader = INTERPRETERS[arch].rpartition("/")[2]
    rows, versions = _given(version, arch)[name]
    return listed_versions(
        f"/lib/{name}", arch, _exports(rows), versions,
        () if name == loader else (loader,) if name == "libc.so.6" else ("libc.so.6",),
    )  # fmt: skip


def _exports(rows: list[tuple[str, str, str]]) -> list[Export]:
    """The newest version of a name is its default; a private one never is where another exists."""
    newest: dict[str, str] = {}
    for name, version, _ in rows:
        known = newest.get(name)
        if (
            known is None
            or known.endswith(PRIVATE)
            or (not version.endswith(PRIVATE) and version_key(version) > version_key(known))
        ):
            newest[name] = version
    unique = sorted(set(rows))
    return [Export(name, version, newest[name] == version, kind == "F") for name, version, kind in unique]


class _Levels:
    """How far the versions of an image's compiler runtime go; its libraries are known by name only."""

    def __init__(self, base: BaseImage) -> None:
        held = {"GLIBCXX": base.glibcxx, "CXXABI": base.cxxabi, "GCC": base.gcc}
        self._held = {family: version_key(level) for family, level in held.items() if level is not None}

    def defines(self, _library: str, version: str) -> bool:
        """Whether a version of the C++ or GCC runtime is not newer than the image's; of others nothing is known."""
        level = cxx_level_of(version)
        return level is None or level[0] not in self._held or level[1] <= self._held[level[0]]


def assume(obj: ElfObject, name: str, version: str | None, sonames: tuple[str, ...]) -> bool:
    """Whether one of the libraries ``sonames``, known by name only, may be taken to give ``name`` to ``obj``."""
    if version is None:
        return not is_glibc(name, obj.arch)
    return any(v.library in sonames for v in obj.versions_needed if v.name == version)
