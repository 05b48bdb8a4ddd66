"""Ways out are pasted into the real Alpine root and run: what cures runs, what helps leaves just what it says.

Stand-ins lie where Alpine's packages would put their files: libstdc++ and libgcc are Alpine's own, out of a musllinux
wheel; shims are small sources with the names that the tables say they have, gcompat's starter included.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from muslint.pipeline import check
from muslint.report.report import Judged
from muslint.rules.finding import Effect, Severity, Tried, When
from tests.images.layout import Layout
from tests.support import musl, real_loader
from tests.support.cache import Unavailable
from tests.support.compile import system_cc, zig_cc
from tests.support.fetch import pypi_file
from tests.support.roots import alpine, linked_copy

RUN_LIMIT = 60.0  # seconds
FULL = os.environ.get("MUSLINT_ORACLE") == "full"
LOADER = "/lib/ld-musl-x86_64.so.1"
HOME = Path(__file__).with_name("shims")


class Program(NamedTuple):
    """A program built for glibc, the ways out it must be offered, and what is left of those that are not enough."""

    source: str
    effects: Mapping[str, Effect]  # kind → effect of the first way of that kind
    flags: tuple[str, ...] = ()
    says: str = "ok"  # printed where all is well
    remains: Mapping[str, tuple[str, ...]] = {}
    suffix: str = "c"


CURES, HELPS, HIDES = Effect.CURES, Effect.HELPS, Effect.HIDES
HELLO = '#include <stdio.h>\nint main(void) { puts("ok"); return 0; }\n'
CXX = """#include <stdexcept>
#include <string>
#include <cstdio>
int main(int c, char **) { try { if (c) throw std::runtime_error(std::string("ok")); } catch (std::exception &e) {
  std::puts(e.what()); } return 0; }
"""
TRACE = """#include <execinfo.h>
#include <stdio.h>
int main(void) { void *x[4]; puts(backtrace(x, 4) >= 0 ? "ok" : "bad"); return 0; }
"""
CONTEXT = """#include <stdio.h>
#include <ucontext.h>
int main(void) { ucontext_t u; puts(getcontext(&u) == 0 ? "ok" : "failed"); return 0; }
"""
FORTIFY = """#include <stdio.h>
#include <string.h>
int main(int c, char **v) { char b[8]; strcpy(b, c ? "ok" : v[0]); memcpy(b + c, b + c, c); puts(b); return 0; }
"""
TRANSLIT = """#include <iconv.h>
#include <stdio.h>
int main(void) { puts(iconv_open("ASCII//TRANSLIT", "UTF-8") != (iconv_t)-1 ? "ok" : "refused"); return 0; }
"""
STACK = """#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
static void *f(void *p) { char big[1 << 20]; big[0] = 1; for (size_t i = 0; i < sizeof big; i += 4096) big[i] = 1;
  *(volatile char *)p = big[4096]; return 0; }
int main(void) { pthread_t t; char c; pthread_create(&t, 0, f, &c); pthread_join(t, 0); puts("ok"); return 0; }
"""
OLD = """#include <stdio.h>
#include <stdlib.h>
int mallopt(int, int);
int error_at_line(void);
int main(int c, char **v) { if (c > 9) { mallopt(0, 0); error_at_line(); } puts("ok"); return 0; }
"""

PROGRAMS: Mapping[str, Program] = {
    "interpreter": Program(
        HELLO, {"package": CURES, "binary": CURES, "image": CURES, "rebuild": CURES, "static": CURES},
    ),
    "runtime": Program(
        CXX, {"package": CURES, "binary": CURES, "rebuild": CURES}, ("-lstdc++", "-lgcc_s"), suffix="cc",
    ),
    "fortify": Program(
        FORTIFY, {"package": CURES, "rebuild": CURES}, ("-O2", "-D_FORTIFY_SOURCE=2"),
    ),
    "backtrace": Program(TRACE, {"package": HIDES, "rebuild": HELPS}, remains={"rebuild": ("backtrace",)}),
    "context": Program(CONTEXT, {"package": HIDES, "binary": CURES, "rebuild": CURES}),
    "iconv": Program(TRANSLIT, {"preload": CURES, "rebuild": HELPS}, remains={"rebuild": ("iconv-translit-ignore",)}),
    "stack": Program(STACK, {"binary": CURES, "rebuild": CURES}, ("-pthread", "-O0")),
    "no-shim-has-it": Program(
        OLD, {"package": HELPS, "binary": HELPS, "image": CURES, "rebuild": HELPS},
        remains={"package": ("mallopt", "error_at_line"), "rebuild": ("mallopt", "error_at_line")},
    ),
    "resolv": Program(HELLO, {"package": CURES, "binary": CURES}, ("-Wl,--no-as-needed", "-lresolv")),
}  # fmt: skip


# --- the root, and what stands for Alpine's packages --------------------------------------------------------


@cache
def source_root() -> Path:
    """The real Alpine root."""
    try:
        return alpine()
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A private copy of the root with ``/t`` for programs."""
    place = tmp_path / "root"
    place.mkdir()
    linked_copy(source_root(), place)
    (place / "t").mkdir()
    return place


