"""Targets by name: ``alpine:3.23+libstdc++``, ``musl:1.2.5``, ``rootfs:DIR``, ``self``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from muslint.elf.header import identify
from muslint.elf.machine import musl_arch
from muslint.elf.object import ElfObject, Reader
from muslint.errors import MalformedElf, UnknownLibc, UnknownTarget
from muslint.libc.model import LibcModel
from muslint.libc.shims import shim
from muslint.loader.base import InstalledTree, MountedTree, packages_tree, table_tree
from muslint.loader.environment import Environment
from muslint.loader.musl import MuslLoader
from muslint.loader.target import Opened, Tree
from muslint.sources.directory import DirectoryTree

if TYPE_CHECKING:
    from muslint.libc.catalog import BaseImage
    from muslint.loader.glibc import GlibcLoader


@dataclass(slots=True)
class Target:
    """Where a program is to run: a C library and the files around it, for each architecture."""

    name: str
    release: str | None  # Alpine release, where it is one
    packages: tuple[str, ...]
    root: Tree | None  # the file system itself, for rootfs: and self
    libc: str | None = None  # model name for --on musl:… or a model file
    image: BaseImage | None = None  # an image with glibc
    extra: tuple[tuple[str, Tree], ...] = ()  # (directory, tree) hung into it: the source
    reader: Reader | None = None
    stock: str | None = None  # of a root: the Alpine release whose packages are added to it
    _loaders: dict[str, MuslLoader | GlibcLoader | None] = field(default_factory=dict)

    def changed(self, packages: tuple[str, ...], release: str | None = None) -> Target:
        """The same with these packages instead, or another Alpine release; what hangs in it stays."""
        before = self.name.partition("+")[0] if release is None else f"alpine:{release}"
        name = "+".join((before, *packages))
        if release is not None:
            return replace(self, name=name, release=release, packages=packages, root=None, libc=None, _loaders={})
        stock = self.stock or (alpine_of(self.root) if self.root is not None else None)
        return replace(self, name=name, packages=packages, stock=stock, _loaders={})

    def loader(self, arch: str) -> MuslLoader | GlibcLoader | None:
        """The loader for ``arch``; None where the target has none."""
        if arch not in self._loaders:
            self._loaders[arch] = self._make(arch)
        return self._loaders[arch]

    def _make(self, arch: str) -> MuslLoader | GlibcLoader | None:
        made = self._make_musl(arch) if self.image is None else None
        return made if made is not None else self._make_glibc(arch)

    def _make_glibc(self, arch: str) -> GlibcLoader | None:
        from muslint.loader.glibc_base import image_loader, root_glibc

        loader = None
        if self.image is not None:
            loader = image_loader(self.image, arch, self.reader)
        elif self.root is not None:
            loader = root_glibc(self.root, arch, self.reader)
        if loader is not None:
            for mount, source in self.extra:
                loader.tree = MountedTree(loader.tree, mount, source) if mount else InstalledTree(loader.tree, source)
        return loader

    def _make_musl(self, arch: str) -> MuslLoader | None:
        from muslint.loader.assumed import gives
        from muslint.loader.root import PREFIX, SUFFIX, root_model

        path = f"/lib/{PREFIX}{arch}{SUFFIX}"
        if self.root is not None:
            model = root_model(self.root, path)
            tree: Tree = self.root
            if model is not None and self.packages and self.stock is not None:
                tree = InstalledTree(self.root, packages_tree(arch, self.stock, self.packages))
        else:
            model = self._table_model(arch)
            if model is not None:
                tree = table_tree(model, self.release, self.packages)
        if model is None:
            return None
        for mount, source in self.extra:
            tree = MountedTree(tree, mount, source) if mount else InstalledTree(tree, source)
        loader = MuslLoader(tree, model, path, self.reader)
        release = self.release or self.stock

        def assume(obj: ElfObject, name: str, sonames: tuple[str, ...]) -> bool:
            return gives(obj, name, sonames, release)

        loader.assume = assume
        return loader

    def _table_model(self, arch: str) -> LibcModel | None:
        from muslint.libc.musl import alpine
        from muslint.libc.names import named

        try:
            return alpine(self.release, arch) if self.release is not None else named(self.libc or "", arch)
        except UnknownLibc:
            return None

    def stub(self, interpreter: str | None, arch: str) -> tuple[str, str] | None:
        """(name the loader runs under, libraries preloaded) where gcompat's stub stands in for ``interpreter``.

        The stub replaces itself by ``ld-musl --preload libgcompat``; a program whose interpreter is
        musl's own never meets it.
        """
        release = self.release or self.stock
        if release is None or interpreter is None or "gcompat" not in self.packages:
            return None
        known = shim("gcompat", release, arch)
        name = interpreter.rpartition("/")[2]
        if known is None or known.loader is None or known.loader.rpartition("/")[2] != name:
            return None
        return name, known.libraries[0].path

    def loads_with(self, arch: str, path: str) -> bool:
        """Whether the file at ``path`` of the root is the target's own loader for ``arch``."""
        loader = self.loader(arch)
        return loader is not None and loader.is_itself(loader.tree.open(path))

    def check_packages(self) -> None:
        """Raise UnknownTarget when a package added with ``+`` is none the tables know."""
        self._make("x86_64")

    @property
    def any_model(self) -> LibcModel | None:
        """The model of some architecture already used, else of x86_64: what the report says of the libc."""
        used = [loader for loader in self._loaders.values() if loader is not None]
        loader = used[0] if used else self.loader("x86_64")
        return loader.model if loader is not None else None


