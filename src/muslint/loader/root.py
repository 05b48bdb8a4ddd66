"""The loader of a root: the musl loader that lies in a file tree is the model."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from muslint.elf.dynamic import read
from muslint.elf.machine import machine_number
from muslint.elf.object import ET_DYN, ET_EXEC
from muslint.errors import MalformedElf, UnknownLibc, UnknownTarget
from muslint.libc.learn import model_of
from muslint.loader.musl import MuslLoader
from muslint.loader.target import Tree

if TYPE_CHECKING:
    from muslint.elf.object import Reader
    from muslint.libc.model import LibcModel
    from muslint.loader.glibc import GlibcLoader
    from muslint.loader.glibc_rtld import Processor
    from muslint.sources.directory import DirectoryTree

PREFIX, SUFFIX = "ld-musl-", ".so.1"


def musl_loaders(tree: DirectoryTree) -> tuple[str, ...]:
    """Architecture names of the musl loaders in ``/lib`` of a tree, sorted."""
    return tuple(
        name[len(PREFIX) : -len(SUFFIX)]
        for name in tree.names("/lib")
        if name.startswith(PREFIX) and name.endswith(SUFFIX) and len(name) > len(PREFIX + SUFFIX)
    )


def loader_of(tree: DirectoryTree, arch: str | None = None, reader: Reader | None = None) -> MuslLoader:
    """The loader of a root for ``arch`` (its only one when not told).

    Raises UnknownTarget when the root has none, or several and none is named.
    """
    found = musl_loaders(tree)
    if arch is None and len(found) > 1:
        raise UnknownTarget(f"{tree.root or '/'} holds loaders for {', '.join(found)}: name one with --arch")
    name = arch or (found[0] if found else None)
    if name is None or name not in found:
        what = f"/lib/{PREFIX}{name or '*'}{SUFFIX}"
        raise UnknownTarget(
            f"{tree.root or '/'} has no musl loader {what}: name a target with --on, such as alpine:3.23"
        )
    path = f"/lib/{PREFIX}{name}{SUFFIX}"
    return MuslLoader(tree, _model(tree, path), path, reader)


def glibc_loader_of(
    tree: DirectoryTree, arch: str | None = None, processor: Processor | None = None, reader: Reader | None = None
) -> GlibcLoader:
    """The glibc loader of a root for ``arch`` as it works on a processor; without one, on any but Intel's.

    Raises UnknownTarget when the root has none, or several and none is named.
    """
    from muslint.loader.glibc import GlibcLoader
    from muslint.loader.glibc_rtld import INTERPRETERS, PLAIN, glibc_loaders, rtld_of

    found = glibc_loaders(tree)
    # A 32-bit loader beside the root's own is what a multilib package brings.
    if arch is None and len(found) > 1 and "x86_64" in found and set(found) <= {"x86_64", "i386"}:
        found = ("x86_64",)
    if arch is None and len(found) > 1:
        raise UnknownTarget(f"{tree.root or '/'} holds glibc loaders for {', '.join(found)}: name one with --arch")
    name = arch or (found[0] if found else None)
    rtld = rtld_of(tree, name, processor or PLAIN) if name is not None and name in found else None
    if rtld is None:
        what = INTERPRETERS.get(name, name) if name is not None else "such as /lib64/ld-linux-x86-64.so.2"
        raise UnknownTarget(f"{tree.root or '/'} has no glibc loader {what}")
    return GlibcLoader(tree, rtld, reader)


def _model(tree: Tree, path: str) -> LibcModel:
    found = tree.open(path)
    if isinstance(found, int) or found.data is None:
        raise UnknownTarget(f"{path} cannot be read")
    data = found.data.at(0, found.data.size)
    obj = read(found.data, path)
    found.data.close()
    return model_of(obj, data, path)


def root_model(tree: Tree, path: str) -> LibcModel | None:
    """The model read from the loader at ``path``; None when there is none, or it is not musl's."""
    try:
        return _model(tree, path)
    except (UnknownTarget, UnknownLibc, MalformedElf):
        return None


def subjects(tree: DirectoryTree, loader: MuslLoader | GlibcLoader) -> Iterator[str]:
    """Every file the loader could be asked about, in path order.

    Programs and shared libraries of its class, byte order and machine; regular files, not
    symbolic links; the loader itself left out.
    """
    wanted = (loader.bits, loader.little, machine_number(loader.arch))
    for path, head in tree.elf_files():
        bits, little = 32 * head[4], head[5] == 1
        kind, machine = struct.unpack_from("<HH" if little else ">HH", head, 16)
        if (bits, little, machine) != wanted or kind not in (ET_EXEC, ET_DYN):
            continue
        if not loader.is_itself(tree.open(path)):
            yield path
