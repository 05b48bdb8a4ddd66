"""``dlopen`` in a real process, and our `GlibcLoader.open` beside it: a handle or the same ``dlerror``."""

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from muslint.loader.root import glibc_loader_of
from muslint.sources.directory import DirectoryTree
from tests.support import real_glibc, roots
from tests.support.cache import Unavailable
from tests.support.compile import zig_cc

from .case import Case, Object, lay_out

DRIVER = """
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
int main(void) {
    void *handle = dlopen(getenv("OPEN"), getenv("LAZY") ? RTLD_LAZY : RTLD_NOW);
    fprintf(stderr, "%s\\n", handle ? "opened" : dlerror());
    return 0;
}
"""
ANYTHING = ("--unresolved-symbols=ignore-all",)
PLAIN = "int own;"
OBJECTS = (
    Object("/p/plain.so", code=PLAIN, needed=("libc.so.6",)),
    Object("/p/lacks.so", code=PLAIN, needed=("gone.so",)),
    Object("/p/call.so", code="extern void gone(void); void f(void) { gone(); }", flags=(*ANYTHING, "-z", "lazy")),
    Object("/p/now.so", code="extern void gone(void); void f(void) { gone(); }", flags=(*ANYTHING, "-z", "now")),
    Object("/p/data.so", code="extern int gone; int *p = &gone;", flags=ANYTHING),
    Object("/p/inner.so", code="extern int gone; int *p = &gone;", flags=ANYTHING),
    Object("/p/outer.so", code="extern int lost; int *q = &lost;", needed=("@/p/inner.so",),
           flags=(*ANYTHING, "-rpath=/p")),
    Object("/stub/libc.so.6", code="int fresh(void) { return 0; }", map="GLIBC_2.99 { fresh; };", placed=False),
    Object("/p/newer.so", code="extern int fresh(void); int f(void) { return fresh(); }", needed=("@/stub/libc.so.6",)),
    Object("/p/stack.so", code=PLAIN, flags=("-z", "execstack")),
    Object("/p/noopen.so", code=PLAIN, flags=("-z", "nodefaultlib"), patch=(("flags_1", 0x40),)),
    Object("/p/fixed", kind="fixed"),
    Object("/p/other.so", code=PLAIN, target="x86-linux-gnu.2.28"),
)  # fmt: skip
ASKED = (
    "plain.so", "lacks.so", "call.so", "now.so", "data.so", "outer.so", "newer.so", "stack.so", "noopen.so", "fixed",
    "other.so", "text.so", "none.so",
)  # fmt: skip


@pytest.fixture(scope="module", params=roots.GLIBC_SUITES)
def root(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A root of one suite with the libraries and the program that opens them."""
    if platform.machine() != "x86_64":
        raise Unavailable("programs of amd64 start on x86_64 only")
    folder = tmp_path_factory.mktemp(f"dlopen-{request.param}")
    files = {"/p/text.so": "this is text and no ELF file, and it is longer than the 64 bytes of a header"}
    lay_out(Case("dlopen", "", "", OBJECTS, files, (), {}, {}, False, (), ()), request.param, folder / "root")
    source = folder / "driver.c"
    source.write_text(DRIVER)
    driver = zig_cc("x86_64-linux-gnu.2.17", [source], folder / "driver", "-ldl")
    (folder / "root" / "driver").write_bytes(driver.read_bytes())
    (folder / "root" / "driver").chmod(0o755)
    return folder / "root"


@pytest.mark.parametrize("lazy", [False, True], ids=["now", "lazy"])
@pytest.mark.parametrize("name", ASKED)
def test_dlopen(root: Path, name: str, lazy: bool) -> None:
    """A process with nothing but libc opens a library by its path."""
    path = f"/p/{name}"
    status, err = real_glibc.start(root, "/driver", {"OPEN": path} | ({"LAZY": "1"} if lazy else {}))
    assert status == 0, err
    tree, cpu = DirectoryTree(str(root)), real_glibc.processor()
    ours = glibc_loader_of(tree, "x86_64", cpu).open("/driver", path, lazy=lazy, first_only=True)
    alone = glibc_loader_of(tree, "x86_64", cpu).open(None, path, lazy=lazy, first_only=True)
    assert (ours.errors[0] if ours.exit else "opened") == err.strip()
    assert (alone.exit, alone.errors) == (ours.exit, ours.errors)
