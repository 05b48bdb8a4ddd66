"""Which package of a distribution owns a file of a root: the databases of apk and dpkg."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from muslint.sources.resolve import ResolvingTree
from muslint.sources.tree import Tree

APK_DATABASES = ("/lib/apk/db/installed", "/usr/lib/apk/db/installed")
DPKG_STATUS = "/var/lib/dpkg/status"
DPKG_INFO = "/var/lib/dpkg/info"
_DIRECTORIES = ("lib/apk/", "usr/lib/apk/", "var/lib/dpkg/")
MAX_DATABASE = 256 << 20
"""Largest database that is read, in bytes."""


def kept(path: str) -> bool:
    """Whether a file of an archive is a part of a package database (a path without its first slash)."""
    if not path.startswith(_DIRECTORIES):
        return False
    return f"/{path}" in (*APK_DATABASES, DPKG_STATUS) or (path.startswith(DPKG_INFO[1:]) and path.endswith(".list"))


def owners(tree: Tree) -> dict[str, str]:
    """Canonical path → ``NAME-VERSION`` of the package that installed it; empty where no database is found.

    Paths of the database are followed through links: on a merged root ``lib/x`` lies in ``/usr/lib``.
    """
    if not isinstance(tree, ResolvingTree):
        return {}
    found: dict[str, str] = {}
    directories: dict[str, str | None] = {}
    for directory, name, package in (*_apk(tree), *_dpkg(tree)):
        if directory not in directories:
            place = tree.resolve(f"/{directory}") if directory else ("", None, 0)
            directories[directory] = None if isinstance(place, int) else place[0]
        canonical = directories[directory]
        if canonical is not None:
            found[f"{canonical}/{name}"] = package
    return found


def _text(tree: Tree, path: str) -> str:
    opened = tree.open(path)
    if isinstance(opened, int) or opened.data is None or opened.data.size > MAX_DATABASE:
        return ""
    data = opened.data.at(0, opened.data.size)
    opened.data.close()
    return data.decode("utf-8", "surrogateescape")


def _apk(tree: Tree) -> Iterator[tuple[str, str, str]]:
    """Rows of apk's installed database: P name, V version, F directory, R file in it (apk(5))."""
    text = next((text for path in APK_DATABASES if (text := _text(tree, path))), "")
    package = directory = ""
    for line in text.split("\n"):
        sign, value = line[:2], line[2:]
        if sign == "P:":
            package, directory = value, ""
        elif sign == "V:":
            package = f"{package}-{value}"
        elif sign == "F:":
            directory = value
        elif sign == "R:":
            yield directory, value, package


def _dpkg(tree: ResolvingTree[Any]) -> Iterator[tuple[str, str, str]]:
    """Rows of dpkg's file lists, one file a package, with the versions of its status file (deb-control(5))."""
    lists = [name for name in tree.names(DPKG_INFO) if name.endswith(".list")]
    if not lists:
        return
    versions: dict[str, str] = {}
    name = ""
    for line in _text(tree, DPKG_STATUS).split("\n"):
        if line.startswith("Package: "):
            name = line[9:]
        elif line.startswith("Version: "):
            versions[name] = line[9:]
    for file in lists:
        package = file[:-5].partition(":")[0]
        label = f"{package}-{versions[package]}" if package in versions else package
        for path in _text(tree, f"{DPKG_INFO}/{file}").split("\n"):
            directory, _, last = path.rpartition("/")
            if last and last != ".":
                yield directory.lstrip("/"), last, label
