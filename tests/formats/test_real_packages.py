"""Real packages: what is found is what the package's own tool takes out, and judged alike; nothing is left out in vain.

``real_packages.toml`` lists them. Plain ``pytest`` reads a few, ``MUSLINT_ORACLE=full`` all.
"""

import json
import re
import shutil
import subprocess
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from muslint.pipeline import check
from muslint.report.json_format import render
from muslint.sources.source import Source, open_source
from tests.formats import corpus
from tests.formats.packers import SPEC, digest, tool
from tests.support import fetch
from tests.support.cache import Unavailable

Row = Mapping[str, Any]
LISTED: Mapping[str, list[Row]] = tomllib.loads(Path(__file__).with_name("real_packages.toml").read_text("utf-8"))
TARGET = "alpine:3.23"
TIMEOUT = 300.0  # seconds for one tool

RIGHT_TO_SKIP = re.compile(
    r"made for (FreeBSD|OpenBSD|NetBSD|DragonFly BSD|Solaris), not for Linux"
    r"|a separate debug file: .*|an object file for link-time optimisation: .*"
    r"|ELF type 65284 is no program, library or object file"  # prophet: code for a GPU, by Intel's compiler
)
"""What a person would leave out, too."""


def wanted(kind: str) -> list[Any]:
    """The rows of a kind that are read now, named."""
    rows = [row for row in LISTED[kind] if corpus.FULL or row.get("sample")]
    return [pytest.param(row, id=f"{row['name']}-{row.get('file', '').rpartition('-')[2]}".strip("-")) for row in rows]


def had(row: Row) -> Path:
    """The package; raises Unavailable."""
    if "file" in row:
        return fetch.pypi_file(row["name"], row["version"], row["file"], row["sha256"])
    if "integrity" in row:
        return fetch.npm_package(row["name"], row["version"], row["integrity"])
    return fetch.debian_package(row["name"], row["suite"], row["arch"])


def test_enough_are_listed() -> None:
    """Of every kind."""
    counts = {kind: len(rows) for kind, rows in LISTED.items()}
    assert {"manylinux": 20, "musllinux": 10, "jar": 5, "npm": 10, "deb": 10}.items() <= {
        kind: min(count, {"manylinux": 20, "jar": 5}.get(kind, 10)) for kind, count in counts.items()
    }.items()


@pytest.mark.parametrize("row", [*wanted("manylinux"), *wanted("musllinux"), *wanted("jar"), *wanted("npm")])
def test_archive(row: Row, tmp_path: Path) -> None:
    """Wheels, jars and npm packages, against Python's own zipfile and tar."""
    package = had(row)
    _unpacked(package, tmp_path)
    _compare(package, tmp_path, ("wheel", "npm"))


@pytest.mark.parametrize("row", wanted("deb"))
def test_deb(row: Row, tmp_path: Path) -> None:
    """Against ``dpkg-deb -x``."""
    package = had(row)
    tool(["dpkg-deb", "-x", package, tmp_path], tmp_path)
    _compare(package, tmp_path, ("deb",))


RPMS = ("bash", "libsnappy1v5", "libkrb5-3")


@pytest.mark.parametrize("name", RPMS if corpus.FULL else RPMS[1:2])
def test_rpm(name: str, tmp_path: Path) -> None:
    """Programs of a distribution packed by ``rpmbuild`` as it does by itself, against ``rpm2cpio``."""
    for needed in ("rpmbuild", "rpm2cpio", "cpio"):
        if not shutil.which(needed):
            raise Unavailable(f"{needed} is not installed")
    tree, out = tmp_path / "tree", tmp_path / "out"
    tool(["dpkg-deb", "-x", fetch.debian_package(name, "bookworm", "amd64"), tree], tmp_path)
    (tmp_path / "app.spec").write_text(SPEC.replace("cp -a %{_tree}/opt", "cp -a %{_tree}/*").replace("/opt/app", "/*"))
    defined = {"_topdir": tmp_path / "top", "_tree": tree, "_rpmdir": tmp_path / "rpms", "__os_install_post": "%{nil}"}
    options = [word for key, value in defined.items() for word in ("--define", f"{key} {value}")]
    tool(["rpmbuild", "-bb", "--quiet", *options, tmp_path / "app.spec"], tmp_path)
    (package,) = (tmp_path / "rpms").rglob("*.rpm")
    out.mkdir()
    tool(["cpio", "-id", "--quiet"], out, tool(["rpm2cpio", package], tmp_path))
    _compare(package, out, ("rpm",))


