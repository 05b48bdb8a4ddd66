"""Tar as real tools write it, as hostile ones might, and cut short; compressed in every way."""

import bz2
import gzip
import io
import lzma
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from muslint.errors import UnreadableSource
from muslint.pipeline import check
from muslint.sources.bytes import MemoryBytes
from muslint.sources.entry import EntryKind, Held, Passing
from muslint.sources.source import open_source
from muslint.sources.tar import tar_entries
from tests.support import compile as compiler
from tests.unit.rules.cases import COMMON

TIMEOUT = 60.0  # seconds
LONG = "/".join(["directory-with-a-long-name"] * 9)  # beyond what a v7 or ustar header holds


def zstd(data: bytes) -> bytes:
    """Compressed by the library the reader uses."""
    if sys.version_info >= (3, 14):
        from compression import zstd as library
    else:
        from backports import zstd as library
    return bytes(library.compress(data))


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "none": lambda data: data,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zstd": zstd,
    "two gzip members": lambda data: gzip.compress(data[:5000]) + gzip.compress(data[5000:]),
    "two xz streams": lambda data: lzma.compress(data[:5000]) + lzma.compress(data[5000:]),
    "gzip of xz": lambda data: gzip.compress(lzma.compress(data)),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small shared library for musl."""
    output = tmp_path_factory.mktemp("library") / "part.so"
    return compiler.zig_cc("x86_64-linux-musl", [COMMON / "part.c"], output, "-shared", "-fPIC").read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, library: bytes) -> Path:
    """A directory with files, links and long names."""
    root = tmp_path_factory.mktemp("tree")
    for path in ("a.so", "sub/b.so", f"{LONG}/c.so", "ünï/d.so"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(library)
    (root / "text").write_text("no ELF file\n" * 99)
    (root / "empty").write_bytes(b"")
    (root / "link.so").symlink_to("sub/b.so")
    (root / "hard.so").hardlink_to(root / "a.so")
    return root


SHOWN = sorted(["a.so", "sub/b.so", f"{LONG}/c.so", "ünï/d.so", "hard.so"])


def judged(path: Path) -> tuple[list[str], dict[str, str]]:
    """Paths judged, and paths skipped with the reason."""
    report = check(str(path), on="alpine:3.23")
    return sorted(j.path for j in report.objects), {s.path: s.reason for s in report.skipped}


@pytest.mark.parametrize("form", ["v7", "oldgnu", "gnu", "ustar", "pax"])
def test_gnu_tar(form: str, folder: Path, tmp_path: Path) -> None:
    """Every format GNU tar writes."""
    wanted = [path for path in SHOWN if form not in ("v7", "ustar") or "directory-with" not in path]
    path = tmp_path / "x"
    subprocess.run(
        ["tar", f"--format={form}", "--ignore-failed-read", "-cf", path, "-C", folder, "."],
        check=False, capture_output=True, timeout=TIMEOUT,
    )  # fmt: skip
    with tarfile.open(path) as archive:  # what another reader finds in it is what we must find
        there = sorted(m.name.removeprefix("./") for m in archive if m.name.endswith(".so") and not m.issym())
    assert [name for name in there if name in wanted] == wanted
    assert judged(path) == (there, {})


def test_bsdtar(folder: Path, tmp_path: Path) -> None:
    """libarchive's tar."""
    if shutil.which("bsdtar") is None:
        pytest.skip("no bsdtar: its tar archives were not read")
    path = tmp_path / "x"
    subprocess.run(["bsdtar", "-cf", path, "-C", folder, "."], check=True, timeout=TIMEOUT)
    assert judged(path) == (SHOWN, {})


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_compressions(compression: str, folder: Path, tmp_path: Path) -> None:
    """A tar compressed in any way, and the same inside another tar."""
    plain, path, outer = tmp_path / "plain", tmp_path / "packed", tmp_path / "outer"
    with tarfile.open(plain, "w") as archive:
        archive.add(folder, ".")
    path.write_bytes(COMPRESSIONS[compression](plain.read_bytes()))
    assert judged(path) == (SHOWN, {})
    with tarfile.open(outer, "w") as archive:
        archive.add(path, "in/packed")
    report = check(str(outer), on="alpine:3.23")
    assert sorted(j.path for j in report.objects) == SHOWN
    assert {j.parents for j in report.objects} == {(str(outer), "in/packed")}