def parse_target(name: str | None, self_tree: Tree | None, reader: Reader | None = None) -> Target:
    """The target called ``name``; None means ``self`` where the source is a root, else the newest Alpine.

    Raises UnknownTarget with what may be written instead.
    """
    if name is None:
        name = "self" if self_tree is not None else "alpine"
    if name == "self":
        if self_tree is None:
            raise UnknownTarget(
                "--on self: the source holds no musl loader (/lib/ld-musl-*.so.1); name a target such as alpine:3.23"
            )
        return Target("self", None, (), self_tree, reader=reader)
    if name.startswith("rootfs:"):
        directory = name.partition(":")[2]
        if not os.path.isdir(directory):
            raise UnknownTarget(f"--on {name}: no such directory")
        target = Target(name, None, (), DirectoryTree(directory), reader=reader)
        check_loader(target)
        return target
    base, *packages = name.split("+")
    return _named(_join_plus(base, packages), reader)


def check_loader(target: Target) -> None:
    """Raise UnknownTarget where the directory that is the target holds no loader: nothing would ever fail there."""
    from muslint.loader.glibc_rtld import INTERPRETERS
    from muslint.loader.root import musl_loaders

    if not isinstance(target.root, DirectoryTree):
        return
    there = dict.fromkeys((*musl_loaders(target.root), *INTERPRETERS))
    if not any(target.loader(arch) is not None for arch in there):
        raise UnknownTarget(
            f"--on {target.name}: {target.root.root or '/'} holds no loader that can be read (/lib/ld-musl-*.so.1, "
            "/lib64/ld-linux-x86-64.so.2 …); name the directory that is / there, or a target such as alpine:3.23"
        )


def alpine_of(root: Tree) -> str | None:
    """The Alpine release of a root (``/etc/alpine-release``); None where it is none that the tables know."""
    from muslint.libc.musl import alpine_releases

    found = root.open("/etc/alpine-release")
    if isinstance(found, int) or found.data is None:
        return None
    text = found.data.at(0, min(found.data.size, 32)).decode("ascii", "replace")
    found.data.close()
    release = ".".join(text.strip().split(".")[:2])
    return release if release in alpine_releases() else None


def _join_plus(base: str, packages: list[str]) -> tuple[str, tuple[str, ...]]:
    """``libstdc++`` has plus signs of its own: empty pieces belong to the package before them."""
    joined: list[str] = []
    for piece in packages:
        if piece == "" and joined:
            joined[-1] += "+"
        else:
            joined.append(piece)
    return base, tuple(joined)


