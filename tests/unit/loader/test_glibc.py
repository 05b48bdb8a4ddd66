"""The parts of glibc's loader by themselves: no network, no real loader."""

import struct
from dataclasses import replace

import pytest

from muslint.elf.listed import Export, listed_versions
from muslint.errors import UnknownTarget
from muslint.loader.base import TableTree
from muslint.loader.glibc import GlibcLoader
from muslint.loader.glibc_base import glibc_image, image_loader
from muslint.loader.glibc_bind import GlibcFacts
from muslint.loader.glibc_cache import compare, parse
from muslint.loader.glibc_deps import _depth_first, _moved
from muslint.loader.glibc_map import LinkMap, strerror
from muslint.loader.glibc_rtld import PROCESSORS, Processor, Rtld, rtld_of
from muslint.loader.glibc_search import directories, directory_of, expand
from muslint.loader.glibc_types import types_of
from muslint.loader.named import parse_target
from muslint.sources.bytes import MemoryBytes
from muslint.sources.tree import Opened

ITSELF = listed_versions("/lib64/ld-linux-x86-64.so.2", "x86_64", (), ("GLIBC_2.2.5",), ())


def rtld(release: tuple[int, int] = (2, 36), level: int = 4) -> Rtld:
    """A loader as it lies in Debian."""
    return Rtld(
        "/lib64/ld-linux-x86-64.so.2", "/lib64/ld", "x86_64", ITSELF, release, "ld-linux-x86-64.so.2",
        ("/lib/x86_64-linux-gnu/", "/lib/"), "lib/x86_64-linux-gnu", "x86_64", processor=Processor(level),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$ORIGIN/../lib", "/o/../lib"),
        ("${ORIGIN}x", "/ox"),
        ("$ORIGINAL", "$ORIGINAL"),
        ("$ORIGIN_", "$ORIGIN_"),
        ("/$LIB/$PLATFORM", "/lib/x86_64-linux-gnu/x86_64"),
        ("$FOO${LIB", "$FOO${LIB"),
    ],
)
def test_tokens(text: str, expanded: str) -> None:
    """A token ends where a name would; unknown ones stay."""
    assert expand(text, "/o", rtld()) == expanded


def test_directories() -> None:
    """One slash at the end, each once, an empty entry for the working directory."""
    assert directories("/a//:/b:/a::$ORIGIN", ":", "/o", rtld()) == ("/a/", "/b/", "", "/o/")
    assert [directory_of(path) for path in ("/x/y", "/y", "x/y", "y")] == ["/x", "/", "/x", "/"]


@pytest.mark.parametrize(
    ("release", "level", "found"),
    [
        ((2, 31), 4, ("tls/x86_64/x86_64/", "tls/x86_64/", "tls/", "x86_64/x86_64/", "x86_64/", "")),
        ((2, 41), 3, ("glibc-hwcaps/x86-64-v3/", "glibc-hwcaps/x86-64-v2/", "")),
        ((2, 41), 1, ("",)),
    ],
)
def test_subdirectories(release: tuple[int, int], level: int, found: tuple[str, ...]) -> None:
    """By release and by level of the processor."""
    assert rtld(release, level).subdirectories == found


def test_subdirectories_of_intel() -> None:
    """Every choice of tls, the platform and the capabilities, those that come first mattering most."""
    intel = PROCESSORS["skylake-avx512"]
    found = replace(rtld((2, 31)), platform=intel.platform or "", processor=intel).subdirectories
    assert len(found) == 16
    assert found[:3] == ("tls/haswell/avx512_1/x86_64/", "tls/haswell/avx512_1/", "tls/haswell/x86_64/")
    assert found[-3:] == ("avx512_1/", "x86_64/", "")


@pytest.mark.parametrize(
    ("less", "more"),
    [("liba.so.2", "liba.so.10"), ("liba.so", "liba1.so"), ("liba.so", "libb.so"), ("liba", "liba.so")],
)
def test_names_of_the_cache(less: str, more: str) -> None:
    """Digits compare as numbers, and stand above everything else."""
    assert compare(less, more) < 0 < compare(more, less)
    assert compare(less, less) == 0


def cache_file(entries: list[tuple[str, str, int]], hwcaps: list[str]) -> bytes:
    """A cache of the new format with entries (name, path, capabilities), highest name first."""
    strings, offsets = b"", {}
    start = 48 + 24 * len(entries)
    for text in [*(t for name, path, _ in entries for t in (name, path)), *hwcaps]:
        offsets[text] = start + len(strings)
        strings += text.encode() + b"\0"
    strings += b"\0" * (-(start + len(strings)) % 4)
    extension = start + len(strings)
    head = b"glibc-ld.so.cache1.1" + struct.pack("<IIB3xI12x", len(entries), len(strings), 2, extension)
    rows = b"".join(struct.pack("<iIIIQ", 0x303, offsets[n], offsets[p], 0, c) for n, p, c in entries)
    section = struct.pack("<IIIIII", 0xEAA42174, 1, 1, 0, extension + 24, 4 * len(hwcaps))
    return head + rows + strings + section + b"".join(struct.pack("<I", offsets[h]) for h in hwcaps)


