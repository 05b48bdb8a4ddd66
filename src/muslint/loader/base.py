"""File trees that come from tables, and the join of two trees."""

from __future__ import annotations

import errno

from muslint.elf.listed import listed_library
from muslint.errors import UnknownTarget
from muslint.libc.catalog import base_files, runtime
from muslint.libc.model import LibcModel
from muslint.libc.shims import names as shim_names
from muslint.libc.shims import shim
from muslint.loader.scope import LIBC_MARKS
from muslint.loader.target import Opened, Tree

RUNTIME_PACKAGES = {"libstdc++": ("libstdc++.so.6", "libgcc_s.so.1"), "libgcc": ("libgcc_s.so.1",)}
"""The compiler runtime packages of Alpine and the libraries they bring."""


class TableTree:
    """A file system known from tables: paths, links, and for shims what they export.

    Directories are not modelled: what the tables do not list is not there.
    """

    def __init__(self, files: dict[str, Opened], links: dict[str, str]) -> None:
        self._files, self._links = files, links

    def open(self, path: str) -> Opened | int:
        """Open a listed file, through listed links."""
        plain = "/" + "/".join(part for part in path.split("/") if part not in ("", "."))
        for _ in range(8):
            if plain in self._files:
                return self._files[plain]
            target = self._links.get(plain)
            if target is None:
                return errno.ENOENT
            plain = target if target.startswith("/") else f"{plain.rpartition('/')[0]}/{target}"
        return errno.ELOOP


class MountedTree:
    """One tree hung into another at a directory."""

    def __init__(self, base: Tree, mount: str, tree: Tree) -> None:
        self._base, self._mount, self._tree = base, mount, tree

    def open(self, path: str) -> Opened | int:
        """Open in the tree whose directory it is."""
        if not path.startswith(self._mount + "/"):
            return self._base.open(path)
        found = self._tree.open(path[len(self._mount) :])
        return found if isinstance(found, int) else found._replace(path=self._mount + found.path)


class InstalledTree:
    """A tree whose files are put over those of another, as a package is installed."""

    def __init__(self, base: Tree, package: Tree) -> None:
        self._base, self._package = base, package

    def open(self, path: str) -> Opened | int:
        """Open the package's file where it has one, else what was there before."""
        found = self._package.open(path)
        if isinstance(found, int) or found.directory:
            before = self._base.open(path)
            return found if isinstance(before, int) and not isinstance(found, int) else before
        return found


class _Tables:
    """Collects the files of a base image and its packages."""

    def __init__(self, arch: str) -> None:
        self.arch = arch
        self.files: dict[str, Opened] = {}
        self.links: dict[str, str] = {}

    def named(self, path: str) -> None:
        self.files[path] = Opened(path, path, False, None)

    def base(self, release: str) -> None:
        for file in base_files(release, self.arch):
            if file.target is not None:
                self.links[file.path] = file.target
            else:
                self.named(file.path)

    def package(self, name: str, release: str) -> None:
        if name in RUNTIME_PACKAGES:
            if runtime(release) is None:
                raise UnknownTarget(f"no table of the compiler runtime of alpine:{release}")
            for soname in RUNTIME_PACKAGES[name]:
                self.named(f"/usr/lib/{soname}")
            return
        known = shim(name, release, self.arch) if name in shim_names() or name == "libc6-compat" else None
        if known is not None:
            for library in known.libraries:
                if library.exports is None:
                    self.named(library.path)
                else:
                    obj = listed_library(library.path, self.arch, library.exports, library.needed)
                    self.files[library.path] = Opened(library.path, library.path, False, None, obj)
            self.links.update(known.links)
            for requirement in known.requires:
                self.package(requirement, release)
            if known.loader is not None:
                self.named(known.loader)
            return
        self.by_soname(name, release)

    def by_soname(self, package: str, release: str) -> None:
        from muslint.libc.sonames import libraries

        found = libraries(release).get(package, ())
        if not found:
            raise UnknownTarget(f"+{package}: no package of alpine:{release} that muslint knows is called so")
        for soname in found:
            self.named(f"/usr/lib/{soname}")


def table_tree(model: LibcModel, release: str | None, packages: tuple[str, ...]) -> TableTree:
    """The files of an Alpine release with packages added; for a bare libc only its loader.

    Raises UnknownTarget for a package the tables do not know.
    """
    tables = _Tables(model.arch)
    loader = f"/lib/ld-musl-{model.arch}.so.1"
    # The two names a libc is known by; whoever finds the file gets the model in its place.
    itself = listed_library(loader, model.arch, LIBC_MARKS, ())
    tables.files[loader] = Opened(loader, loader, False, None, itself)
    if release is not None:
        tables.base(release)
        for package in packages:
            tables.package(package, release)
    elif packages:
        raise UnknownTarget(f"+{packages[0]}: only an Alpine release has packages")
    return TableTree(tables.files, tables.links)


def packages_tree(arch: str, release: str, packages: tuple[str, ...]) -> TableTree:
    """The files that packages of an Alpine release bring, and nothing else. Raises UnknownTarget."""
    tables = _Tables(arch)
    for package in packages:
        tables.package(package, release)
    return TableTree(tables.files, tables.links)
