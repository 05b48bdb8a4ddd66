"""Layers laid over one another as a real engine does it: the same tree as buildah mounts with overlayfs."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from muslint.pipeline import check
from muslint.sources.entry import EntryKind
from muslint.sources.packed import Node, PackedTree
from muslint.sources.source import open_source
from tests.images.layout import Entries, Item, Layout, layer, tagged
from tests.images.recipes import FULL, Buildah, bud, buildah, converted

DIR: Item = ("dir", "")


def file(text: str) -> Item:
    """A file of one line."""
    return "file", text


CASES: dict[str, list[Entries]] = {
    "whiteouts": [
        [("a/", DIR), ("a/x", file("1")), ("a/y", file("1")), ("b", file("1")), ("d/", DIR), ("d/e/", DIR),
         ("d/e/f", file("1"))],
        [("a/.wh.x", file("")), (".wh.b", file("")), (".wh.d", file(""))],
    ],
    "a whiteout of nothing": [[("a/", DIR)], [("a/.wh.none", file("")), ("c/.wh.none", file(""))]],
    "opaque, mark first": [
        [("o/", DIR), ("o/old", file("1")), ("o/sub/", DIR), ("o/sub/deep", file("1"))],
        [("o/", DIR), ("o/.wh..wh..opq", file("")), ("o/new", file("2")), ("o/sub/", DIR), ("o/sub/mine", file("2"))],
    ],
    "opaque, mark last": [
        [("o/", DIR), ("o/old", file("1")), ("o/sub/", DIR), ("o/sub/deep", file("1")), ("o/both", file("1"))],
        [("o/", DIR), ("o/new", file("2")), ("o/both", file("2")), ("o/sub/", DIR), ("o/sub/mine", file("2")),
         ("o/.wh..wh..opq", file(""))],
    ],
    "opaque, then more": [
        [("o/", DIR), ("o/old", file("1"))],
        [("o/", DIR), ("o/.wh..wh..opq", file("")), ("o/two", file("2"))],
        [("o/", DIR), ("o/three", file("3"))],
    ],
    "a link of a lower layer is not followed": [
        [("usr/", DIR), ("usr/lib/", DIR), ("usr/lib/low", file("1")), ("lib", ("link", "usr/lib"))],
        [("lib/x", file("2"))],
    ],
    "a link of the same layer is followed": [
        [("usr/", DIR), ("usr/lib/", DIR), ("usr/lib/low", file("1"))],
        [("usr/", DIR), ("usr/lib/", DIR), ("lib", ("link", "usr/lib")), ("lib/x", file("2"))],
    ],
    "an absolute link of the same layer": [
        [("usr/", DIR), ("usr/lib/", DIR), ("lib", ("link", "/usr/lib")), ("lib/x", file("1"))],
    ],
    "a directory takes the place of a link": [
        [("real/", DIR), ("real/a", file("1")), ("way", ("link", "real"))], [("way/", DIR), ("way/b", file("2"))],
    ],
    "a file takes the place of a directory, and the other way": [
        [("p/", DIR), ("p/inside", file("1")), ("q", file("1"))],
        [("p", file("2")), ("q/", DIR), ("q/inside", file("2"))],
    ],
    "a link takes the place of a file": [[("f", file("1")), ("g", file("1"))], [("f", ("link", "g"))]],
    "hard links": [
        [("h/", DIR), ("h/one", file("1")), ("h/two", ("hard", "h/one")), ("h/three", ("hard", "h/two"))],
        [("h/", DIR), ("h/.wh.one", file(""))],
    ],
    "a hard link replaced": [
        [("one", file("1")), ("two", ("hard", "one"))], [("one", file("2"))],
    ],
    "no entry for the directory": [[("a/b/c", file("1"))], [("a/b/d", file("2"))], [("a/.wh.b", file(""))]],
    "spelled with dots": [
        [("./", DIR), ("./a", file("1")), ("./b/", DIR), ("./b/c", file("1"))], [("./b/./c", file("2"))],
    ],
    "taken away and made again": [
        [("r/", DIR), ("r/a", file("1")), ("s", file("1"))], [(".wh.r", file("")), (".wh.s", file(""))],
        [("r/", DIR), ("r/b", file("3")), ("s", file("3"))],
    ],
}  # fmt: skip
"""What each layer of an image holds, lowest first."""


def ours(tree: PackedTree) -> dict[str, str]:
    """Every name of a tree and what it is; names of one file share a number."""
    found: dict[str, str] = {}
    names: dict[int, list[str]] = {}
    stack: list[tuple[str, Node]] = [("", tree.root)]
    while stack:
        directory, node = stack.pop()
        for name, child in (node.children or {}).items():
            path = f"{directory}/{name}"
            if child.kind is EntryKind.DIRECTORY:
                found[path] = "directory"
                stack.append((path, child))
            elif child.kind is EntryKind.SYMLINK:
                found[path] = f"-> {child.target}"
            else:
                names.setdefault(id(child.file), []).append(path)
    return found | grouped(names)


def theirs(root: Path) -> dict[str, str]:
    """The same of a mounted image."""
    found: dict[str, str] = {}
    names: dict[int, list[str]] = {}
    for directory, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(directory, name)
            inside = "/" + str(path.relative_to(root))
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue  # a whiteout of nothing: listed, and not there
            if stat.S_ISLNK(status.st_mode):
                found[inside] = f"-> {path.readlink()}"
            elif stat.S_ISDIR(status.st_mode):
                found[inside] = "directory"
            else:
                names.setdefault(status.st_ino, []).append(inside)
    return found | grouped(names)


def grouped(names: dict[int, list[str]]) -> dict[str, str]:
    """Each name of a file with all its names."""
    return {path: f"file {sorted(same)}" for same in names.values() for path in same}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buildah]:
    """buildah with the driver that engines use."""
    with buildah(tmp_path_factory.mktemp("store"), "overlay") as it:
        yield it


@pytest.mark.parametrize("case", CASES)
def test_tree_is_the_engines(case: str, engine: Buildah, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name, kind, link and hard link."""
    layout = Layout(tmp_path / "i")
    layout.written(layout.image([layer(entries) for entries in CASES[case]], annotations=tagged("t")))
    source = open_source(str(tmp_path / "i"))
    assert source.skipped == ()
    monkeypatch.chdir(tmp_path)
    with engine.mounted("oci:i:t") as root:
        assert isinstance(source.tree, PackedTree)
        assert ours(source.tree) == theirs(root)


