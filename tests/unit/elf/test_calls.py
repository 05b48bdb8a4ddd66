"""Calls are found in some functions as they are in all, whatever the size of the code and the way it calls."""

from pathlib import Path

import pytest

from muslint.elf import references
from muslint.elf.calls import Calls
from muslint.elf.dynamic import read
from muslint.elf.image import Image
from muslint.sources.bytes import FileBytes
from tests.support.compile import zig_cc

SOURCE = """
#include <stdio.h>
__attribute__((noinline)) static void said(const char *text) { fopen(text, "r"); fopen("else", "r"); }
__attribute__((noinline)) int told(void) { said("first"); return 1; }
int main(void) { told(); said("second"); return 0; }
"""


@pytest.mark.parametrize("much", [False, True], ids=["little code", "much code"])
@pytest.mark.parametrize("target", ["x86_64-linux-gnu.2.28", "aarch64-linux-gnu.2.28"])
@pytest.mark.parametrize("plt", ["-fplt", "-fno-plt"])
def test_in_some_functions(plt: str, target: str, much: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where calls are too many to list all, callers are not asked; nothing else changes, with stubs and without."""
    source = tmp_path / "source.c"
    source.write_text(SOURCE)
    path = str(zig_cc(target, [source], tmp_path / "program", plt, "-fno-inline", "-fno-builtin"))
    data = FileBytes(path)
    if much:
        monkeypatch.setattr(references, "_LISTED_IN", 0)
    known = Calls(Image(read(data, path), data))
    every = frozenset(site.address for site in known.of("fopen"))
    starts = frozenset(known.functions.around(address).start for address in known.candidates("fopen"))
    callers = frozenset(known.functions.around(address).start for address in every) | starts
    texts = {site.string(0) for site in known.of("fopen", starts, callers=callers)}
    assert b"else" in texts
    assert {b"first", b"second"} & texts == (set() if much else {b"first", b"second"})
    data.close()
