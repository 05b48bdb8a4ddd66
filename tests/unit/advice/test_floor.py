"""The floor: versions as objdump and readelf have them, releases as the loader of each has it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from muslint.across import Across
from muslint.advice.floor import Release, grouped, lowest, steps
from muslint.cli.floor import _release_lines, floors
from muslint.elf.dynamic import read
from muslint.libc.glibc import version_key
from muslint.sources.bytes import MemoryBytes
from tests.support.cache import REPOSITORY, Unavailable
from tests.support.compile import zig_cc
from tests.support.roots import alpine_with_wheels

FULL = os.environ.get("MUSLINT_ORACLE") == "full"
TOOLS = shutil.which("objdump") and shutil.which("readelf")


def wheels() -> list[Path]:
    """The manylinux wheels of the corpus that the test cache holds, or all of a directory, ``MUSLINT_WHEELS``."""
    if own := os.environ.get("MUSLINT_WHEELS"):
        return sorted(Path(own).glob("*.whl"))
    try:
        alpine_with_wheels()
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")
    from tests.support.cache import cache_dir

    corpus = tomllib.loads((REPOSITORY / "tests" / "oracle" / "wheels.toml").read_text())["wheel"]
    found = sorted(cache_dir() / "wheels" / wheel["file"] for wheel in corpus if "manylinux" in wheel["file"])
    return found if FULL else found[:: max(1, len(found) // 6)]


def members(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of the ELF files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if ".so" in entry.filename and entry.file_size < 40 << 20:
                data = archive.read(entry)
                if data[:4] == b"\x7fELF":
                    yield entry.filename, data


def by_objdump(file: Path) -> dict[str, set[str]]:
    """Version → undefined names, from ``objdump -T``; with the versions of ``readelf -V`` that no name has."""
    done = subprocess.run(["objdump", "-T", str(file)], capture_output=True, text=True, timeout=60, check=True)
    found: dict[str, set[str]] = {}
    for line in done.stdout.splitlines():
        match = re.search(
            r"\*UND\*\s+[0-9a-f]+\s+\(?((?:GLIBC|GLIBCXX|CXXABI|GCC)_[\w.]+)\)?\s+(?:\.\w+ )?(\S+)$", line
        )
        if match:
            found.setdefault(match[1], set()).add(match[2])
    done = subprocess.run(["readelf", "-VW", str(file)], capture_output=True, text=True, timeout=60, check=True)
    for match in re.finditer(r"Name: ((?:GLIBC|GLIBCXX|CXXABI|GCC)_[\w.]+)  Flags", done.stdout):
        found.setdefault(match[1], set())
    return found


@pytest.mark.skipif(not TOOLS, reason="not checked: no objdump and readelf on this machine")
def test_versions_are_those_of_binutils(tmp_path: Path) -> None:
    """The versions and the symbols of each are those objdump and readelf print; but for few lies, as the tag says."""
    seen = 0
    lies: list[str] = []
    for wheel in wheels():
        tags = [tuple(map(int, m)) for m in re.findall(r"manylinux_(\d+)_(\d+)", wheel.name)]
        for name, data in list(members(wheel))[: None if FULL else 8]:
            file = tmp_path / "object"
            file.write_bytes(data)
            mine = steps(read(MemoryBytes(data), name))
            told = {step.version: set(step.symbols) for family in mine.values() for step in family}
            assert told == by_objdump(file), f"{wheel.name}: {name}"
            highest = [s for s in mine.get("GLIBC", ()) if re.fullmatch(r"GLIBC_[\d.]+", s.version)]
            if highest and tags and version_key(highest[0].version) > max(tags):
                lies.append(f"{wheel.name}: {name}")
            seen += 1
    assert len(lies) * 50 <= seen, lies
    assert seen >= (200 if FULL else 20)


def library(folder: Path, *names: str) -> Path:
    """A library that calls functions by name, built for glibc 2.36."""
    source = folder / "x.c"
    calls = "".join(f"extern void {name}(void);\n" for name in names)
    source.write_text(calls + "void go(void) {" + "".join(f"{name}();" for name in names) + "}\n")
    try:
        return zig_cc(
            "x86_64-linux-gnu.2.36", [source], folder / "x.so", "-shared", "-fPIC", "-fno-builtin", "-Wl,-z,lazy"
        )
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")


@pytest.mark.parametrize(
    ("name", "musl", "alpine"),
    [
        ("statx", "1.2.5", "3.20"), ("qsort_r", "1.2.3", "3.15"), ("posix_fallocate64", "1.2.6", "3.24"),
        ("reallocarray", "1.2.2", "3.13"), ("open64", "1.1.19", "3.9"), ("backtrace", None, None),
        ("fcntl64", None, None),
    ],
)  # fmt: skip
def test_lowest_release(name: str, musl: str | None, alpine: str | None, tmp_path: Path) -> None:
    """The lowest releases that load a library with one such reference, and what the lower ones lack."""
    (item,) = floors(Across(str(library(tmp_path, name))))
    for releases, wanted in ((item.musl, musl), (item.alpine, alpine)):
        found = lowest(releases)
        assert (found.name if found else None) == wanted
        assert {lack for release in releases for lack in release.lacks} <= {name}
    if name == "posix_fallocate64":
        assert [r.name for r in item.alpine if r.lacks] == ["3.19", "3.20", "3.21", "3.22", "3.23"]


def test_releases_are_as_ldd_says(tmp_path: Path) -> None:
    """What each release lacks is what its loader prints."""
    file = library(tmp_path, "statx", "qsort_r", "posix_fallocate64", "memfd_create", "backtrace", "puts")
    (item,) = floors(Across(str(file)))
    for release in (*item.musl, *item.alpine):
        done = subprocess.run(
            [sys.executable, "-m", "muslint", "ldd", "--on", release.target, str(file)],
            capture_output=True, text=True, timeout=60, check=False, cwd=REPOSITORY / "src",
        )  # fmt: skip
        printed = re.findall(r": (\w+): symbol not found", done.stderr)
        assert sorted(set(printed)) == sorted(release.lacks), release.target


def test_runs() -> None:
    """Neighbours that lack the same are told together; a gap in the middle moves the floor above it."""
    releases = [Release(n, n, what) for n, what in (("1", ("a",)), ("2", ("a",)), ("3", ()), ("4", ("b",)), ("5", ()))]
    assert lowest(releases) == releases[4]
    assert grouped(releases) == (("4", "4", ("b",)), ("1", "2", ("a",)))
    assert lowest(releases[:4]) is None


def test_the_loader_of_glibc_is_in_no_musl(tmp_path: Path) -> None:
    """Where it is needed as a library, musl and Alpine say the same; a rule's id is no word for people."""
    library(tmp_path, "puts")
    try:
        flags = ("-shared", "-fPIC", "-fno-builtin")
        own = zig_cc("x86_64-linux-gnu.2.36", [tmp_path / "x.c"], tmp_path / "ld-linux-x86-64.so.2", *flags,
                     "-Wl,-soname,ld-linux-x86-64.so.2")  # fmt: skip
        (tmp_path / "y.c").write_text("extern void go(void);\nvoid gone(void) { go(); }\n")
        (tmp_path / "part").mkdir()
        file = zig_cc("x86_64-linux-gnu.2.36", [tmp_path / "y.c", own], tmp_path / "part" / "y.so", *flags)
    except Unavailable as reason:
        pytest.skip(f"not checked: {reason}")
    (item,) = floors(Across(str(file)))
    assert lowest(item.musl) is lowest(item.alpine) is None
    assert {release.lacks[0] for release in (*item.musl, *item.alpine)} == {"ld-linux-x86-64.so.2"}
    relr = Release("1.2.3", "musl:1.2.3", ("relr-unsupported",))
    told = list(_release_lines("musl", (relr, Release("1.2.4", "musl:1.2.4", ())), False))
    assert told == ["  musl     1.2.4", "           1.2.3 lacks packed relative relocations (DT_RELR)"]


def test_command(tmp_path: Path) -> None:
    """The command: text, JSON, an unreadable source."""
    file = library(tmp_path, "statx", "puts")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "muslint", "floor", *arguments],
            capture_output=True, text=True, timeout=60, check=False, cwd=REPOSITORY / "src",
        )  # fmt: skip

    done = run(str(file))
    assert done.returncode == 0
    assert "GLIBC    2.28      statx" in done.stdout
    assert "1.1.19 to 1.2.4 lack statx" in done.stdout
    document = json.loads(run(str(file), "-o", "json").stdout)
    (item,) = document["objects"]
    assert item["alpine"]["lowest"] == "3.20"
    assert item["versions"]["GLIBC"][0] == {"version": "GLIBC_2.28", "symbols": ["statx"], "weak": False}
    assert run(str(tmp_path / "none")).returncode == 3
    assert run(str(file), "-o", "xml").returncode == 2
    assert run().returncode == 2
    assert run(str(file), "--arch", "aarch64").returncode == 3
    kept = tmp_path / "kept.json"
    assert run(str(file), "--no-cache", "--strict", "-o", f"json={kept}", "-o", "text").stdout == done.stdout
    assert json.loads(kept.read_text()) == document