def _named(parts: tuple[str, tuple[str, ...]], reader: Reader | None) -> Target:
    from muslint.libc.catalog import newest_alpine
    from muslint.libc.musl import alpine_releases

    base, packages = parts
    family, _, version = base.partition(":")
    if family == "alpine":
        patch = re.fullmatch(r"(\d+\.\d+)\.\d+", version)  # 3.23.6 has the musl of 3.23
        release = newest_alpine() if version in ("", "latest") else patch[1] if patch else version
        if release not in alpine_releases():
            raise UnknownTarget(f"--on {base}: no table of that release; known are {', '.join(alpine_releases())}")
        full = "+".join((f"alpine:{release}", *packages))
        target = Target(full, release, packages, None, reader=reader)
        if packages:
            target.check_packages()  # says now, not at the first file, that one is unknown
        return target
    if family == "musl" or os.path.isfile(base):
        from muslint.libc.names import named

        if packages:
            raise UnknownTarget(f"+{packages[0]}: only an Alpine release has packages")
        try:
            named(base, "x86_64")
        except UnknownLibc as error:
            raise UnknownTarget(f"--on {base}: {error}") from None
        return Target(base, None, (), None, base, reader=reader)
    from muslint.loader.glibc_base import glibc_image

    found = glibc_image(base)
    if packages:
        raise UnknownTarget(f"+{packages[0]}: only an Alpine release has packages")
    return Target(found.name, None, (), None, image=found, reader=reader)


def host_loader(name: str, on: str | None, arch: str | None, reader: Reader) -> MuslLoader | GlibcLoader:
    """The loader of a named target for one file of this machine, seen with the files around it.

    Raises UnknownTarget when the target has no loader for the file's architecture.
    """
    target = parse_target(on, None, reader)
    wanted = arch or _arch_of(name)
    loader = target.loader(wanted)
    if loader is None:
        raise UnknownTarget(f"{target.name} has no loader for {wanted}")
    loader.tree = _Around(loader.tree, os.path.dirname(os.path.abspath(name)))
    return loader


def _arch_of(name: str) -> str:
    try:
        with open(name, "rb") as stream:
            ident = identify(stream.read(64))[0]
    except (OSError, MalformedElf):
        return "x86_64"  # the loader itself will say what is wrong with the file
    return musl_arch(ident.machine, ident.bits, ident.little, ident.flags)


class _Around:
    """The target's files, and those of this machine near the file asked about.

    Near is the directory above the file's own, so that ``$ORIGIN/../lib`` is found, and whatever
    is spelled relative to the working directory; system directories are the target's.
    """

    def __init__(self, base: Tree, directory: str) -> None:
        self._base, self._machine = base, DirectoryTree("")
        above = os.path.dirname(directory)
        self._near = (above if above != "/" else directory).rstrip("/") + "/"

    def open(self, path: str) -> Opened | int:
        """Open a file of this machine where the path is near, else one of the target."""
        if not path.startswith("/"):
            return self._machine.open(os.path.join(os.getcwd(), path))
        if os.path.normpath(path).startswith(self._near):
            return self._machine.open(path)
        return self._base.open(path)


def opener(
    loader: MuslLoader | GlibcLoader, program: str | None, given: Environment, secure: bool = False
) -> Callable[[str], bool]:
    """Whether ``dlopen`` of a name finds a file in a process that runs ``program``; None stands for any.

    ``given`` is what the loader is told, which it does not heed where the process is ``secure`` (AT_SECURE).
    """
    library_path, preload = ("", "") if secure else (given.library_path, given.preload)

    def opens(name: str) -> bool:
        link = loader.open(
            program, name, lazy=True, first_only=True, library_path=library_path, preload=preload, loaded=given.loaded
        )
        # Nobody needs it: musl names no object in the line, glibc the library itself.
        return not any(m.kind == "library" and m.name == name and m.object in ("", name) for m in link.messages)

    return opens
