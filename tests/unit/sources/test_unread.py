"""Known formats that are not read: each is said, at the top and inside, made by its own tool where that is here."""

import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from muslint.errors import UnreadableSource
from muslint.sources.source import open_source
from tests.support.cache import Unavailable


def _made(*command: str) -> Callable[[Path, Path], None]:
    def make(source: Path, out: Path) -> None:
        if shutil.which(command[0]) is None:
            raise Unavailable(f"{command[0]} is not installed")
        words = [word.format(source=source, out=out) for word in command]
        done = subprocess.run(words, capture_output=True, timeout=60, check=True)
        if not out.exists():
            out.write_bytes(done.stdout)

    return make


def _marked(mark: bytes) -> Callable[[Path, Path], None]:
    return lambda source, out: (out.write_bytes(mark + source.read_bytes()), None)[1]


MADE = {
    "7z": _made("7z", "a", "-t7z", "{out}", "{source}"),
    "LZ4": _made("lz4", "-q", "-c", "{source}"),
    "lzip": _made("lzip", "-c", "{source}"),
    "RAR": _marked(b"Rar!\x1a\x07\x01\0"),
    "DwarFS": _marked(b"DWARFS\2\5"),
}


@pytest.mark.parametrize("name", MADE)
def test_it_is_said(name: str, tmp_path: Path) -> None:
    """With what unpacks it."""
    source = tmp_path / "x.so"
    source.write_bytes(b"\x7fELF" + bytes(100))
    packed = tmp_path / "packed.7z"
    MADE[name](source, packed)
    with pytest.raises(UnreadableSource, match=rf"packed\.7z: {name}, which is not read: unpack it"):
        open_source(str(packed))
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.write(packed, "a/packed")
    [inner] = open_source(str(tmp_path / "outer.zip")).inner
    assert [(item.path, item.reason.partition(",")[0]) for item in inner.skipped] == [("a/packed", name)]


def test_brotli_by_name(tmp_path: Path) -> None:
    """Only the name tells; what web servers keep beside a page is none of it."""
    names = ("bin/chromium.br", "al2023.tar.br", "dist/app.js.br", "index.html.br", "calibre", ".br")
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for name in names:
            archive.writestr(name, "x" * 100)
            (tmp_path / "d" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "d" / name).write_text("x" * 100)
    for spec in ("p.zip", "d"):
        skipped = open_source(str(tmp_path / spec)).skipped
        assert sorted(item.path for item in skipped) == [".br", "al2023.tar.br", "bin/chromium.br"]
        assert all("brotli -d" in item.reason for item in skipped)
