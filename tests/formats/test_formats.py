"""Each format gives what the bare directory gives: the same objects, verdicts and findings, paths aside.

Plain ``pytest`` judges one packing of each kind, and of every other compares the files it is judged by: names, bytes
and links. ``MUSLINT_ORACLE=full`` judges all of all.
"""

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from muslint.pipeline import check
from muslint.report.json_format import render
from muslint.sources.source import Source, open_source
from tests.formats import corpus
from tests.formats.packers import PACKERS, Packer, tool

TARGET = "alpine:3.23"

Rows = dict[str, Any]


def rows(source: Path, top: str = "", parents: tuple[str, ...] | None = None) -> tuple[Rows, list[Any]]:
    """Objects by path, as the JSON report has them, and what was skipped; without what tells where the tree lies.

    ``parents``, when given, are those that every object must have.
    """
    document = json.loads(render(check(str(source), on=TARGET)))
    found = {}
    for judged in document["objects"]:
        assert parents in (None, tuple(judged["parents"]))
        del judged["parents"], judged["layer"]
        for finding in judged["findings"]:
            del finding["fingerprint"]  # it is made from the path, too
        corpus.leave_place_out(judged.get("remedies", []))
        text = json.dumps(judged, sort_keys=True)
        # A package is put into ``/``: its paths are absolute.
        text = text.replace(f"{top}/{corpus.APP}" if top else f"/{corpus.APP}", corpus.APP)
        text = text.replace(f"{top}{corpus.APP}", corpus.APP)
        row = json.loads(text)
        assert row["path"] not in found
        found[row["path"]] = row
    return found, document["skipped"]


@cache
def bare(tree: Path) -> Rows:
    """What the directory itself gives."""
    found, skipped = rows(tree)
    assert skipped == []
    assert len(found) == corpus.WANTED
    assert {row["verdict"] for row in found.values()} >= {"fails", "runs"}
    return found


@cache
def judged_ones() -> frozenset[str]:
    """The packings that are judged: all, or the first of each kind."""
    first: dict[str, str] = {}
    for packer in PACKERS.values():
        first.setdefault(packer.kind, packer.name)
    return frozenset(PACKERS) if corpus.FULL else frozenset(first.values())


def assert_like_bare(packer: Packer, packed: Path, parents: tuple[str, ...] | None = None) -> None:
    """The same as the tree that was packed."""
    if packer.name in judged_ones():
        found, skipped = rows(packed, packer.top, parents)
        assert skipped == []
        assert found == bare(packer.tree())
        return
    source = open_source(str(packed))
    while source.inner:
        assert (source.skipped, source.members, len(source.inner)) == ((), (), 1)
        (source,) = source.inner
    assert source.skipped == ()
    assert parents in (None, source.parents)
    assert read(source, packer.top) == {name: (packer.tree() / name).read_bytes() for name in elf_files(packer)}
    if packer.links:
        app = f"/{packer.top}{corpus.APP}"
        linked, itself = (source.tree.open(f"{app}/{name}") for name in ("current/../bin/apk", "alpine/apk"))
        assert not isinstance(linked, int)
        assert not isinstance(itself, int)
        assert (linked.path, linked.identity) == (f"{app}/alpine/apk", itself.identity)


def elf_files(packer: Packer) -> list[str]:
    """What a packing must hold."""
    return corpus.elf_files(packer.tree())


def read(source: Source, top: str) -> dict[str, bytes]:
    """The ELF files of a source, by path in the tree that was packed."""
    found = {}
    for member in source.members:
        opened = source.tree.open(member.path)
        assert not isinstance(opened, int)
        assert opened.data is not None
        found[member.path.removeprefix(f"/{top}")] = opened.data.at(0, opened.data.size)
        opened.data.close()
    return found


def test_the_tree_says_something() -> None:
    """Wheels whose libraries find one another by $ORIGIN, Alpine's own files, and glibc's of three architectures."""
    found = bare(corpus.tree())
    extension = next(row for path, row in found.items() if "/_psycopg." in path)
    assert not [
        f for f in extension["findings"] if f["rule"].startswith("library-") and "libpq" in (f["library"] or "")
    ]
    assert {row["arch"] for row in found.values()} == {"x86_64", "aarch64", "i386"}
    assert sum(len(row["findings"]) for row in found.values()) > 50


