"""Finding the kind of a source, and single files."""

import os
from pathlib import Path

import pytest

from muslint.errors import UnreadableSource
from muslint.pipeline import check
from muslint.sources.bytes import FileBytes, MemoryBytes
from muslint.sources.source import MOUNT, formats, open_source, shared

HEAD = b"\x7fELF\x02\x01\x01" + bytes(57)


def test_kind_is_found_by_content(tmp_path: Path) -> None:
    """Not by the name: an ELF file called .zip is one, a directory called .so is one."""
    (tmp_path / "x.zip").write_bytes(HEAD)
    (tmp_path / "y.so").mkdir()
    assert open_source(str(tmp_path / "x.zip")).kind == "file"
    assert open_source(str(tmp_path / "y.so")).kind == "directory"


def test_schemes(tmp_path: Path) -> None:
    """A scheme forces the kind; one that does not fit is said in one line."""
    (tmp_path / "x").write_bytes(HEAD)
    assert open_source(f"dir:{tmp_path}").kind == "directory"
    assert open_source(f"rootfs:{tmp_path}").closed
    assert open_source(f"file:{tmp_path}/x").kind == "file"
    for spec in (f"dir:{tmp_path}/x", f"archive:{tmp_path}/x", f"file:{tmp_path}", f"rootfs:{tmp_path}/x"):
        with pytest.raises(UnreadableSource):
            open_source(spec)
    assert len({kind.scheme for kind in formats()}) == len(formats())


def test_a_colon_in_a_name_is_no_scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only known schemes count."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app:1.0").write_bytes(HEAD)
    assert open_source("app:1.0").kind == "file"


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fEL", b"PK\x03"])
def test_no_kind_at_all(content: bytes, tmp_path: Path) -> None:
    """What no kind accepts is refused with what would be accepted."""
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(UnreadableSource, match="neither an ELF file"):
        open_source(str(path))


def test_not_there(tmp_path: Path) -> None:
    """Missing, a dangling link, a device."""
    (tmp_path / "dangling").symlink_to("nothing")
    for path in (tmp_path / "missing", tmp_path / "dangling"):
        with pytest.raises(UnreadableSource):
            open_source(str(path))
    with pytest.raises(UnreadableSource):
        open_source("/dev/null")


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    """A FIFO without a writer is refused at once."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dir").mkdir()
    os.mkfifo(tmp_path / "dir" / "fifo")
    with pytest.raises(UnreadableSource):
        open_source(str(tmp_path / "fifo"))
    assert open_source(str(tmp_path / "dir")).members == ()


def test_a_link_is_shown_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own spelling is shown, the real place is where ``$ORIGIN`` looks."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "app-1.2").write_bytes(HEAD)
    (tmp_path / "app").symlink_to("real/app-1.2")
    monkeypatch.chdir(tmp_path)
    source = open_source("app")
    assert [member.display for member in source.members] == ["app"]
    assert source.display(f"{MOUNT}{tmp_path}/real/app-1.2") == "app"
    assert source.display("/usr/lib/libz.so.1") == "/usr/lib/libz.so.1"


def test_files_cut_short_are_skipped(tmp_path: Path) -> None:
    """A header without what it points to is a skip with a reason; nothing is raised."""
    for size in (20, 40, 63):
        (tmp_path / f"cut-{size}").write_bytes(HEAD[:size])
    report = check(str(tmp_path), on="alpine:3.23")
    assert report.objects == ()
    assert [skipped.path for skipped in report.skipped] == ["cut-20", "cut-40", "cut-63"]
    assert all(skipped.reason for skipped in report.skipped)


def test_bytes_of_a_file(tmp_path: Path) -> None:
    """Reading past the end gives less, reading after close opens again, and a file that went away is said."""
    path = tmp_path / "x"
    path.write_bytes(b"0123456789")
    data = FileBytes(str(path))
    assert (data.size, data.at(8, 10), data.at(10, 1), data.at(0, 0)) == (10, b"89", b"", b"")
    data.close()
    assert data.at(2, 3) == b"234"
    data.close()
    path.unlink()
    with pytest.raises(UnreadableSource, match="changed while it was read"):
        data.at(0, 1)
    memory = MemoryBytes(b"0123456789")
    assert (memory.size, memory.at(8, 10), memory.at(10, 1), memory.at(-1, 3)) == (10, b"89", b"", b"")


def test_what_is_found_in_a_content_is_found_once(tmp_path: Path) -> None:
    """Hard links and copies share a place; files that are merely of one size do not, nor one that cannot be read."""
    (tmp_path / "a").write_bytes(HEAD + bytes(1 << 20) + b"1")
    (tmp_path / "link").hardlink_to(tmp_path / "a")
    (tmp_path / "copy").write_bytes(HEAD + bytes(1 << 20) + b"1")
    (tmp_path / "other").write_bytes(HEAD + bytes(1 << 20) + b"2")
    (tmp_path / "gone").write_bytes(HEAD + bytes(1 << 20) + b"1")
    source = open_source(f"dir:{tmp_path}")
    (tmp_path / "gone").unlink()
    places = shared(source)
    names = {path.rpartition("/")[2]: path for path in places}
    assert sorted(names) == ["a", "copy", "link"]
    assert places[names["a"]] is places[names["link"]] is places[names["copy"]]
