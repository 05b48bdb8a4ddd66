"""Fixed binaries really start inside the real Alpine root; what cannot be fixed is refused and left alone."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from muslint.advice.fix import object_at, rewrite
from muslint.advice.rewrite import Changes
from muslint.advice.unharmed import harm
from muslint.elf.dynamic import read
from muslint.errors import CannotFix
from muslint.sources.bytes import FileBytes, MemoryBytes
from tests.support import musl, real_loader
from tests.support.cache import REPOSITORY, Unavailable
from tests.support.compile import system_cc, zig_cc
from tests.support.fetch import debian_package, unpack_debs
from tests.support.roots import alpine, alpine_with_wheels, linked_copy

RUN_LIMIT = 60.0  # seconds
FULL = os.environ.get("MUSLINT_ORACLE") == "full"
MUSL = "/lib/ld-musl-x86_64.so.1"


class Program(NamedTuple):
    """A C program, how it is linked, what it prints when it runs, and options of fix."""

    source: str
    flags: tuple[str, ...] = ()
    says: str = "ok"
    options: tuple[str, ...] = ()
    zig: str = ""


HELLO = '#include <stdio.h>\nint main(void) { puts("ok"); return 0; }\n'
THREAD = """#include <pthread.h>
#include <stdio.h>
static __thread int mine = 7;
static void *f(void *p) { mine += *(int *)p; return (void *)(long)mine; }
int main(void) { pthread_t t; int x = 5; void *r; pthread_create(&t, 0, f, &x); pthread_join(t, &r);
  puts((long)r == 12 && mine == 7 ? "ok" : "bad"); return 0; }
"""
STACK = """#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
static void *f(void *p) { pthread_attr_t a; size_t n; pthread_getattr_np(pthread_self(), &a);
  pthread_attr_getstacksize(&a, &n); *(int *)p = n >= 4000000; return 0; }
int main(void) { pthread_t t; int x = 0; pthread_create(&t, 0, f, &x); pthread_join(t, 0);
  puts(x ? "ok" : "small"); return 0; }
"""
EXPORTS = """#include <stdio.h>
#include <dlfcn.h>
int alpha(void) { return 1; }
int beta(void) { return 2; }
int gamma_(void) { return 3; }
char **environ_of(void) { extern char **environ; return environ; }
int main(void) { int (*f)(void) = dlsym(0, "gamma_");
  fputs(f && f() == 3 && dlsym(0, "alpha") ? "ok\\n" : "bad\\n", stdout); return 0; }
"""
FILES = """#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
int main(void) { FILE *f = fopen("/etc/passwd", "r"); DIR *d = opendir("/"); struct stat s;
  puts(f && d && readdir(d) && !fstat(fileno(f), &s) && fseeko(f, 0, SEEK_END) == 0 && ftello(f) == s.st_size
  ? "ok" : "bad"); return 0; }