def test_without_an_end(folder: Path, tmp_path: Path) -> None:
    """umoci leaves out the padding of the last file and the end blocks; that is no damage."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    with tarfile.open(whole, "w") as archive:
        archive.add(folder / "sub", "sub")
        archive.add(folder / "a.so", "a.so")
    with tarfile.open(whole) as archive:
        info = archive.getmember("a.so")
    cut.write_bytes(whole.read_bytes()[: info.offset_data + info.size])
    assert judged(cut) == (["a.so", "sub/b.so"], {})
    cut.write_bytes(gzip.compress(cut.read_bytes()))
    assert judged(cut) == (["a.so", "sub/b.so"], {})


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_cut_short(compression: str, folder: Path, tmp_path: Path) -> None:
    """Wherever it is cut, what came before is judged and the rest is said to be missing."""
    plain, path = tmp_path / "plain", tmp_path / "packed"
    with tarfile.open(plain, "w") as archive:
        archive.add(folder, ".")
    with tarfile.open(plain) as archive:
        ends = [(m.offset_data + m.size, m.offset_data + -m.size % 512 + m.size) for m in archive]
    data = COMPRESSIONS[compression](plain.read_bytes())
    for part in range(1, 40):
        cut = len(data) * part // 40
        if compression == "none" and any(first <= cut <= last for first, last in ends):
            continue  # a cut between two members looks like an archive that umoci wrote
        path.write_bytes(data[:cut])
        try:
            report = check(f"archive:{path}", on="alpine:3.23")
        except UnreadableSource as error:
            assert "ends" in str(error) or "neither" in str(error)
            continue
        assert len(report.objects) == len(SHOWN) or report.skipped, part


def test_contents_are_exact(folder: Path, tmp_path: Path, library: bytes) -> None:
    """What comes out is what went in, read in place or from a stream."""
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        archive.add(folder, ".")
    for packed in (path.read_bytes(), gzip.compress(path.read_bytes())):
        path.write_bytes(packed)
        source = open_source(str(path))
        for member in source.members:
            found = source.tree.open(member.path)
            assert not isinstance(found, int)
            assert found.data is not None
            assert found.data.at(0, found.data.size) == library


def test_streamed_as_placed(folder: Path) -> None:
    """The entries of a tar are the same whether it can be read in any order or comes by once."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(folder, ".")
    data = buffer.getvalue()
    rows = [
        [(e.path, e.kind, e.target, e.content.head() if e.content else None) for e in tar_entries(content)]
        for content in (Held(MemoryBytes(data)), Passing(io.BytesIO(data), len(data)))
    ]
    assert rows[0] == rows[1]
    assert {kind for _, kind, _, _ in rows[0]} >= {EntryKind.FILE, EntryKind.SYMLINK, EntryKind.DIRECTORY}


def entry(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """A member for `made`."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def made(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    """A tar of hand-made members."""
    with tarfile.open(path, "w") as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return path


def test_hostile_names(tmp_path: Path, library: bytes) -> None:
    """No name leads out: not by dots, not from the root, not through a link, not through a hard link."""
    secret = tmp_path / "secret.so"
    secret.write_bytes(library)
    path = made(
        tmp_path / "x.tar",
        entry("../up.so", library),
        entry("/abs.so", library),
        entry("out", type=tarfile.SYMTYPE, linkname=str(tmp_path)),
        entry("out/secret.so", library[:64]),
        entry("hard.so", type=tarfile.LNKTYPE, linkname="../secret.so"),
        entry("gone.so", type=tarfile.LNKTYPE, linkname="nothing"),
        entry("loop", type=tarfile.SYMTYPE, linkname="loop"),
        entry("loop/x.so", library),
        entry("fifo", type=tarfile.FIFOTYPE),
    )
    shown, skipped = judged(path)
    assert shown[:1] == ["abs.so"]
    assert skipped["../up.so"] == "its name leads out of the archive"
    assert skipped["hard.so"] == "a hard link to ../secret.so, which is not in the archive"
    assert skipped["gone.so"] == "a hard link to nothing, which is not in the archive"
    assert secret.read_bytes() == library


def test_names_that_are_no_text(tmp_path: Path, library: bytes) -> None:
    """A name that is not UTF-8 and a second one of a name are skipped; the rest is judged."""
    bad = b"caf\xe9.so".decode("utf-8", "surrogateescape")
    info = tarfile.TarInfo(bad)
    info.size = len(library)
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as archive:
        archive.addfile(info, io.BytesIO(library))
        for data in (library[:100], library):
            archive.addfile(entry("twice.so", data)[0], io.BytesIO(data))
        archive.addfile(entry("nothing.so")[0])
    assert judged(path) == (
        ["twice.so"],
        {bad: "its name is not UTF-8", "twice.so": "a later entry has the same name", "nothing.so": "empty"},
    )


def test_links_lead_where_the_kernel_leads(tmp_path: Path, library: bytes) -> None:
    """A file put through a link to a directory lies there; an absolute link stays inside."""
    path = made(
        tmp_path / "x.tar",
        entry("usr/lib", type=tarfile.DIRTYPE),
        entry("lib", type=tarfile.SYMTYPE, linkname="/usr/lib"),
        entry("lib/a.so", library),
    )
    assert judged(path)[0] == ["usr/lib/a.so"]


def test_damaged_header(tmp_path: Path, library: bytes) -> None:
    """A header that does not hold ends the reading; what came before is judged."""
    path = made(tmp_path / "x.tar", entry("a.so", library), entry("b.so", library))
    with tarfile.open(path) as archive:
        at = archive.getmember("b.so").offset
    data = bytearray(path.read_bytes())
    data[at + 3] ^= 0xFF
    path.write_bytes(data)
    shown, skipped = judged(path)
    assert shown == ["a.so"]
    assert "a header is damaged" in skipped[str(path)]


def test_single_file(tmp_path: Path, library: bytes) -> None:
    """A compressed ELF file, named without its suffix."""
    path = tmp_path / "part.so.gz"
    path.write_bytes(gzip.compress(library))
    assert judged(path) == (["part.so"], {})
