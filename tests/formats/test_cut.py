"""Archives that end too early: what came before is read, what is missing is said, nothing takes long or much."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.formats import corpus, cuts
from tests.formats.packers import PACKERS, Packer, digest

CUT = (
    "tar-pax", "tar-v7", "tar-gz", "tar-bz2", "tar-lzma", "tar-zst", "zip", "zip-stored", "jar",
    "cpio-newc", "cpio-odc", "cpio-bin", "initramfs", "ar", "ar-bsd", "deb-gzip", "deb-zstd", "deb-none",
    "rpm-gzip", "rpm-zstd", "rpm-xz", "apk-2", "apk-3", "apk-3-none", "gem", "npm",
    "squashfs-gzip", "squashfs-lzo", "squashfs-lz4", "squashfs-lzma",
)  # fmt: skip
SECONDS, MEGABYTES = 10.0, 300
TIMEOUT = 240.0


@pytest.mark.parametrize("packer", [PACKERS[name] for name in CUT], ids=CUT)
def test_cut(packer: Packer, tmp_path: Path) -> None:
    """Cut at ten places."""
    packed = packer.made()
    done = subprocess.run(
        [sys.executable, "-m", "tests.formats.cuts", str(packed), str(tmp_path)],
        capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == cuts.CUTS
    tree = packer.tree()
    whole = {packer.top + name: digest((tree / name).read_bytes()) for name in corpus.elf_files(tree)}
    before: set[str] = set()
    for row in rows:
        # Padding and a checksum may be missing without harm; a file may not without a word.
        assert row["said"] or row["read"] == whole, row["place"]
        assert all("\n" not in line and "Traceback" not in line for line in row["said"])
        assert row["read"].items() <= whole.items()  # nothing half
        assert before <= row["read"].keys()  # a later cut leaves no less
        before = set(row["read"])
        assert row["judged"] in (None, len(row["read"])) or packer.kind == "squashfs"
        assert row["seconds"] < SECONDS
        assert row["megabytes"] < MEGABYTES
    if packer.ordered:
        # bzip2 gives nothing of its last block, xz of what it has not got to the end of.
        assert len(before) > len(whole) // 2, len(before)
    if packer.stored:
        _assert_all_before(packer, tree, packed.read_bytes(), rows)


def _assert_all_before(packer: Packer, tree: Path, packed: bytes, rows: list[dict[str, object]]) -> None:
    """Every file whose bytes all lie before a cut was read."""
    hard_link = f"{corpus.APP}/bin/hello-again" if packer.links else ""
    for name in corpus.elf_files(tree):
        data = (tree / name).read_bytes()
        at = packed.find(data)
        if name == hard_link or f"{corpus.APP}/debian amd64/hello" == name:
            continue  # of two names one may come before the bytes and one after
        assert at >= 0, name
        for row in rows:
            if at + len(data) <= int(str(row["place"])):
                assert packer.top + name in row["read"], (name, row["place"])  # type: ignore[operator]
