"""Which functions may give printf a text, without disassembling them."""

from pathlib import Path

import pytest

from muslint.elf.calls import Calls
from muslint.elf.constants import Constants
from muslint.elf.dynamic import read
from muslint.elf.image import Image
from muslint.sources.bytes import FileBytes
from tests.support.compile import zig_cc

SOURCE = r"""
#include <stdarg.h>
#include <stdio.h>
#define APART __attribute__((noinline))
APART void other(const char *text, int number) { fputs(text, number ? stdout : stderr); }
APART void handed(const char *text, int number) { printf(text, number); fflush(stdout); }
APART int gives(int number) { return printf("%k given\n", number); }
APART int chosen(int number) { return printf(number ? "%k chosen\n" : "chosen\n", number); }
APART int takes(int number) { other("%k taken\n", number); return printf("%d\n", number); }
APART int hands(int number) { handed("%k handed\n", number); return fputs("x", stdout); }
APART const char *returns(void) { return "%k returned\n"; }
int main(int argc, char **argv) {
    (void)argv;
    return gives(argc) + chosen(argc) + takes(argc) + hands(argc) + puts(returns());
}
"""


@pytest.mark.parametrize("kind", ["-fPIE", "-no-pie"])
@pytest.mark.parametrize("level", ["-O1", "-Os", "-O2"])
def test_who_gives_a_text(kind: str, level: str, tmp_path: Path) -> None:
    """Those whose text goes elsewhere, or to the caller, are left out."""
    source = tmp_path / "source.c"
    source.write_text(SOURCE)
    pie = ("-fPIE", "-pie") if kind == "-fPIE" else ("-fno-pie", "-no-pie")
    flags = (level, *pie, "-rdynamic", "-fno-builtin", "-fno-optimize-sibling-calls")
    path = str(zig_cc("x86_64-linux-gnu.2.28", [source], tmp_path / "program", *flags))
    data = FileBytes(path)
    image = Image(read(data, path), data)
    known = Calls(image)
    texts = list(Constants(image).holding(b"%k "))
    assert len(texts) == 5
    holding, asked = known.giving(("printf",), list(Constants(image).spans(texts)))
    names = {known.functions.name(start) for start in holding}
    assert {"gives", "chosen", "hands"} <= names
    assert not {"takes", "returns", "other"} & names
    assert {known.functions.name(start) for start in asked - holding} == {"handed"}
    found = {
        text
        for site in known.of("printf", asked, callers=asked, holding=holding)
        for text in (site.string(0),)
        if text is not None and site.direct and b"%k" in text
    }
    assert found == {b"%k given\n", b"%k handed\n"}
    data.close()
