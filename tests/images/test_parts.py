"""Parts of reading images that need no image: streams of many members, what skopeo says, the option's spelling."""

import gzip
import io
import os
import random
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from muslint.sources.compressed import COMPRESSIONS
from muslint.sources.images.found import fits, is_digest, platform_of
from muslint.sources.oci_layout import split_tag
from muslint.sources.registry import said_by
from tests.support.cache import REPOSITORY


@pytest.mark.parametrize("name", ["gzip", "zstd", "xz", "bzip2"])
def test_members_that_begin_anywhere(name: str) -> None:
    """estargz and pigz write many members: the next one is seen wherever the pieces that are read end."""
    import bz2
    import lzma

    pack = {"gzip": lambda data: gzip.compress(data, 1), "xz": lzma.compress, "bzip2": bz2.compress}
    if name == "zstd":
        zstd = import_module("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd")
        pack["zstd"] = zstd.compress
    noise = random.Random(1)
    parts = [noise.randbytes(noise.randrange(1, 3000)) for _ in range(600)]
    packed = b"".join(pack[name](part) for part in parts)
    kind = next(kind for kind in COMPRESSIONS if kind.name == name)
    for padding in (b"", bytes(1000)):
        stream = kind.unpacked(io.BytesIO(packed + padding))
        found = b"".join(iter(lambda stream=stream: stream.read(1 << 16), b""))  # type: ignore[misc]
        assert found == b"".join(parts)


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        ('time="x" level=fatal msg="initializing source docker://a/b:1: reading manifest: \\"no\\""\n',
         'skopeo says: reading manifest: "no"'),
        ("FATA[0000] something\nlast line\n", "skopeo says: last line"),
        ("", "skopeo failed without a word"),
    ],
)  # fmt: skip
def test_what_skopeo_says(stderr: str, expected: str) -> None:
    """Its last word, in one line."""
    assert said_by(stderr) == expected


@pytest.mark.parametrize(
    ("wanted", "platform", "expected"),
    [
        (None, "linux/amd64", True), ("linux/amd64", "linux/amd64", True), ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm64/v8", "linux/arm64", True), ("linux/arm/v6", "linux/arm", False),
        ("linux/arm/v7", "linux/arm", True),
        ("linux/arm", "linux/arm/v6", True), ("linux/amd64/v3", "linux/amd64", False), ("linux/amd64", "linux", False),
    ],
)  # fmt: skip
def test_platforms(wanted: str | None, platform: str, expected: bool) -> None:
    """A variant left out fits all; arm64 is v8 and arm is v7 where the image leaves it out."""
    assert fits(wanted, platform) is expected


def test_platform_of() -> None:
    """What is not said is left out."""
    assert platform_of({"os": "linux", "architecture": "arm64", "variant": "v8"}) == "linux/arm64/v8"
    assert platform_of({}) == "linux"


def test_digests() -> None:
    """Only what cannot lead anywhere else."""
    assert is_digest("sha256:" + "0" * 64)
    assert not any(is_digest(text) for text in ("sha256:" + "0" * 8, "sha256:..", "x", None, ["sha256:" + "0" * 64]))


def test_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``PATH:TAG`` where the path is there; a path with a colon of its own is one; a tag may hold colons."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b:c"):
        (tmp_path / name).mkdir()
    assert split_tag("a") == ("a", None)
    assert split_tag("a:1") == ("a", "1")
    assert split_tag("b:c") == ("b:c", None)
    assert split_tag("b:c:1") == ("b:c", "1")
    assert split_tag("a:localhost:5000/x:1") == ("a", "localhost:5000/x:1")


@pytest.mark.parametrize("text", ["arm64", "linux", "linux/", "/", "a/b/c/d"])
def test_platform_option(text: str) -> None:
    """A platform that cannot be one is wrong use, said in one line."""
    done = subprocess.run(
        [sys.executable, "-m", "muslint", "check", "x", "--platform", text],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "write it as an image does: linux/amd64" in done.stderr