"""
MATHS = (
    '#include <math.h>\n#include <stdio.h>\nint main(int c, char **v) { (void)v; puts(cos(c) > 0.5 ? "ok" : "bad"); }\n'
)
START = """#include <stdio.h>
static int n;
__attribute__((constructor)) static void before(void) { n = 1; }
__attribute__((destructor)) static void after(void) { puts("after"); }
int main(int c, char **v) { puts(n && c == 1 && v[0] ? "ok" : "bad"); return 0; }
"""
SORT = """#include <stdio.h>
#include <stdlib.h>
static int cmp(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(void) { int x[] = {3, 1, 2}; qsort(x, 3, sizeof *x, cmp); fprintf(stdout, x[0] == 1 ? "ok\\n" : "bad\\n"); }
"""

PROGRAMS: Mapping[str, Program] = {
    "pie": Program(HELLO),
    "no-pie": Program(HELLO, ("-no-pie",)),
    "copy-relocation": Program(SORT, ("-no-pie", "-O0")),
    "threads-and-tls": Program(THREAD, ("-pthread",)),
    "stack-size": Program(STACK, ("-pthread",), options=("--interpreter", "auto", "--stack-size", "4194304")),
    "exported-names": Program(EXPORTS, ("-rdynamic",)),
    "large-files": Program(FILES, ("-D_FILE_OFFSET_BITS=64",)),
    "maths": Program(MATHS, ("-lm",)),
    "constructors": Program(START, says="ok\nafter"),
    "needs-glibc-loader": Program(
        HELLO, ("-Wl,--no-as-needed", "-l:ld-linux-x86-64.so.2"),
        options=("--interpreter", "auto", "--drop-needed", "ld-linux-x86-64.so.2"),
    ),
    "needs-libresolv": Program(HELLO, ("-Wl,--no-as-needed", "-lresolv")),
    "now-relro": Program(SORT, ("-Wl,-z,now,-z,relro",)),
    "lazy-sysv-hash": Program(EXPORTS, ("-rdynamic", "-Wl,-z,lazy,--hash-style=sysv")),
    "both-hashes-no-versions": Program(
        SORT, ("-Wl,--hash-style=both",), options=("--interpreter", "auto", "--drop-versions"),
    ),
    "rpath-added": Program(HELLO, options=("--interpreter", "auto", "--rpath", "$ORIGIN/../some/where/else")),
    "needed-added": Program(
        EXPORTS, ("-rdynamic",), options=("--interpreter", "auto", "--add-needed", "libz.so.1", "--rpath", "/usr/lib"),
    ),
    "no-pie-needed-added": Program(
        THREAD, ("-no-pie", "-pthread"), options=("--interpreter", "auto", "--add-needed", "libz.so.1"),
    ),
    "needed-replaced": Program(
        HELLO, ("-Wl,--no-as-needed", "-lresolv"),
        options=("--interpreter", "auto", "--replace-needed", "libresolv.so.2=libz.so.1"),
    ),
    "long-interpreter": Program(HELLO, options=("--interpreter", "/lib/" + "../lib/" * 20 + "ld-musl-x86_64.so.1")),
    "zig-2.17": Program(SORT, ("-pie", "-fPIE"), zig="x86_64-linux-gnu.2.17"),
    "no-room-for-entries": Program(
        EXPORTS, ("-pie", "-fPIE", "-rdynamic"), zig="x86_64-linux-gnu.2.28",
        options=("--interpreter", "auto", "--add-needed", "libz.so.1", "--rpath", "/usr/lib"),
    ),
    "zig-2.36": Program(FILES, zig="x86_64-linux-gnu.2.36"),
}  # fmt: skip

DEBIAN: Mapping[str, tuple[str, str, tuple[str, ...], str]] = {
    "ischroot": ("debianutils", "usr/bin/ischroot", ("--help",), "Usage: ischroot"),
    "zdump": ("libc-bin", "usr/bin/zdump", ("UTC",), "UTC"),
    "mkzftree": ("genisoimage", "usr/bin/mkzftree", ("--help",), "zisofs-tools"),
    "elfedit": ("binutils-x86-64-linux-gnu", "usr/bin/x86_64-linux-gnu-elfedit", ("--version",), "GNU elfedit"),
}
"""Name, package, path, arguments, what it prints."""


@cache
def root() -> Path:
    """The real Alpine root, with a directory for programs; a skip where there is none."""
    import tempfile

    try:
        source = alpine()
        place = Path(tempfile.mkdtemp(prefix="muslint-fix-"))
        linked_copy(source, place)
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")
    except OSError as error:
        pytest.skip(f"not checked: the root cannot be copied: {error}")
    (place / "t").mkdir()
    import atexit

    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def inside(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command inside the root."""
    enter = ["chroot", str(root()), *command]
    if os.geteuid() != 0:
        if not shutil.which("unshare"):
            pytest.skip("not checked: chroot needs root or unshare(1)")
        enter = ["unshare", "-r", *enter]
    return subprocess.run(enter, capture_output=True, text=True, errors="replace", timeout=RUN_LIMIT, check=False)


def fix(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``muslint fix`` on the newest table that the root is of."""
    return subprocess.run(
        [sys.executable, "-m", "muslint", "fix", *arguments],
        capture_output=True, text=True, timeout=RUN_LIMIT, check=False, cwd=REPOSITORY / "src",
    )  # fmt: skip


def made(program: Program, folder: Path, name: str) -> Path:
    """Compile a program; a skip where the machine cannot."""
    source = folder / f"{name}.c"
    source.write_text(program.source)
    try:
        if program.zig:
            return zig_cc(program.zig, [source], folder / name, *program.flags)
        return system_cc([source], folder / name, *program.flags)
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")


@pytest.mark.parametrize("name", PROGRAMS)
def test_fixed_program_runs(name: str, tmp_path: Path) -> None:
    """Built for glibc, it does not start on Alpine; fixed, it does, and says what it should."""
    program = PROGRAMS[name]
    binary = made(program, tmp_path, name)
    binary.chmod(0o751)
    place = root() / "t" / name
    shutil.copy(binary, place)
    assert inside(f"/t/{name}").returncode == 127
    original = binary.read_bytes()
    done = fix(str(binary), "-o", str(place), "--on", f"rootfs:{root()}", *program.options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"written {place}" in done.stdout
    assert binary.read_bytes() == original
    assert place.stat().st_mode & 0o7777 == 0o751
    run = inside(f"/t/{name}")
    assert (run.returncode, run.stdout.strip()) == (0, program.says), run.stderr
    warned = subprocess.run(["readelf", "-ldW", str(place)], capture_output=True, text=True, timeout=60, check=False)
    assert "Warning" not in warned.stderr + warned.stdout
    assert sorted(os.listdir(place.parent)).count(name) == 1
    assert not [left for left in os.listdir(place.parent) if "muslint-" in left]


@pytest.mark.parametrize("name", DEBIAN)
def test_fixed_debian_program_runs(name: str, tmp_path: Path) -> None:
    """So do real programs of Debian 12."""
    package, path, arguments, says = DEBIAN[name]
    try:
        unpack_debs([debian_package(package, "bookworm", "amd64")], tmp_path)
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")
    place = root() / "t" / name
    done = fix(str(tmp_path / path), "-o", str(place), "--on", f"rootfs:{root()}")
    assert done.returncode == 0, done.stdout + done.stderr
    run = inside(f"/t/{name}", *arguments)
    assert says in run.stdout + run.stderr
    assert "Error relocating" not in run.stderr
    assert run.returncode not in (126, 127) and run.returncode >= 0


FOREIGN: Mapping[str, tuple[str, str]] = {
    "arm64": ("aarch64-linux-gnu.2.28", "aarch64"),
    "armhf": ("arm-linux-gnueabihf.2.28", "armhf"),
    "i386": ("x86-linux-gnu.2.28", "i386"),
    "ppc64el": ("powerpc64le-linux-gnu.2.31", "powerpc64le"),
    "s390x": ("s390x-linux-gnu.2.31", "s390x"),
    "mips64el": ("mips64el-linux-gnuabi64.2.31", "mips64el"),
    "mipsel": ("mipsel-linux-gnueabihf.2.31", "mipsel"),
}
"""Debian architecture: zig's target, musl's name."""


@pytest.mark.parametrize("pie", [False, True], ids=["no-pie", "pie"])
@pytest.mark.parametrize("arch", FOREIGN)
def test_foreign_program_runs(arch: str, pie: bool, tmp_path: Path) -> None:
    """The interpreter set, and an rpath and a library added, programs of other machines run on real musl in qemu."""
    target, name = FOREIGN[arch]
    flags = (*(("-pie", "-fPIE") if pie else ()), "-rdynamic", "-Wl,-z,lazy")
    binary = made(Program(THREAD, (*flags, "-pthread"), zig=target), tmp_path, "p")
    try:
        real = musl.loader("bookworm", arch)
        top = musl.install(real, tmp_path / "root")
        qemu = real_loader._qemu(f"{top}{real.installed_path}")
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")
    interpreter = f"/lib/ld-musl-{name}.so.1"
    assert interpreter == real.installed_path
    if arch == "ppc64el":
        binary = made(Program(HELLO, flags, zig=target), tmp_path, "hello")
        with pytest.raises(CannotFix, match="start-up code"):
            rewrite(str(binary), str(tmp_path / "fixed"), Changes(interpreter=interpreter))
        run = subprocess.run(
            [str(qemu), f"{top}{interpreter}", str(binary)],
            capture_output=True, text=True, timeout=RUN_LIMIT, check=False,
        )  # fmt: skip
        assert run.returncode == -11  # the program as it was, started by musl's loader
        return
    ours = tuple(needed for needed in object_at(str(binary)).needed if needed.startswith("ld"))  # gives __tls_get_addr
    everything = Changes(
        interpreter=interpreter, rpath="/nowhere/" * 20, add_needed=("libm.so.6", "librt.so.1", "libutil.so.1"),
        drop_needed=ours,
    )  # fmt: skip
    for changes in (Changes(interpreter=interpreter, drop_needed=ours), everything):
        rewrite(str(binary), str(tmp_path / "fixed"), changes)
        command = [*([qemu, "-L", str(top)] if qemu else []), str(tmp_path / "fixed")]
        if not qemu and changes.interpreter:
            pytest.skip("not checked: this machine runs it without qemu, so not inside the root")
        run = subprocess.run(command, capture_output=True, text=True, timeout=RUN_LIMIT, check=False)
        assert (run.returncode, run.stdout) == (0, "ok\n"), run.stderr


REFUSED: Mapping[str, tuple[Program, tuple[str, ...], str]] = {
    "symbol-missing": (
        Program("#include <execinfo.h>\nint main(void) { void *x[4]; return backtrace(x, 4); }\n"), (),
        "still fails: Error relocating",
    ),
    "static": (Program(HELLO, ("-static",)), ("--interpreter", "auto"), "refused: it is static"),
    "library": (
        Program("int f(void) { return 1; }\n", ("-shared", "-fPIC")), ("--interpreter", "auto"),
        "refused: a library has no interpreter",
    ),
    "not-needed": (Program(HELLO), ("--drop-needed", "libfoo.so.1"), "refused: it does not need libfoo.so.1"),
    "library-missing": (Program(HELLO, ("-Wl,--no-as-needed", "-lgcc_s")), (), "still fails"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path) -> None:
    """Exit code 1, the reason, and nothing written."""
    program, options, says = REFUSED[name]
    binary = made(program, tmp_path, name)
    out = tmp_path / "out"
    done = fix(str(binary), "-o", str(out), "--on", "alpine:3.23", *options)
    assert done.returncode == 1, done.stdout + done.stderr
    assert says in done.stdout
    assert not out.exists()
    assert set(os.listdir(tmp_path)) == {binary.name, f"{name}.c"}


def test_explicit_change_that_does_not_help_is_written_and_said(tmp_path: Path) -> None:
    """What the user asked for is done; that it still fails is said, with exit code 1."""
    binary = made(REFUSED["symbol-missing"][0], tmp_path, "bt")
    done = fix(str(binary), "-o", str(tmp_path / "out"), "--on", "alpine:3.23", "--interpreter", "auto")
    assert done.returncode == 1
    assert "backtrace: symbol not found" in done.stdout
    assert object_at(str(tmp_path / "out")).interpreter == MUSL


def test_in_place(tmp_path: Path) -> None:
    """Only when asked for, through a link too; wrong uses are refused."""
    binary = made(Program(HELLO), tmp_path, "hello")
    link = tmp_path / "link"
    link.symlink_to("hello")
    assert fix(str(binary)).returncode == 2
    assert fix(str(binary), "-o", str(binary)).returncode == 2
    assert fix(str(binary), "-o", str(link)).returncode == 2
    assert fix(str(binary), "--in-place", "--replace-needed", "libc.so.6").returncode == 2
    assert fix(str(tmp_path / "none"), "--in-place").returncode == 3
    assert object_at(str(binary)).interpreter != MUSL
    assert fix(str(link), "--in-place", "--on", "alpine:3.23").returncode == 0
    assert link.is_symlink()
    assert object_at(str(binary)).interpreter == MUSL


# --- what is called unharmed --------------------------------------------------------------------------------


def test_harm_is_seen(tmp_path: Path) -> None:
    """One byte of code, one dropped symbol, one other tag: each is found."""
    binary = made(Program(EXPORTS, ("-rdynamic",)), tmp_path, "exports")
    before, data = object_at(str(binary)), binary.read_bytes()
    nothing = Changes()
    assert harm(before, before, MemoryBytes(data), MemoryBytes(data), nothing) is None
    code = next(s for s in before.segments if s.type == 1 and s.flags & 1)
    entry = next(s for s in before.symbols if s.name == "alpha")
    table = before.tag(0x6FFFFEF5) or 0
    strings = before.tag(5) or 0
    for offset, word in (
        (code.offset + 8, "byte"), (entry.value + 1, "byte"), (strings + data[strings:].index(b"alpha"), "symbol"),
        (table + 16, "filter"), (16, ""),
    ):  # fmt: skip
        broken = bytearray(data)
        broken[offset] = 0 if word == "filter" else broken[offset] ^ 1
        if word == "filter":
            broken[offset : offset + 8] = bytes(8)
        found = harm(
            before, read(MemoryBytes(bytes(broken)), "x"), MemoryBytes(data), MemoryBytes(bytes(broken)), nothing
        )
        assert found is not None and word in found, (offset, found)


def libraries() -> list[Path]:
    """Real extension modules and bundled libraries: some, or under ``MUSLINT_ORACLE=full`` 150."""
    try:
        found = sorted(p for p in alpine_with_wheels().rglob("*.so*") if p.is_file() and "wheels" in str(p))
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")
    found = [p for p in found if p.read_bytes()[:4] == b"\x7fELF"] or sorted(alpine_with_wheels().rglob("*.so"))
    return found[:: max(1, len(found) // (150 if FULL else 12))]


def test_real_libraries(tmp_path: Path) -> None:
    """Real libraries given an rpath, a longer name and one more library read the same by two readers afterwards."""
    from muslint.elf.pyelftools import read as read_other

    changes = Changes(rpath="$ORIGIN/../" + "long/" * 30, add_needed=("libadded.so.1",))
    done, refused = 0, []
    for path in libraries():
        try:
            result = rewrite(str(path), str(tmp_path / "out"), changes)
        except CannotFix as error:
            refused.append(f"{path.name}: {error}")
            continue
        other = read_other(FileBytes(str(tmp_path / "out")), "x")
        assert other.needed == result.after.needed
        assert other.runpath == changes.rpath
        assert list(other.symbols.names) == list(result.after.symbols.names)
        done += 1
    assert done >= 5 * len(refused), refused
