"""A directory as ``/``: every path opens as the kernel opens it under chroot, or fails with the same error."""

import errno
import json
import os
import random
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from muslint.sources.directory import DirectoryTree
from tests.support.cache import Unavailable

SEEDS = range(40)
PATHS_PER_TREE = 400
NAMES = ("a", "b", "c", "lib", "d")
KERNEL_LIMIT = 60.0  # seconds

# Runs as a program of its own: it changes its root, and the interpreter must be whole before that.
_KERNEL = """
import json, os, sys
paths = json.load(sys.stdin)
os.chroot(sys.argv[1]); os.chdir("/")
answers = []
for path in paths:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        answers.append(error.errno)
    else:
        status = os.fstat(fd)
        answers.append([status.st_dev, status.st_ino])
        os.close(fd)
json.dump(answers, sys.stdout)
"""


def kernel(root: Path, paths: list[str]) -> list[int | list[int]]:
    """What the kernel says to each path below ``root``: an error number, or device and inode."""
    command = [sys.executable, "-I", "-c", _KERNEL, str(root)]
    if os.geteuid() != 0:
        if not shutil.which("unshare"):
            raise Unavailable("no chroot: neither root nor unshare(1)")
        command = ["unshare", "-r", *command]
    done = subprocess.run(
        command, input=json.dumps(paths), capture_output=True, text=True, timeout=KERNEL_LIMIT, check=False
    )
    if done.returncode != 0:
        raise Unavailable(f"no chroot: {(done.stderr.splitlines() or ['no message'])[-1]}")
    answers: list[int | list[int]] = json.loads(done.stdout)
    return answers


def ours(root: Path, tree: DirectoryTree, path: str) -> int | list[int]:
    """What our tree says, in the same form; the canonical path must lead to the same file."""
    found = tree.open(path)
    if isinstance(found, int):
        return found
    status = os.lstat(f"{root}{found.path}" if found.path else root)
    if not found.directory:
        assert found.identity == (status.st_dev, status.st_ino)
        assert found.data is not None
        found.data.close()
    return [status.st_dev, status.st_ino]


def assert_like_kernel(root: Path, paths: list[str]) -> None:
    """Both say the same to every path, whatever was asked before."""
    tree = DirectoryTree(str(root))
    differing = {
        path: (mine, real)
        for path, real in zip(paths, kernel(root, paths), strict=True)
        if (mine := ours(root, tree, path)) != real
    }
    assert differing == {}


def random_tree(chance: random.Random, root: Path) -> None:
    """Directories, files, and links of every kind: absolute, relative, through ``..``, looping, dangling."""
    directories = [""]
    for _ in range(chance.randint(4, 30)):
        path = f"{chance.choice(directories)}/{chance.choice(NAMES)}{chance.choice(('', '', '1', '2'))}"
        host = f"{root}{path}"
        if os.path.lexists(host):
            continue
        kind = chance.random()
        if kind < 0.35:
            os.mkdir(host)
            directories.append(path)
        elif kind < 0.55:
            Path(host).write_bytes(b"x")
        else:
            os.symlink(random_path(chance, start=chance.choice(("/", "", "", "../", "./"))), host)


def random_path(chance: random.Random, start: str = "/") -> str:
    """A path of names that may exist, dots, doubled and trailing slashes."""
    parts = [
        chance.choice(("..", ".", "", *NAMES, *(f"{name}{chance.choice('12')}" for name in NAMES)))
        for _ in range(chance.randint(1, 5))
    ]
    return (start + "/".join(parts) + chance.choice(("", "", "", "/", "/."))) or "."


@pytest.mark.parametrize("seed", SEEDS)
def test_random_trees(seed: int, tmp_path: Path) -> None:
    """Random trees and paths."""
    chance = random.Random(seed)
    random_tree(chance, tmp_path)
    assert_like_kernel(tmp_path, [random_path(chance) for _ in range(PATHS_PER_TREE)])


