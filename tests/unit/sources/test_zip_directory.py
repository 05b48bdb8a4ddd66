"""The number of members a directory names, against Python's zipfile."""

import io
import zipfile

import pytest

from muslint.sources.bytes import MemoryBytes
from muslint.sources.zip_directory import names_more_than


@pytest.mark.parametrize("count", [0, 1, 3, 70_000])
@pytest.mark.parametrize("front", [b"", b"#!/bin/sh\n" * 10])
def test_counts(count: int, front: bytes) -> None:
    """Small ones, Zip64 ones, and with something in front."""
    buffer = io.BytesIO(front)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a") as archive:
        for number in range(count):
            archive.writestr(f"{number}", b"")
    data = MemoryBytes(buffer.getvalue())
    assert not names_more_than(data, count)
    assert count == 0 or names_more_than(data, count - 1)


def test_what_is_none() -> None:
    """No answer for what has no directory."""
    for data in (b"", b"PK\5\6", b"x" * 100, b"PK\5\6" + b"\xff" * 18):
        assert not names_more_than(MemoryBytes(data), 0)
