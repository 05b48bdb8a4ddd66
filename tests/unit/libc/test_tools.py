"""The tools that make and verify the tables."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from muslint.libc.table import read_text
from tests.support import musl as real
from tests.support.cache import Unavailable
from tools.tables import abilists, glibc, verify

_ENDPROTOENT = b"endprotoent\0\x0f\x01\x90\x80\x80\x80\x08\x81\x8a"


def binary(functions: bytes, objects: bytes = b"\0\0") -> bytes:
    """An abilists file of one library, 17 versions and 31 targets, around the runs given."""
    versions = b"".join(bytes((2, number, 0)) for number in range(17))
    targets = b"".join(name.encode() + b"\0" for name in glibc.ARCHES)
    return b"\x02m\0c\0" + b"\x11" + versions + bytes([len(glibc.ARCHES)]) + targets + functions + objects + b"\0\0"


def test_abilists_of_known_bytes(tmp_path: Path) -> None:
    path = tmp_path / "abilists"
    path.write_bytes(binary(b"\x02\0" + _ENDPROTOENT, b"\x01\0environ\0\x01\x04\x81\x80"))
    rows = abilists.read(path)
    assert ("endprotoent", "F", "arm", "c", ("2.16",)) in rows
    assert ("endprotoent", "F", "x86_64", "c", ("2.10",)) in rows
    assert rows[-1] == ("environ", "O", "arm", "c", ("2.0",))
    assert len(rows) == 6


def test_abilists_with_bytes_left_over(tmp_path: Path) -> None:
    path = tmp_path / "abilists"
    path.write_bytes(binary(b"\x02\0" + _ENDPROTOENT) + b"\0")
    with pytest.raises(ValueError, match="left over"):
        abilists.read(path)


def test_the_glibc_table_is_that_of_the_ziglang_wheel() -> None:
    if find_spec("ziglang") is None:
        raise Unavailable("the ziglang wheel is not installed: glibc/symbols.txt against its abilists")
    assert list(verify.against_zig(verify.zig_abilists())) == []


def test_a_changed_row_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("ziglang") is None:
        raise Unavailable("the ziglang wheel is not installed: the verification of glibc/symbols.txt")
    (tmp_path / "glibc").mkdir()
    text = read_text("glibc/symbols.txt")
    assert "\nzzz" not in text
    (tmp_path / "glibc/symbols.txt").write_text(text + "zzz F *:c:2.0\n")
    monkeypatch.setattr(verify, "DATA", tmp_path)
    assert list(verify.against_zig(verify.zig_abilists())) == ["- zzz F *:c:2.0"]


def test_a_debian_package_agrees_once_debians_changes_are_undone(tmp_path: Path) -> None:
    root = real.install(real.loader("bookworm"), tmp_path)
    assert verify.compared(root, "bookworm") == "same"
    assert verify.compared(root, "trixie").startswith("DIFFERS (version 1.2.3")