def test_what_links_lead_to(tmp_path: Path) -> None:
    """The cases that are easily got wrong, by hand."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "file").write_bytes(b"x")
    for name, target in {
        "absolute": "/dir/file",
        "above": "../../../dir/file",
        "to-dir": "dir",
        "slash": "dir/file/",
        "dir-slash": "dir/",
        "dangling": "nothing",
        "loop": "loop",
        "ping": "pong",
        "pong": "ping",
        "dir/up": "../to-dir/../absolute",
        "out": "/etc/../../../../dir",
    }.items():
        (tmp_path / name).symlink_to(target)
    names = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")]
    paths = [f"/{name}{tail}" for name in names for tail in ("", "/", "/.", "/..", "/file", "/file/", "/../dir")]
    assert_like_kernel(tmp_path, [*paths, "/", "//", "/.", "/..", "/../dir", "/missing/..", "/dir/file/.."])


def test_links_are_counted_over_the_whole_path(tmp_path: Path) -> None:
    """Forty links in one path are followed, forty-one are ELOOP; it does not matter where they lie."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "end").write_bytes(b"x")
    (tmp_path / "d1").symlink_to("dir")
    (tmp_path / "dir" / "f1").symlink_to("end")
    for number in range(2, 45):
        (tmp_path / f"d{number}").symlink_to(f"d{number - 1}")
        (tmp_path / "dir" / f"f{number}").symlink_to(f"f{number - 1}")
    paths = [f"/d{n}/end" for n in range(1, 45)] + [f"/dir/f{n}" for n in range(1, 45)]
    paths += [f"/d{n}/f{total - n}" for total in (39, 40, 41, 42, 60) for n in range(1, 40, 6) if 0 < total - n < 45]
    paths += [f"/d{n}/../d{n}/f{n}" for n in range(10, 20)]
    assert_like_kernel(tmp_path, paths)
    assert ours(tmp_path, DirectoryTree(str(tmp_path)), "/d41/end") == errno.ELOOP


def test_long_names(tmp_path: Path) -> None:
    """Names over 255 bytes and paths over 4095 are ENAMETOOLONG, counted in bytes."""
    for name in ("n" * 255, "é" * 127):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "dir").mkdir()
    paths = [f"/{'n' * length}" for length in (254, 255, 256, 257)] + [f"/{'é' * 127}", f"/{'é' * 128}"]
    paths += [f"/dir/{'n' * 300}", f"/missing/{'n' * 300}", f"/{'n' * 255}/{'n' * 300}"]
    paths += ["/dir" + "/." * count for count in (2045, 2046)] + ["/" * 4095, "/" * 4096]
    assert_like_kernel(tmp_path, paths)


def test_sockets_do_not_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket is ENXIO."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert_like_kernel(tmp_path, ["/socket", "/socket/", "/socket/x"])


# --- listing ------------------------------------------------------------------------------------------------

HEAD = b"\x7fELF" + bytes(16)


def test_elf_files_are_told_by_content(tmp_path: Path) -> None:
    """Regular files with the magic number, in path order; no link is followed."""
    (tmp_path / "z").mkdir()
    for name in ("b.txt", "z/a", "a.png"):
        (tmp_path / name).write_bytes(HEAD)
    (tmp_path / "text.so").write_bytes(b"/* GNU ld script */ and more")
    (tmp_path / "short").write_bytes(b"\x7fELF")
    (tmp_path / "link.so").symlink_to("b.txt")
    (tmp_path / "loop").symlink_to(".")
    tree = DirectoryTree(str(tmp_path))
    assert [path for path, _ in tree.elf_files()] == ["/a.png", "/b.txt", "/z/a"]
    assert tree.unreadable() == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_is_said(tmp_path: Path) -> None:
    """A file and a directory without permission are named, with the reason."""
    (tmp_path / "secret").write_bytes(HEAD)
    (tmp_path / "closed").mkdir()
    (tmp_path / "secret").chmod(0)
    (tmp_path / "closed").chmod(0)
    tree = DirectoryTree(str(tmp_path))
    assert list(tree.elf_files()) == []
    (tmp_path / "closed").chmod(0o700)
    assert tree.unreadable() == (
        ("/closed", "cannot be listed: Permission denied"),
        ("/secret", "cannot be read: Permission denied"),
    )


def test_names(tmp_path: Path) -> None:
    """Names of a directory, sorted, through links inside the tree."""
    (tmp_path / "usr" / "lib").mkdir(parents=True)
    (tmp_path / "usr" / "lib" / "b").write_bytes(b"")
    (tmp_path / "usr" / "lib" / "a").write_bytes(b"")
    (tmp_path / "lib").symlink_to("/usr/lib")
    tree = DirectoryTree(str(tmp_path))
    assert tree.names("/lib") == ("a", "b")
    assert tree.names("/nowhere") == ()