def built(name: str, folder: Path, *flags: str) -> Path:
    """A shim compiled for musl."""
    try:
        return zig_cc("x86_64-linux-musl", [HOME / name], folder / f"{name}.so", "-O1", *flags)
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")


def install(package: str, root: Path) -> None:
    """Put the files of a package where Alpine's would lie."""
    work = root / "build"
    work.mkdir(exist_ok=True)
    lib = root / "usr" / "lib"
    if package in ("libstdc++", "libgcc"):
        runtime(lib)
    elif package == "gcompat":
        shutil.copy(built("gcompat.c", work, "-shared", "-fPIC", "-nostdlib"), root / "lib" / "libgcompat.so.0")
        starter = built("starter.c", work, "-nostdlib", "-shared", "-fPIC", "-fno-stack-protector", "-ffreestanding")
        (root / "lib64").mkdir(exist_ok=True)
        for path in ("lib/ld-linux-x86-64.so.2", "lib64/ld-linux-x86-64.so.2"):
            shutil.copy(starter, root / path)
        for name in ("libresolv.so.2", "libcrypt.so.1"):
            (root / "lib" / name).symlink_to("libgcompat.so.0")
    else:
        name = {"libucontext": "libucontext.so.1", "gnu-libiconv": "preloadable_libiconv.so"}[package]
        shutil.copy(built(f"{package}.c", work, "-shared", "-fPIC", "-nostdlib"), lib / name)


def runtime(lib: Path) -> None:
    """Alpine's libstdc++ and libgcc, as a musllinux wheel carries them."""
    try:
        wheel = pypi_file(
            "pandas", "3.1.1", "pandas-3.1.1-cp312-cp312-musllinux_1_2_x86_64.whl",
            "255fab1fee49783494ec2e8fc5ed27bf896c5e05e9266826d4a9738bfd77d56c",
        )  # fmt: skip
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")
    with zipfile.ZipFile(wheel) as archive:
        for name, plain in (("libstdc++-5d72f927.so.6.0.33", "libstdc++.so.6"),
                            ("libgcc_s-0cd532bd.so.1", "libgcc_s.so.1")):  # fmt: skip
            for known in (name, plain):
                (lib / known).write_bytes(archive.read(f"pandas.libs/{name}"))


