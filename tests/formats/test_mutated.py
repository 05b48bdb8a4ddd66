"""Damaged archives of every format: a source or one line of ours, never another exception, in little time.

Nor a file that is not what was packed without a word, where the format has checksums to tell.

``MUSLINT_FUZZ_CASES`` sets how many of each are tried, ``MUSLINT_FUZZ_SEED`` which.
"""

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from muslint.elf.relocatable import link_names
from muslint.errors import MalformedElf, MuslintError
from muslint.sources.archive_file import ArchiveSource
from muslint.sources.bytes import MemoryBytes
from muslint.sources.limits import Limits
from tests.differential import recipes
from tests.formats import corpus
from tests.formats.packers import PACKERS

CASES = int(os.environ.get("MUSLINT_FUZZ_CASES") or 4000) // 50
SEED = int(os.environ.get("MUSLINT_FUZZ_SEED") or 1)
EPOCH = 1_000_000_000
"""When all that is packed was made: what the seed damages is then the same in every run."""
SECONDS = 10.0
LIMITS = Limits(bytes=64 << 20, members=10_000, seconds=8)
KINDS = (
    "tar-ustar", "tar-pax", "zip", "zip-stored", "cpio-newc", "cpio-odc", "cpio-bin", "initramfs", "ar", "ar-bsd",
    "deb-none", "deb-zstd", "rpm-gzip", "apk-2", "apk-3-none", "gem-by-tar", "squashfs-none", "squashfs-gzip",
    "squashfs-lzo", "squashfs-lz4", "iso", "tar-gz", "tar-bz2", "tar-xz", "tar-zst", "jar", "npm", "rpm-zstd", "rpm-xz",
    "apk-3", "deb-xz", "squashfs-xz", "squashfs-zstd", "cpio-crc",
)  # fmt: skip
CHECKED = ("zip", "zip-stored", "jar", "tar-gz", "tar-bz2", "tar-xz", "npm", "rpm-gzip", "rpm-xz")
"""Formats whose bytes have checksums."""
ONE_STREAM = ("tar-gz", "tar-bz2", "tar-xz", "tar-zst", "npm", "deb-xz", "rpm-zstd", "rpm-xz", "apk-3", "rpm-gzip")
"""Formats in which damage takes away what follows, and of a block of bzip2 or xz all of it."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of a few small files, so that damage hits what describes them."""
    tree = tmp_path_factory.mktemp("small")
    app = tree / corpus.APP
    for name in ("debian amd64/hello", "lib/part.so", "lib/a-name-that-is-longer-than-fifteen-bytes.so"):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(recipes.made("library-x86_64.so"), app / name)
    (app / "bin").mkdir()
    os.link(app / "debian amd64" / "hello", app / "bin" / "hello-again")
    (app / "current").symlink_to("lib")
    for path in (tree, *tree.rglob("*")):
        os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)
    return tree


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, most of them where the headers are: at the front, at the end, near another header."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 10)):
        place = chance.choice((chance.randrange(len(data)), chance.randrange(min(1024, len(data))),
                               len(data) - 1 - chance.randrange(min(2048, len(data)))))  # fmt: skip
        changed[place] = chance.choice((0, 255, 127, chance.randrange(256), changed[place] ^ 1 << chance.randrange(8)))
    if not chance.randrange(8):
        start = chance.randrange(len(data))
        del changed[start : start + chance.randint(1, 64)]
    return bytes(changed)


@pytest.mark.parametrize("name", KINDS)
def test_damaged(name: str, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened and read through."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))
    packer = PACKERS[name]
    for tool in packer.tools:
        if not shutil.which(tool):
            pytest.skip(f"not checked here: {tool} is not installed")
    packer.pack(small, tmp_path / "packed")
    data = (tmp_path / "packed").read_bytes()
    chance = random.Random(f"{SEED} {name}")
    whole = Path(recipes.made("library-x86_64.so")).read_bytes()
    read = 0
    assert len(ArchiveSource().open(str(tmp_path / "packed"), "packed", LIMITS).members) >= 3
    for case in range(CASES):
        path = tmp_path / "damaged"
        path.write_bytes(damaged(data, chance))
        started = time.process_time()  # a busy machine is no fault
        wrong = 0
        try:
            source = ArchiveSource().open(str(path), str(path), LIMITS)
            for member in source.members:
                opened = source.tree.open(member.path)
                if not isinstance(opened, int) and opened.data is not None:
                    content = opened.data.at(0, 1 << 20)
                    read += bool(content)
                    wrong += content != whole
            assert not wrong or source.skipped or name not in CHECKED, case
        except MuslintError as error:
            assert "\n" not in str(error), case
        assert time.process_time() - started < SECONDS, case
    assert read > CASES // 8 or name in ONE_STREAM  # what is not damaged is still read


def test_damaged_object_files() -> None:
    """The names of an object file, or a reason."""
    data = Path(recipes.made("relocatable.o")).read_bytes()
    chance = random.Random(SEED)
    refused = 0
    for _ in range(CASES * 10):
        try:
            link_names(MemoryBytes(damaged(data, chance)))
        except MalformedElf:
            refused += 1
    assert 0 < refused < CASES * 10


def test_names_of_an_object_file() -> None:
    """As ``nm`` lists them."""
    done = subprocess.run(["nm", "--extern-only", recipes.made("relocatable.o")], capture_output=True, text=True,
                          timeout=60, check=True)  # fmt: skip
    names = link_names(MemoryBytes(Path(recipes.made("relocatable.o")).read_bytes()))
    rows = [line.split()[-2:] for line in done.stdout.splitlines()]
    assert names.defined == {name for kind, name in rows if kind not in "Uwv"}
    assert names.wanted == {name for kind, name in rows if kind == "U"}
