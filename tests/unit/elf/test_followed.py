"""Arguments that come from tables, from structures of callers, from variables, and by way of other functions."""

from pathlib import Path

import pytest

from muslint.elf.calls import Calls
from muslint.elf.dynamic import read
from muslint.elf.image import Image
from muslint.elf.linear import linear
from muslint.sources.bytes import FileBytes
from tests.support.compile import zig_cc

HEAD = "#include <stdio.h>\n#include <unistd.h>\n#define APART __attribute__((noinline)) static\n"
TABLE = """
struct row { int width, name; long kind; } static const rows[] = {{71, 81, 91}, {72, 82, 92}, {73, 83, 93}};
int main(int argc, char **argv) { return sysconf(rows[argc % 3].name); }
"""
LOOP = """
struct row { int width, name; long kind; } static const rows[] = {{71, 81, 91}, {72, 82, 92}, {73, 83, 93}};
APART long all(void) { long sum = 0; for (int i = 0; i < 3; i++) sum += sysconf(rows[i].name); return sum; }
int main(void) { return all(); }
"""
FIELD = """
struct options { long other; int name, last; };
APART long ask(const struct options *o) { return sysconf(o->name); }
int main(int argc, char **argv) {
    struct options o = {argc, 81, 1};
    for (int i = 0; i < argc; i++) { puts(argv[i]); if (i > 4) o.name = 82; }
    return ask(&o);
}
"""
VARIABLE = """
static int name = 81; int off = 0;
APART void set(int to) { name = to; }
int main(int argc, char **argv) { if (argc > 2) set(*argv[1]); return sysconf(name) + sysconf(off); }
"""
WRITTEN = """
struct options { long other; int name; };
APART long ask(struct options *o) { o->name = 83; puts(""); return sysconf(o->name); }
int main(int argc, char **argv) { struct options o = {argc, 81}; return ask(&o); }
"""
SHORT = """
APART long ask(int name) { return sysconf(name); }
__attribute__((noinline)) long other(int argc) { return argc > 4 ? ask(81) : ask(82); }
int main(int argc, char **argv) { return other(argc); }
"""
OPTIONS = """
static int flags;
APART void set(int letter) { if (letter == 'x') flags |= 64; if (letter == 'y') flags |= 1024; }
int main(int argc, char **argv) { for (int i = 1; i < argc; i++) set(*argv[i]); return sysconf(flags); }
"""
BESIDE = """
APART long ask(int name) { return sysconf(name | 64); }
int main(int argc, char **argv) { return ask(argc * 8) + sysconf(80 + (argc & 1)); }
"""
FILLED = """
struct options { long other; int name, last; };
APART void fill(struct options *o, int argc) { o->last = 99; if (argc > 2) o->name = 81; else o->name = 82; puts(""); }
int main(int argc, char **argv) { struct options o; fill(&o, argc); return sysconf(o.name); }
"""
MADE = """
#include <stdlib.h>
struct options { long other; int name, last; };
APART struct options *made(void) {
    struct options *o = malloc(sizeof *o);
    if (!o) abort();
    o->name = 81; o->last = getpid();
    return o;
}
APART long ask(const struct options *o) { puts(""); return sysconf(o->name); }
int main(int argc, char **argv) { return ask(made()); }
"""
HANDED = """
APART long ask(long (*how)(int), int name) { puts(""); return how(name); }
int main(int argc, char **argv) { return ask(sysconf, argc > 2 ? 81 : 82); }
"""
ELEMENT = """
APART long ask(const int *names, int which) { puts(""); return sysconf(names[which]); }
int main(int argc, char **argv) {
    volatile int names[3];
    names[0] = 81; names[1] = 82; names[2] = 83;
    return ask((const int *)names, argc % 3);
}
"""
NEIGHBOUR = """
#include <pthread.h>
APART long ask(int which) {
    int name;
    pthread_mutexattr_t attr;
    switch (which) { case 1: name = 81; break; case 2: name = 83; break; default: name = 82; }
    if (pthread_mutexattr_init(&attr)) puts("none");
    return sysconf(name) + pthread_mutexattr_destroy(&attr);
}
int main(int argc, char **argv) { return ask(argc); }
"""
GIVEN_AWAY = """
APART long ask(void) { int name = 81; if (scanf("%d", &name)) puts(""); return sysconf(name); }
int main(int argc, char **argv) { return ask(); }
"""
ROW = """
static const struct { long a; long name; long c; } rows[] = { { 90, 81, 91 }, { 92, 82, 93 } };
APART long ask(int argc) { return sysconf((int)rows[argc > 2].name); }
int main(int argc, char **argv) { return ask(argc); }
"""
CASES = {
    "table": (TABLE, {81, 82, 83}), "loop": (LOOP, {81, 82, 83}), "field": (FIELD, {81, 82}),
    "variable": (VARIABLE, {81}), "written": (WRITTEN, {83}), "short jump": (SHORT, {81, 82}),
    "options": (OPTIONS, {64, 1024}), "beside": (BESIDE, {64, 80, 81}),
    "filled": (FILLED, {81, 82}), "made": (MADE, {81}), "handed": (HANDED, {81, 82}),
    "element": (ELEMENT, {81, 82, 83}), "neighbour": (NEIGHBOUR, {81, 82, 83}), "given away": (GIVEN_AWAY, set()),
    "row": (ROW, {81, 82}),
}  # fmt: skip


