"""An Alpine package index: which package gives which shared library, exactly."""

import re
import tarfile
from pathlib import Path

from muslint.errors import UnknownLibc
from muslint.libc.sonames import Sonames

MAX_INDEX = 256 << 20
"""Largest index that is read, in bytes."""


def read_apkindex(path: Path, release: str | None = None) -> Sonames:
    """The sonames of an ``APKINDEX.tar.gz`` (or the ``APKINDEX`` in it), from its ``p:so:`` lines (apk-index(5)).

    ``release`` is the Alpine release it is of, read from the index's description when it is not given.
    Raises UnknownLibc with the reason.
    """
    description, text = _parts(path)
    found = re.match(r"v(\d+\.\d+)\b", description)
    release = release or (found[1] if found else None)
    if release is None:
        raise UnknownLibc(f"{path} does not say which Alpine release it is of: add --release 3.23")
    packages: dict[str, str] = {}
    package = ""
    for line in text.split("\n"):
        if line.startswith("P:"):
            package = line[2:]
        elif line.startswith("p:"):
            for given in line[2:].split():
                if given.startswith("so:"):
                    soname = given[3:].partition("=")[0]
                    # Where several packages give one name, the shortest is the library's own.
                    known = packages.get(soname)
                    if known is None or (len(package), package) < (len(known), known):
                        packages[soname] = package
    if not packages:
        raise UnknownLibc(f"{path} names no shared library: not an APKINDEX")
    return Sonames(release, packages)


def _parts(path: Path) -> tuple[str, str]:
    """The description and the index."""
    try:
        with path.open("rb") as stream:
            if stream.read(2) != b"\x1f\x8b":
                stream.seek(0)
                return "", stream.read(MAX_INDEX).decode("utf-8", "replace")
        texts = {"DESCRIPTION": "", "APKINDEX": ""}
        # A signature comes before the index as a gzip member of its own, without the end blocks of a tar.
        with tarfile.open(path, "r:gz", ignore_zeros=True) as archive:
            for member in archive:
                if member.name in texts and member.size <= MAX_INDEX and (file := archive.extractfile(member)):
                    texts[member.name] = file.read().decode("utf-8", "replace")
    except OSError as error:
        raise UnknownLibc(f"{path}: {error.strerror or error}") from None
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise UnknownLibc(f"{path} cannot be unpacked: {error}") from None
    return texts["DESCRIPTION"], texts["APKINDEX"]
