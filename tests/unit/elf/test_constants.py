"""Texts of constant memory that stand behind numbers."""

from pathlib import Path

import pytest

from muslint.elf.constants import Constants
from muslint.elf.dynamic import read
from muslint.elf.image import Image
from muslint.sources.bytes import FileBytes
from tests.support.compile import zig_cc

SOURCE = r"""
const struct { double number; char text[8]; char whole[8], joined[16], letters[16]; } here = {
    -1.0, "de_DE", "plain", "xUTF-16", "caf\303\251UTF-7"};
int main(int argc, char **argv) { return ((const volatile char *)&here)[argc]; }
"""


@pytest.mark.parametrize("target", ["x86_64-linux-gnu.2.28", "aarch64-linux-gnu.2.28"])
def test_a_text_behind_a_number(target: str, tmp_path: Path) -> None:
    """It begins behind the number; the end of a longer text is still none of its own."""
    source = tmp_path / "source.c"
    source.write_text(SOURCE)
    path = str(zig_cc(target, [source], tmp_path / "program"))
    data = FileBytes(path)
    constants = Constants(Image(read(data, path), data))
    assert b"de_DE" in constants and b"plain" in constants
    assert b"UTF-16" not in constants and b"UTF-7" not in constants
    assert list(constants.holding(b"_DE")) == [b"de_DE"]
    data.close()


def test_some_constants_at_once(tmp_path: Path) -> None:
    """All that are whole are found, as one by one, with the places they lie at."""
    source = tmp_path / "source.c"
    source.write_text(SOURCE)
    path = str(zig_cc("x86_64-linux-gnu.2.28", [source], tmp_path / "program"))
    data = FileBytes(path)
    image = Image(read(data, path), data)
    asked = frozenset((b"plain", b"de_DE", b"UTF-16", b"xUTF-16", b"xUTF", b"pla", b"nowhere"))
    together, single = Constants(image), Constants(image)
    assert sorted(together.among(asked)) == sorted(text for text in asked if text in single)
    assert {b"plain", b"de_DE", b"xUTF-16"} == set(together.among(asked))
    assert sorted(together.spans(asked)) == sorted(single.spans(asked))
    data.close()
