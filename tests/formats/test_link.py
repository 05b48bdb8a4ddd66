"""link-missing against a real linker: the names it calls undefined when it links with Alpine's own libc."""

import re
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from muslint.libc.glibc import is_glibc
from muslint.pipeline import check
from muslint.policy.verdict import Verdict
from muslint.rules.link_missing import _LIBGCC
from tests.support import compile as compiler
from tests.support import fetch, roots
from tests.support.cache import Unavailable, built, recipe_key
from tests.unit.rules.cases import FIXTURES

PACKAGES = ("libssl-dev", "zlib1g-dev", "libsqlite3-dev", "libxml2-dev", "libelf-dev", "libevent-dev", "libglib2.0-dev")
FOREIGN = ("zlib1g-dev", "libevent-dev")
LINK_TIMEOUT = 120.0


@cache
def libraries(arch: str) -> list[Path]:
    """The static libraries of some Debian packages; raises Unavailable without them."""
    names = PACKAGES if arch == "amd64" else FOREIGN
    found = fetch.debian_packages(names, "bookworm", arch)

    def unpack(folder: Path) -> None:
        fetch.unpack_debs(found.values(), folder)

    folder = built("formats", f"dev-{arch}", recipe_key(sorted(path.name for path in found.values())), unpack)
    return sorted(path for path in folder.rglob("*.a") if not path.is_symlink())


def undefined(library: Path, libc: Path) -> set[str]:
    """What ``ld.lld`` calls undefined when it links every member of ``library`` with a musl ``libc``."""
    spec = find_spec("ziglang")
    if spec is None or not spec.origin:
        raise Unavailable("the PyPI package ziglang is not installed")
    whole = ["--whole-archive", str(library), "--no-whole-archive", str(libc)]
    options = ["-e", "0", "-z", "muldefs", "--error-limit=0", "-o", "/dev/null"]
    done = subprocess.run(
        [str(Path(spec.origin).with_name("zig")), "ld.lld", *options, *whole],
        capture_output=True, text=True, timeout=LINK_TIMEOUT, check=False,
    )  # fmt: skip
    found = set(re.findall(r"undefined (?:hidden |protected )?symbol: (\S+)", done.stderr))
    # Only names: an error of another kind would end the link before it has looked at all of them.
    other = [line for line in done.stderr.splitlines() if "error:" in line and "undefined" not in line]
    assert not other, other[:3]
    return found


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_as_the_linker(arch: str) -> None:
    """The names of glibc's among those the linker misses are those of the findings, library by library."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}[arch]
    libc = roots.alpine(machine) / "lib" / f"ld-musl-{machine}.so.1"
    found = 0
    for library in libraries(arch):
        report = check(str(library), on="alpine:3.23")
        assert report.skipped == ()
        ours = {finding.symbol for judged in report.objects for finding in judged.findings}
        names = undefined(library, libc)
        assert ours == {name for name in names if is_glibc(name, machine) and name not in _LIBGCC}, library.name
        for judged in report.objects:
            assert judged.kind == "relocatable"
            assert judged.verdict is (Verdict.FAILS if judged.findings else Verdict.RUNS)
        found += len(ours)
    assert found > (50 if arch == "amd64" else 5)


def test_passed_over_in_a_root(tmp_path: Path) -> None:
    """In a whole file system nothing loads object files, static libraries and kernel modules: no word of them."""
    from tests.support import musl

    musl.install(musl.loader("1.2.5"), tmp_path)
    lib = tmp_path / "usr" / "lib"
    lib.mkdir(parents=True)
    source = FIXTURES / "link-missing" / "backtrace.c"
    part = compiler.zig_cc("x86_64-linux-gnu.2.28", [source], lib / "part.o", "-c")
    subprocess.run(["ar", "qcS", str(lib / "libpart.a"), str(part)], timeout=60, check=True)
    report = check(str(tmp_path))
    assert report.objects == ()
    assert report.skipped == ()
    report = check(str(lib), on="alpine:3.23")
    assert {(judged.path, judged.parents, judged.verdict) for judged in report.objects} == {
        ("part.o", (), Verdict.FAILS),
        ("part.o", ("libpart.a",), Verdict.FAILS),
    }


def test_passed_over_everywhere(tmp_path: Path) -> None:
    """Objects that hold no machine code yet; kernel modules without a word: no C library has a part in them."""
    module = tmp_path / "module.c"
    module.write_text(
        '__attribute__((section(".modinfo"), used)) static const char license[] = "license=GPL";\n'
        "int printk(const char *, ...);\nint backtrace(void **, int);\n"
        "int init_module(void) { return printk(license) + backtrace(0, 0); }\n"
    )
    compiler.zig_cc("x86_64-linux-gnu.2.28", [module], tmp_path / "module.ko", "-c")
    slim = tmp_path / "slim.c"
    slim.write_text("char __gnu_lto_slim;\nint backtrace(void **, int);\nint f(void) { return backtrace(0, 0); }\n")
    compiler.zig_cc("x86_64-linux-gnu.2.28", [slim], tmp_path / "slim.o", "-c")
    report = check(str(tmp_path), on="alpine:3.23")
    assert report.objects == ()
    assert {item.path: item.reason.partition(":")[0] for item in report.skipped} == {
        "module.ko": "a kernel module",
        "slim.o": "an object file for link-time optimisation",
    }


def test_thin(tmp_path: Path) -> None:
    """A thin archive only names its members."""
    (tmp_path / "part.o").write_bytes(b"\x7fELF")
    subprocess.run(["ar", "qcST", "libthin.a", "part.o"], cwd=tmp_path, timeout=60, check=True)
    from muslint.sources.source import open_source

    source = open_source(str(tmp_path / "libthin.a"))
    assert [(item.path, item.reason) for item in source.skipped] == [
        ("part.o", "a thin archive only names it: it lies elsewhere")
    ]


def test_two_members_of_a_name(tmp_path: Path) -> None:
    """Both are judged."""
    library = tmp_path / "libtwo.a"
    parts = []
    for name in ("backtrace", "large"):
        source = FIXTURES / "link-missing" / f"{name}.c"
        parts.append(compiler.zig_cc("x86_64-linux-gnu.2.28", [source], tmp_path / name / "part.o", "-c"))
    subprocess.run(["ar", "qcS", str(library), *map(str, parts)], timeout=60, check=True)
    report = check(str(library), on="alpine:3.23")
    assert {judged.path: [finding.symbol for finding in judged.findings] for judged in report.objects} == {
        "part.o": ["backtrace"],
        "part.o(2)": ["open64"],
    }


def test_no_loader_changes_what_a_linker_says(tmp_path: Path) -> None:
    """Of an object file neither a base image nor a package is a way out; where it lies in the model is told nobody."""
    source = tmp_path / "x.c"
    source.write_text(
        "int __clone(void), __libc_sigaction(void);\nint x(void) { return __clone() + __libc_sigaction(); }\n"
    )
    made = compiler.zig_cc("x86_64-linux-gnu.2.36", [source], tmp_path / "x.o", "-c")
    (judged,) = check(str(made), on="alpine:3.23").objects
    assert {finding.symbol for finding in judged.findings} == {"__clone", "__libc_sigaction"}
    assert {way.kind for way in judged.remedies} <= {"rebuild", "static", "download"}
    assert not any("@" in name for way in judged.remedies for name in way.remains)