def _compare(package: Path, unpacked: Path, kinds: tuple[str, ...]) -> None:
    source = open_source(str(package))
    assert source.kind in kinds
    assert not [item for item in source.skipped if not RIGHT_TO_SKIP.fullmatch(item.reason)]
    # Byte for byte, whatever the package.
    theirs = {name: digest((unpacked / name).read_bytes()) for name in corpus.elf_files(unpacked)}
    ours = {member.path[1:]: _digest(source, member.path) for member in source.members}
    assert ours == theirs
    assert sorted(_inside(source)) == sorted(_archived(unpacked))
    # Judged alike: a package that is put into ``/`` is laid there.
    ours_judged, skipped = _judged(package, source.installs)
    assert not [item for item in skipped if not RIGHT_TO_SKIP.fullmatch(item["reason"])]
    if not source.installs:
        theirs_judged, _ = _judged(unpacked, False)
        # Static libraries in a package whose files are loaded as they are serve nobody.
        theirs_judged = {name: judged for name, judged in theirs_judged.items() if ".a > " not in name}
        assert ours_judged == theirs_judged


def _judged(source: Path, installs: bool) -> tuple[dict[str, Any], list[Any]]:
    """Objects by path, without what tells where they lie, and what was skipped."""
    document = json.loads(render(check(str(source), on=TARGET)))
    found = {}
    for judged in document["objects"]:
        del judged["layer"]
        corpus.leave_place_out(judged.get("remedies", []))
        judged["parents"] = judged["parents"][1:] if not source.is_dir() else judged["parents"]
        judged["findings"] = [
            {key: value for key, value in finding.items() if key != "fingerprint"}
            for finding in judged["findings"]
            if finding["rule"] != "label-mismatch"
        ]
        found[" > ".join((*judged["parents"], judged["path"].lstrip("/") if installs else judged["path"]))] = judged
    return found, document["skipped"]


def _digest(source: Source, path: str) -> str:
    opened = source.tree.open(path)
    assert not isinstance(opened, int)
    assert opened.data is not None
    found = digest(opened.data.at(0, opened.data.size))
    opened.data.close()
    return found


def _unpacked(package: Path, folder: Path) -> None:
    if zipfile.is_zipfile(package):
        subprocess.run(["unzip", "-q", str(package), "-d", str(folder)], timeout=TIMEOUT, check=True)
        return
    with tarfile.open(package) as archive:
        archive.extractall(folder, filter="data")


def _inside(source: Source) -> Iterator[str]:
    """Digests of the ELF files in the jars of a source, to any depth."""
    for inner in source.inner:
        if inner.kind in ("jar", "zip", "wheel"):
            yield from (_digest(inner, member.path) for member in inner.members)
        yield from _inside(inner)


def _archived(folder: Path) -> Iterator[str]:
    """The same by Python's zipfile."""
    for name in corpus.files(folder):
        yield from _zipped(folder / name)


def _zipped(path: Any) -> Iterator[str]:
    with path.open("rb") if isinstance(path, Path) else path as stream:
        head = stream.read(4)
        if head not in (b"PK\3\4", b"JM\1\0"):
            return
        with zipfile.ZipFile(stream) as archive:
            for info in archive.infolist():
                with archive.open(info) as member:
                    start = member.read(4)
                    if start == b"\x7fELF":
                        yield digest(start + member.read())
                if start == b"PK\3\4":
                    yield from _zipped(archive.open(info))