@pytest.mark.parametrize("level", ["-O0", "-O2", "-Os"])
@pytest.mark.parametrize("target", ["x86_64-linux-gnu.2.28", "aarch64-linux-gnu.2.28"])
@pytest.mark.parametrize("case", CASES)
def test_what_an_argument_may_be(case: str, target: str, level: str, tmp_path: Path) -> None:
    """Every number that may be passed, and none of those beside it."""
    text, wanted = CASES[case]
    source = tmp_path / "source.c"
    source.write_text(HEAD + text)
    path = str(zig_cc(target, [source], tmp_path / "program", level, "-fno-sanitize=undefined"))
    data = FileBytes(path)
    known = Calls(Image(read(data, path), data))
    found = {number & 0xFFFFFFFF for site in known.of("sysconf") for number in site.choices(0)}
    assert found == wanted
    data.close()


def test_an_index_is_one_variable(tmp_path: Path) -> None:
    """A row of 24 bytes: three times the index, eight times that, are not two variables."""
    source = tmp_path / "source.c"
    rows = "struct row { int width, name; long a, b; } static const rows[] = {{71, 81, 72}, {72, 82, 73}};\n"
    source.write_text(f"{HEAD}{rows}int main(int argc, char **argv) {{ return sysconf(rows[argc % 2].name); }}")
    path = str(zig_cc("x86_64-linux-gnu.2.28", [source], tmp_path / "program", "-O0", "-fno-sanitize=undefined"))
    data = FileBytes(path)
    known = Calls(Image(read(data, path), data))
    (site,) = known.of("sysconf")
    assert set(site.choices(0)) == {81, 82}
    assert linear(known.body(site.address), None, 0) is None
    data.close()


DROPPED = """
#define _GNU_SOURCE
#include <string.h>
#include <stdio.h>
char text[64];
__attribute__((noinline)) void dropped(int e) { strerror_r(e, text, 64); puts(text); }
__attribute__((noinline)) void used(int e) { puts(strerror_r(e, text, 64)); }
__attribute__((noinline)) char *handed(int e) { return strerror_r(e, text, 64); }
__attribute__((noinline)) int compared(int e) { return strerror_r(e, text, 64) == text; }
int main(int argc, char **argv) { dropped(argc); used(argc); puts(handed(argc)); return compared(argc); }
"""


@pytest.mark.parametrize("level", ["-O0", "-O2"])
@pytest.mark.parametrize("target", ["x86_64-linux-gnu.2.28", "aarch64-linux-gnu.2.28"])
def test_a_result_that_is_dropped(target: str, level: str, tmp_path: Path) -> None:
    """Only where nothing can be done with it."""
    source = tmp_path / "source.c"
    source.write_text(DROPPED)
    path = str(zig_cc(target, [source], tmp_path / "program", level, "-fno-sanitize=undefined"))
    data = FileBytes(path)
    found = {
        str(site.function).split("+")[0]: site.dropped for site in Calls(Image(read(data, path), data)).of("strerror_r")
    }
    assert found.pop("dropped")
    assert found
    assert not any(found.values())
    data.close()
