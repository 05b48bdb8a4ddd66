"""The tree that is packed: forty real ELF files of wheels, Alpine and Debian, with links, in ``opt/app``.

All forty under ``MUSLINT_ORACLE=full``, else those that are not large. Nothing lies where a loader looks by itself, so
that a package that is put into ``/`` says the same as a directory.
"""

import os
import re
import shutil
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support import fetch, roots
from tests.support.cache import REPOSITORY, built, recipe_key

WHEELS = ("psycopg2-binary",)
ALPINE = (
    "sbin/apk", "usr/lib/libapk.so.3.0.0", "usr/lib/libcrypto.so.3", "usr/lib/libz.so.1.3.2", "usr/sbin/badblocks",
    "usr/sbin/e2undo", "usr/libexec/rc/bin/einfo", "usr/libexec/rc/bin/fstabinfo", "usr/libexec/rc/sbin/swclock",
    "usr/bin/getent", "usr/bin/iconv", "bin/rc-status",
)  # fmt: skip
DEBIAN = (
    ("bookworm", "amd64", ("hello", "whois", "libsnappy1v5", "fakeroot", "libfakeroot", "libjemalloc2")),
    ("bookworm", "arm64", ("hello",)),
    ("bookworm", "i386", ("hello",)),
)
APP = "opt/app"
FULL = os.environ.get("MUSLINT_ORACLE") == "full"
ALL = 40  # ELF files
LARGEST = 400_000  # bytes of one, unless all are taken
WANTED = ALL if FULL else 33


def tree() -> Path:
    """The tree, made once; raises Unavailable where a part cannot be had."""
    return built("formats", "tree" if FULL else "few", recipe_key(WHEELS, ALPINE, DEBIAN, LARGEST, 3), _make)


def plain_tree() -> Path:
    """The same without links, for formats that know none."""
    name = "plain" if FULL else "few-plain"
    return built("formats", name, recipe_key(WHEELS, ALPINE, DEBIAN, LARGEST, 3), _make_plain)


def files(root: Path) -> list[str]:
    """The regular files below a directory, in path order."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def elf_files(root: Path) -> list[str]:
    """The ELF files among them."""
    return [name for name in files(root) if (root / name).read_bytes()[:4] == b"\x7fELF"]


def _make(folder: Path) -> None:
    for name, wheel in _wheels():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder / APP / name)
    alpine = roots.alpine("x86_64")
    for name in ALPINE:
        found = alpine / name
        if not found.is_file():  # a library of another patch level
            found = next(iter(sorted(alpine.glob(name.rpartition(".so.")[0] + ".so.*.*"))), found)
        _copy(found, folder / APP / "alpine" / Path(name).name)
    for suite, arch, names in DEBIAN:
        unpacked = folder / "unpacked"
        unpacked.mkdir()
        fetch.unpack_debs(fetch.debian_packages(names, suite, arch).values(), unpacked)
        for name in elf_files(unpacked):
            _copy(unpacked / name, folder / APP / f"debian {arch}" / Path(name).name)
        shutil.rmtree(unpacked)
    _trim(folder)
    app = folder / APP
    (app / "bin").mkdir()
    (app / "bin" / "größe.txt").write_text("no ELF file\n")
    (app / "bin" / "run.sh").write_text("#!/bin/sh\nexec ../debian/hello\n")
    os.link(app / "debian amd64" / "hello", app / "bin" / "hello-again")
    (app / "bin" / "apk").symlink_to("../alpine/apk")
    (app / "current").symlink_to("/opt/app/alpine")


def _trim(folder: Path) -> None:
    """Leave out what is beyond the number wanted, and what wheels hold beside ELF files."""
    kept = elf_files(folder)[: ALL - 1]  # one more is a hard link
    if not FULL:
        kept = [name for name in kept if (folder / name).stat().st_size <= LARGEST]
    for name in files(folder):
        if name not in kept:
            (folder / name).unlink()


def _wheels() -> Iterator[tuple[str, Path]]:
    listed = tomllib.loads((REPOSITORY / "tests" / "oracle" / "wheels.toml").read_text(encoding="utf-8"))["wheel"]
    for wheel in listed:
        if wheel["name"] in WHEELS:
            path = fetch.pypi_file(wheel["name"], wheel["version"], wheel["file"], wheel["sha256"])
            yield wheel["name"], path


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755)


def _make_plain(folder: Path) -> None:
    for name in files(tree()):
        _copy(tree() / name, folder / name)


def leave_place_out(remedies: list[Any]) -> None:
    """Take out of remedies what tells where the object lies: its path in commands, the archive's name in downloads."""
    remedies[:] = [way for way in remedies if way["kind"] != "download"]
    for way in remedies:
        way["commands"] = [re.sub(r"muslint fix \S+", "muslint fix FILE", command) for command in way["commands"]]