NAMED = 1 << 62


def test_cache() -> None:
    """The best hwcaps directory the processor has, else the plain entry; older releases know the plain one only."""
    entries = [
        ("libb.so.1", "/b", 0),
        ("liba.so.1", "/v3", NAMED | 1),
        ("liba.so.1", "/v2", NAMED | 0),
        ("liba.so.1", "/plain", 0),
        ("liba.so.1", "/later", 0),
    ]
    cache = parse(cache_file(entries, ["x86-64-v2", "x86-64-v3"]), True)
    assert cache is not None
    found = [cache.find("liba.so.1", rtld((2, 36), level)) for level in (4, 2, 1)]
    assert found == ["/v3", "/v2", "/plain"]
    assert cache.find("liba.so.1", rtld((2, 31))) == "/plain"
    assert (cache.find("libb.so.1", rtld()), cache.find("libc.so.1", rtld())) == ("/b", None)


@pytest.mark.parametrize("data", [b"", b"x" * 100, b"glibc-ld.so.cache1.1" + b"\xff" * 60])
def test_no_cache(data: bytes) -> None:
    """What is none is passed over."""
    assert parse(data, True) is None


def maps(*needs: str) -> list[LinkMap]:
    """Objects by number, the first the program: ``maps("12", "2", "")`` has 0 → 1, 2 and 1 → 2."""
    found = [LinkMap(str(n), [str(n)], None, None, program=n == 0) for n in range(len(needs))]
    for loaded, names in zip(found, needs, strict=True):
        loaded.deps = [found[int(n)] for n in names]
    return found


def test_orders() -> None:
    """Dependents come before what they need in both sorts; in a cycle the two differ as the real ones do."""
    line = maps("1", "2", "3", "")
    assert [m.name for m in _depth_first(line)] == ["0", "1", "2", "3"]
    late = maps("12", "", "1")
    assert [m.name for m in _depth_first(late)] == ["0", "2", "1"]
    assert [m.name for m in _moved(late[1:])] == ["2", "1"]
    cycle = maps("12", "2", "1")
    assert [m.name for m in _depth_first(cycle)] == ["0", "2", "1"]


def test_strerror() -> None:
    """The loader knows few texts."""
    assert (strerror(2), strerror(21)) == ("No such file or directory", "Error 21")


def test_which_names_answer() -> None:
    """A version exactly or none at all; without a version the first one, or the only default."""
    exports = (
        Export("a", "V1", False, True),
        Export("a", "V2", True, True),
        Export("b", "V2", False, True),
        Export("d", "V2", True, True),
    )
    given = GlibcFacts(listed_versions("/x.so", "x86_64", exports, ("V1", "V2"), ())).definitions
    assert given.free == {"a", "d"}
    assert given.of("V2")[0] == {"a", "b", "d"}
    assert not given.plain


def test_release_is_read_from_the_file() -> None:
    """A file that is no ELF is no loader, whatever its name."""
    assert rtld_of(TableTree({ITSELF.path: Opened("/x", 1, False, MemoryBytes(b"text"))}, {}), "x86_64") is None


def test_image() -> None:
    """An image of the tables loads its own libc, and libgcc by name only."""
    loader = image_loader(glibc_image("debian:12"), "x86_64")
    assert isinstance(loader, GlibcLoader)
    link = loader.open(None, "/lib/x86_64-linux-gnu/libm.so.6")
    assert (link.exit, link.errors) == (0, ())
    assert loader.defines("libstdc++.so.6", "GLIBCXX_3.4.30")
    assert not loader.defines("libstdc++.so.6", "GLIBCXX_3.4.31")
    assert loader.model.version == "2.36"


@pytest.mark.parametrize("name", ["glibc:x", "glibc:1.0", "nonsense:1", "alpine/none"])
def test_unknown_target(name: str) -> None:
    """Said in one line, with what may be written instead."""
    with pytest.raises(UnknownTarget):
        parse_target(name, None)


@pytest.mark.parametrize(
    ("arch", "known", "unknown"),
    [
        ("aarch64", {257, 258, 1025, 1031}, {259, 1033}),
        ("i386", {1, 14, 41}, {34, 43}),
        ("powerpc64le", {2, 9, 44, 70, 100, 111, 113, 247, 248}, {10, 45, 74, 101}),
        ("riscv64", {2, 5, 7, 9, 11}, {1, 6, 8, 10, 12}),
        ("s390x", {3, 17, 19, 23}, {2, 18, 20}),
    ],
)
def test_types_the_real_loaders_know(arch: str, known: set[int], unknown: set[int]) -> None:
    """Debian's s390x libGVars3_headless.so has R_390_PC32DBL, 19."""
    classes = types_of(arch).classes
    assert known <= set(classes)
    assert unknown.isdisjoint(classes)