@pytest.mark.parametrize("packer", PACKERS.values(), ids=PACKERS)
def test_flat(packer: Packer) -> None:
    """Packed once."""
    packed = packer.made()
    assert_like_bare(packer, packed)
    opened = open_source(str(packed))
    assert opened.kind == packer.kind
    assert opened.installs is (packer.kind in ("deb", "rpm", "apk"))


# What marks an ISO lies far behind its start: one is opened where it is named, not inside another archive.
NESTED = {name: packer for name, packer in PACKERS.items() if packer.kind != "iso9660"}


@pytest.mark.parametrize("packer", NESTED.values(), ids=NESTED)
def test_three_deep(packer: Packer, tmp_path: Path) -> None:
    """In a compressed tar in a zip: what comes by once, and is unpacked on the way."""
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "some.package").symlink_to(packer.made())
    tool(["tar", "-ch", "-I", "gzip -1", "-f", tmp_path / "middle.tgz", "inner"], tmp_path)
    tool(["zip", "-q", "-1", "outer.zip", "middle.tgz"], tmp_path)
    assert_like_bare(packer, tmp_path / "outer.zip", (str(tmp_path / "outer.zip"), "middle.tgz", "inner/some.package"))


def test_texts_for_labels() -> None:
    """What packages say of themselves is kept for those who compare it with the files."""
    from muslint.sources.archive import Packing, Unpacker, archive_formats, compression_of
    from muslint.sources.bytes import FileBytes
    from muslint.sources.entry import Content, Held
    from muslint.sources.limits import Limits

    said = {}
    for name in ("deb-xz", "rpm-zstd", "apk-2", "apk-3", "gem-by-tar"):
        packing = Packing(Unpacker(Limits()), ("x",), 0)
        content: Content = Held(FileBytes(str(PACKERS[name].made())))
        while (found := compression_of(content.head())) is not None:
            content = packing.unpacked(content, found)
        form = next(form for form in archive_formats() if form.accepts(content.head()))
        for _ in form.entries(content, packing):
            pass
        said[name] = {key: text.decode() for key, text in packing.texts.items()}
    assert "Architecture: amd64\n" in said["deb-xz"]["deb/control"]
    assert said["rpm-zstd"]["rpm/header"] == "name=app\nversion=1.0\nrelease=1\narch=x86_64\nos=linux\npayload=zstd\n"
    assert "arch = x86_64\n" in said["apk-2"][".PKGINFO"]
    assert said["apk-3"][".PKGINFO"] == "pkgname = app\npkgver = 1.0-r0\narch = x86_64\n"
    assert "Gem::Specification" in said["gem-by-tar"]["gem/metadata"]


def test_appimage(tmp_path: Path) -> None:
    """An AppImage is its runtime, judged as the program it is, and what its file system holds."""
    packed = PACKERS["squashfs-zstd"].made()
    runtime = bytearray((corpus.tree() / corpus.APP / "debian amd64" / "hello").read_bytes())
    runtime[8:11] = b"AI\x02"
    image = tmp_path / "app.AppImage"
    image.write_bytes(bytes(runtime) + packed.read_bytes())
    report = check(str(image), on=TARGET)
    assert report.skipped == ()
    assert {judged.parents for judged in report.objects} == {(), (str(image),)}
    found, _ = rows(image)
    assert found.pop(str(image))["verdict"] == "fails"
    assert found == bare(corpus.tree())


@pytest.mark.parametrize("name", ["iso", "iso-zisofs"])
def test_old_appimage(name: str, tmp_path: Path) -> None:
    """Type 1: the runtime lies in the first 32 KiB of the file system."""
    image = tmp_path / "app.AppImage"
    data = bytearray(PACKERS[name].made().read_bytes())
    runtime = bytearray((corpus.tree() / corpus.APP / "alpine" / "einfo").read_bytes())
    assert len(runtime) <= 32768
    runtime[8:11] = b"AI\x01"
    data[: len(runtime)] = runtime
    image.write_bytes(data)
    report = check(str(image), on=TARGET)
    assert report.skipped == ()
    found, _ = rows(image)
    del found[str(image)]
    assert found == bare(corpus.tree())


def test_tools_agree_on_links() -> None:
    """The packed tree has the links that the comparison is about."""
    tree = corpus.tree() / corpus.APP
    assert (tree / "bin" / "hello-again").stat().st_nlink == 2
    assert (tree / "current").is_symlink()
    listed = subprocess.run(
        ["tar", "-tvf", PACKERS["tar-pax"].made()], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert "link to" in listed
    assert "->" in listed