def inside(root: Path, environment: Mapping[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command inside the root."""
    enter = ["chroot", str(root), *command]
    if os.geteuid() != 0:
        if not shutil.which("unshare"):
            pytest.skip("not checked: chroot needs root or unshare(1)")
        enter = ["unshare", "-r", *enter]
    # The variable is for the program inside, not for chroot: this machine's loader would read it too.
    inner = [*enter[: -len(command)], "/usr/bin/env", *(f"{k}={v}" for k, v in environment.items()), *command]
    return subprocess.run(inner, capture_output=True, text=True, errors="replace", timeout=RUN_LIMIT, check=False)


def pasted(way: Tried, root: Path, binary: Path) -> subprocess.CompletedProcess[str]:
    """Do what a way out says, command by command, then run the program."""
    environment: dict[str, str] = {}
    place = root / "t" / "program"
    shutil.copy(binary, place)
    for command in way.commands:
        words = shlex.split(command)
        if words[:2] == ["apk", "add"]:
            for package in words[2:]:
                install(package, root)
        elif words[:2] == ["muslint", "fix"]:
            words = [word.replace("FIXED", str(place)) for word in words[1:]]
            done = subprocess.run(
                [sys.executable, "-m", "muslint", *words, "--on", f"rootfs:{root}"],
                capture_output=True, text=True, timeout=RUN_LIMIT, check=False,
            )  # fmt: skip
            assert "written" in done.stdout, done.stdout + done.stderr
        elif words[0] == "export":
            name, _, value = words[1].partition("=")
            environment[name] = value
        else:
            raise AssertionError(command)
    return inside(root, environment, "/t/program")


def ways(binary: Path, on: str) -> tuple[Judged, dict[str, Tried]]:
    """What is offered: the first way of each kind."""
    judged = check(f"file:{binary}", on).objects[0]
    first: dict[str, Tried] = {}
    for way in judged.remedies:
        first.setdefault(way.kind, way)
    return judged, first


def compiled(name: str, folder: Path) -> Path:
    """A program, or a skip where the machine cannot compile."""
    program = PROGRAMS[name]
    source = folder / f"{name}.{program.suffix}"
    source.write_text(program.source)
    try:
        return system_cc([source], folder / name, *program.flags)
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")


# --- the tests ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROGRAMS)
def test_ways_out_are_what_they_say(name: str, root: Path, tmp_path: Path) -> None:
    """Each way out that can be pasted here is, in a root of its own; the program does what the model said."""
    program = PROGRAMS[name]
    binary = compiled(name, tmp_path)
    judged, first = ways(binary, f"rootfs:{source_root()}")
    told = {kind: (way.effect, way.commands, way.remains) for kind, way in first.items()}
    assert {kind: first[kind].effect for kind in program.effects if kind in first} == program.effects, told
    for kind, names in program.remains.items():
        assert set(first[kind].remains) == set(names), told
    for number, way in enumerate(judged.remedies):
        if way.kind in ("package", "preload", "binary"):
            place = tmp_path / f"root{number}"
            place.mkdir()
            linked_copy(root, place)
            _holds(program, way, pasted(way, place, binary))


def _holds(program: Program, way: Tried, run: subprocess.CompletedProcess[str]) -> None:
    said = (way.commands, run.returncode, run.stdout, run.stderr)
    gone = set(re.findall(r"Error (?:relocating [^:]*: |loading shared library )([^:\s]+)", run.stderr))
    if way.effect is Effect.CURES:
        assert (run.returncode, run.stdout.strip()) == (0, program.says), said
    elif way.effect is Effect.HIDES:
        assert not gone, said
        assert run.stdout.strip() != program.says, said
    else:
        left = {name for name in way.remains if not _of_behaviour(name)}
        libraries = {name for name in gone if ".so" in name}
        # Names of a library that is not there follow from that.
        assert (left <= gone and libraries <= left) if libraries else gone == left, said
        assert way.loads is (not gone)


def _of_behaviour(name: str) -> bool:
    from muslint.rules import behaviours

    return any(rule.id == name for rule in behaviours())


def test_library_in_a_host(root: Path, tmp_path: Path) -> None:
    """A glibc-built library in a musl process: gcompat gives it names only when preloaded; a real loader agrees."""
    source = tmp_path / "plugin.c"
    source.write_text(
        "#include <string.h>\nvoid *__memcpy_chk(void *, const void *, size_t, size_t);\n"
        "void *f(void *a, void *b, size_t n, size_t m) { return __memcpy_chk(a, b, n, m); }\n"
    )
    try:
        flags = ("-shared", "-fPIC", "-Wl,--no-as-needed", "-l:ld-linux-x86-64.so.2")
        library = system_cc([source], root / "t" / "plugin.so", *flags)
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")
    judged = check(f"file:{library}", f"rootfs:{source_root()}").objects[0]
    told = {way.commands: (way.effect, way.remains) for way in judged.remedies}
    preloaded = ("apk add gcompat", "export LD_PRELOAD=/lib/libgcompat.so.0")
    assert told.get(preloaded, (None,))[0] is Effect.CURES, told
    assert told[("apk add gcompat",)] == (Effect.HELPS, ("__memcpy_chk",)), told
    install("gcompat", root)
    alone = real_loader.list_file(root, "/t/plugin.so")
    assert alone.errors == ("Error relocating /t/plugin.so: __memcpy_chk: symbol not found",)
    assert real_loader.list_file(root, "/t/plugin.so", preload="/lib/libgcompat.so.0").exit == 0


RELEASES = {"bookworm": "3.17", "trixie": "3.20"}
"""Debian's musl 1.2.3 and 1.2.5, and an Alpine with that release."""


def test_a_later_alpine(tmp_path: Path) -> None:
    """The lowest release that is enough is named; the real loaders of that and of the one before agree."""
    source = tmp_path / "s.c"
    source.write_text("int statx(void);\nint main(int c, char **v) { return c > 9 ? statx() : 0; }\n")
    try:
        binary = zig_cc("x86_64-linux-musl", [source], tmp_path / "s", "-dynamic")
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")
    _, first = ways(binary, f"alpine:{RELEASES['bookworm']}")
    assert first["release"].commands == ("FROM alpine:3.20",)
    assert first["release"].effect is Effect.CURES
    assert "image" not in first
    for suite, status in (("bookworm", 127), ("trixie", 0)):
        try:
            place = musl.install(musl.loader(suite, "amd64"), tmp_path / suite)
        except Unavailable as reason:
            pytest.skip(f"not checked: {reason}")
        shutil.copy(binary, place / "s")
        assert real_loader.list_file(place, "/s").exit == status


def test_libexecinfo_until_it_left(tmp_path: Path) -> None:
    """Alpine 3.16 has it, 3.17 has not."""
    binary = compiled("backtrace", tmp_path)
    preload = "export LD_PRELOAD=/usr/lib/libexecinfo.so.1"
    for release, there in (("3.16", True), ("3.17", False)):
        judged, _ = ways(binary, f"alpine:{release}")
        cures = [way for way in judged.remedies if preload in way.commands and way.cures]
        assert bool(cures) is there


@pytest.mark.parametrize("form", ["directory", "tar", "image"])
def test_packages_for_a_root_in_any_form(form: str, tmp_path: Path) -> None:
    """/etc/alpine-release is no ELF file; it is looked into in an archive too, for it says which packages there are."""
    place = tmp_path / "root"
    try:
        musl.install(musl.loader("1.2.5"), place)
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")
    (place / "etc").mkdir(exist_ok=True)
    (place / "etc/alpine-release").write_text("3.23.0\n")
    shutil.copy(compiled("fortify", tmp_path), place / "app")
    source = place
    if form != "directory":
        source = tmp_path / "root.tar"
        with tarfile.open(source, "w") as archive:
            archive.add(place, ".")
    if form == "image":
        made = Layout(tmp_path / "image")
        source = made.written(made.image([source.read_bytes()]))
    judged = next(judged for judged in check(str(source), None).objects if judged.path.endswith("/app"))
    assert ("apk add gcompat",) in [way.commands for way in judged.remedies if way.cures]


WAITS = """#include <condition_variable>
#include <memory>
#include <mutex>
#include <shared_mutex>
int main(int c, char **) {
  auto p = std::make_shared<int>(c);
  auto q = p;
  std::mutex m;
  std::condition_variable v;
  std::unique_lock<std::mutex> l(m);
  v.wait_for(l, std::chrono::milliseconds(1));
  std::shared_timed_mutex s;
  return s.try_lock_for(std::chrono::milliseconds(1)) ? 0 : *q;
}
"""
ASKS = """#include <stdexcept>
extern "C" int mallopt(void);
int main() { if (mallopt()) throw std::runtime_error("x"); }
"""


@pytest.mark.parametrize(
    ("source", "flags", "left"),
    [(WAITS, ("-O2",), ()), (WAITS, ("-O2", "-static-libstdc++", "-static-libgcc"), ()), (ASKS, (), ("mallopt",))],
)
def test_a_rebuild_in_cxx(source: str, flags: tuple[str, ...], left: tuple[str, ...], tmp_path: Path) -> None:
    """Headers of libstdc++ ask for what the C library of the build has: musl's headers have no such names.

    A zig that compiles C leaves libc++ out: that it is C++ is part of the command.
    """
    (tmp_path / "x.cc").write_text(source)
    try:
        binary = system_cc([tmp_path / "x.cc"], tmp_path / "x", "-lstdc++", "-lgcc_s", "-pthread", *flags)
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")
    judged, first = ways(binary, "alpine:3.23")
    words = {finding.symbol for finding in judged.findings if finding.symbol}
    assert ("pthread_cond_clockwait" in words) is (source is WAITS)
    named = {"__libc_single_threaded", "pthread_cond_clockwait", "pthread_rwlock_clockwrlock", "mallopt"}
    assert named & set(first["rebuild"].remains) == set(left)
    assert any(command.startswith("zig c++ -target x86_64-linux-musl") for command in first["rebuild"].commands)


def test_a_package_that_a_later_alpine_lacks(tmp_path: Path) -> None:
    """A name of a shim that left and one that a later release brought: each release is tried with what it has."""
    source = tmp_path / "both.c"
    source.write_text("int backtrace(void), statx(void);\nint f(void) { return backtrace() + statx(); }\n")
    try:
        library = system_cc([source], tmp_path / "both.so", "-shared", "-fPIC")
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")
    judged, first = ways(library, "alpine:3.16")
    assert judged.verdict == "fails"
    assert first["preload"].remains == ("statx",)
    assert "image" in first


def test_objects_copied_from_a_runtime_known_by_name(tmp_path: Path) -> None:
    """A program that copies ``std::cout`` runs on an image of which only the name of its libstdc++ is known."""
    source = tmp_path / "cout.cc"
    source.write_text('#include <iostream>\nint main() { std::cout << "ok"; }\n')
    try:
        binary = system_cc([source], tmp_path / "cout", "-no-pie", "-fno-pie", "-lstdc++")
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")
    judged = check(f"file:{binary}", "debian:13-slim").objects[0]
    assert judged.verdict == "runs", judged.findings
    assert any(name.endswith("libstdc++.so.6") for name in judged.assumed)


def test_an_image_with_the_packages_it_lacks(tmp_path: Path) -> None:
    """Where an image lacks a library whose package is known there, that is added; else it stands as it is."""
    for soname, enough in (("libatomic.so.1", True), ("libnobodyknows.so.7", False)):
        source, library = tmp_path / "uses.c", tmp_path / soname
        source.write_text(f"{HELLO}extern int given(void);\nint use(void) {{ return given(); }}\n")
        (tmp_path / "gives.c").write_text("int given(void) { return 1; }\n")
        try:
            system_cc([tmp_path / "gives.c"], library, "-shared", "-fPIC", f"-Wl,-soname,{soname}")
            binary = system_cc([source], tmp_path / f"uses-{enough}", str(library))
        except Unavailable as reason:
            pytest.skip(f"not checked: {reason}")
        judged = check(f"file:{binary}", "alpine:3.23").objects[0]
        way = next(way for way in judged.remedies if way.kind == "image")
        if enough:
            assert way.effect is CURES and way.commands == ("FROM debian:13-slim", "apt-get install libatomic1")
            assert "libatomic.so.1 is taken to give" in way.text
        else:
            assert way.effect is not CURES and way.commands == ("FROM debian:13-slim",)


CONSISTENT = (
    "h5py-3.16.0",
    *(("pandas-3.1.1", "scikit_learn-1.9.1", "scipy-1.18.1", "netcdf4-1.7.5.1") if FULL else ()),
)


def consistent() -> Iterator[Path]:
    """Wheels for the next test, out of the cache of the oracle's."""
    from tests.support.roots import _toml

    for row in _toml("wheels.toml")["wheel"]:
        if row["file"].startswith(CONSISTENT):
            try:
                yield pypi_file(row["name"], row["version"], row["file"], row["sha256"])
            except Unavailable as reason:
                pytest.skip(f"not checked: {reason}")


def test_what_is_said_is_what_check_says_there() -> None:
    """A package, a release or an image as target gives the findings that the remedy said are left."""
    compared = 0
    for wheel in consistent():
        report = check(str(wheel), "alpine:3.23")
        targets: dict[str, list[tuple[Judged, Tried]]] = {}
        for judged in report.objects:
            for way in judged.remedies:
                if way.kind in ("package", "release", "image") and not any("apt-get" in c for c in way.commands):
                    targets.setdefault(_target(way), []).append((judged, way))
        for target, told in sorted(targets.items()):
            there = {judged.path: judged for judged in check(str(wheel), target).objects}
            for judged, way in told:
                assert _left(there[judged.path]) == set(way.remains), (judged.path, target)
                compared += 1
    assert compared > 20


def _target(way: Tried) -> str:
    base, packages = "alpine:3.23", ""
    for command in way.commands:
        if command.startswith("FROM "):
            base = command.removeprefix("FROM ")
        else:
            packages = "+" + "+".join(command.removeprefix("apk add ").split())
    return base + packages


def _left(judged: Judged) -> set[str]:
    found = set()
    for finding in judged.findings:
        if finding.severity is not Severity.INFO and finding.rule != "label-mismatch":
            about = finding.symbol or finding.version or finding.library or finding.rule
            found.add(finding.rule if finding.when is When.RUN else about)
    return found


def test_nothing_is_imported_where_nothing_fails(tmp_path: Path) -> None:
    """What runs needs no advice."""
    binary = compiled("interpreter", tmp_path)
    code = (
        "import sys\nfrom muslint.pipeline import check\n"
        f"check('file:{binary}', 'debian:13')\nassert 'muslint.advice.advisor' not in sys.modules\n"
        f"check('file:{binary}', 'alpine:3.23')\nassert 'muslint.advice.remedies' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=RUN_LIMIT)


GO_NOTE = """
__asm__(".section .note.go.buildid,\\"a\\",@note\\n.long 3,4,4\\n.asciz \\"Go\\"\\n.balign 4\\n"
    ".ascii \\"main\\"\\n.text\\n");
"""
GO_MAIN = """int backtrace(void **, int);
#ifdef OTHER
int other(void);
#else
#define other() 0
#endif
int main(void) { void *x[4]; return backtrace(x, 4) + other(); }
"""


def test_a_rebuild_in_go(tmp_path: Path) -> None:
    """Without cgo only a program is built, and one with more than the C library in it only perhaps. What a Python
    module has of Go came in an archive: its own linker makes it anew."""
    source = tmp_path / "main.c"
    source.write_text(GO_NOTE + GO_MAIN)
    other = tmp_path / "other.c"
    other.write_text("int other(void) { return 0; }\n")
    plugin = tmp_path / "plugin.c"
    plugin.write_text(GO_NOTE + "int __isnanf(float); int PyLong_AsLong(void *);\n"
                      "int PyInit_main(float f) { return __isnanf(f) + PyLong_AsLong(&f); }\n")  # fmt: skip
    glibc, shared = "x86_64-linux-gnu.2.17", ("-shared", "-fPIC")
    zig_cc(glibc, [other], tmp_path / "libother.so.1", *shared, "-Wl,-soname,libother.so.1")
    zig_cc(glibc, [source], tmp_path / "plain")
    zig_cc(glibc, [source, tmp_path / "libother.so.1"], tmp_path / "linked", "-DOTHER")
    zig_cc(glibc, [plugin], tmp_path / "plugin.so", *shared)
    found = {
        name: {way.commands[-1]: way for way in only(tmp_path / name).remedies if way.kind == "rebuild"}
        for name in ("plain", "linked", "plugin.so")
    }
    without = "CGO_ENABLED=0 go build"
    assert found["plain"][without].cures
    assert found["linked"][without].effect is Effect.UNTRIED
    assert found["linked"][without].text.endswith("what it has from libother.so.1")
    assert [command.partition(" -target")[0] for command in found["plugin.so"]] == ["zig cc"]


def test_what_a_host_brings_itself(tmp_path: Path) -> None:
    """Node.js is linked with libstdc++: where it is, the library is too."""
    (tmp_path / "x.c").write_text("int napi_get_undefined(void *); void _ZSt9terminatev(void);\n"
                                  "int napi_register_module_v1(void *x)\n"
                                  "{ if (!x) _ZSt9terminatev(); return napi_get_undefined(x); }\n")  # fmt: skip
    (tmp_path / "std.c").write_text("void _ZSt9terminatev(void) {}\n")
    flags = ("-shared", "-fPIC")
    library = zig_cc("x86_64-linux-musl", [tmp_path / "std.c"], tmp_path / "s.so", *flags, "-Wl,-soname,libstdc++.so.6")
    plugin = zig_cc("x86_64-linux-musl", [tmp_path / "x.c", library], tmp_path / "x.node", *flags)
    (way,) = [way for way in only(plugin).remedies if way.kind == "package"]
    assert (way.commands, way.cures) == (("apk add libstdc++",), True)
    assert way.text == "the file as it is; Node.js itself brings libstdc++"


def only(file: Path) -> Judged:
    """The file judged alone."""
    (judged,) = check(str(file), on="alpine:3.23").objects
    return judged