@pytest.mark.parametrize("driver", ["overlay", "vfs"])
def test_built_image(driver: str, tmp_path: Path) -> None:
    """An image that buildah built by running commands in it: its tree, verdicts, layers and instructions.

    The two drivers write different layers for the same changes: opaque marks and hard links, or neither.
    """
    with buildah(tmp_path, driver) as build:
        name = bud(build, tmp_path)
        for target in (
            f"oci:{tmp_path}/oci:t",
            f"oci-archive:{tmp_path}/oci.tar:t",
            f"docker-archive:{tmp_path}/docker.tar:a/b:1",
        ):
            build("push", "-q", name, target)
        with build.mounted(name) as root:
            expected = theirs(root)
    # zstd:chunked: frames to be skipped, and a table of contents behind the tar.
    converted(f"oci:{tmp_path}/oci:t", f"oci:{tmp_path}/chunked:t", "--dest-compress-format", "zstd:chunked")
    blobs = (tmp_path / "chunked" / "blobs" / "sha256").iterdir()
    assert any(b"zstd-chunked" in blob.read_bytes() for blob in blobs if blob.stat().st_size < 1 << 16)
    for path in ("oci", "oci.tar", "docker.tar", "chunked"):
        source = open_source(str(tmp_path / path))
        assert isinstance(source.tree, PackedTree)
        found = ours(source.tree)
        assert (found, source.skipped) == (expected, ())
        if path != "oci" and not FULL:
            continue  # the same files of the same layers: judged once
        facts = {one.path: (str(one.verdict), one.layer) for one in check(str(tmp_path / path)).objects}
        assert "/usr/local/bin/old" not in facts
        for inside, verdict, layer_number, instruction in (
            ("/bin/busybox", "runs", None, ""),
            ("/usr/local/bin/server", "fails", 2, "COPY"),
            ("/usr/local/bin/client", "runs", 2, "COPY"),
            ("/usr/lib/libgreet.so", "runs", 5, "COPY"),
            ("/opt/hard", "runs", 3, "ln /bin/busybox"),
        ):
            got, layer_of = facts[inside]
            assert got == verdict
            assert layer_of is not None
            assert layer_number in (None, layer_of.index)
            assert instruction in layer_of.created_by
