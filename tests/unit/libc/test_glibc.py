"""What glibc exports, and since when."""

from pathlib import Path

import pytest

from muslint.elf.dynamic import read
from muslint.errors import UnknownLibc
from muslint.libc import glibc
from muslint.sources.bytes import MemoryBytes
from tests.support import fetch


@pytest.mark.parametrize(
    ("name", "arch", "version"),
    [
        ("malloc", "x86_64", "2.2.5"),
        ("malloc", "aarch64", "2.17"),
        ("malloc", "i386", "2.0"),
        ("malloc", "riscv64", "2.27"),
        ("fcntl64", "x86_64", "2.28"),
        ("strlcpy", "x86_64", "2.38"),
        ("__isoc23_strtol", "arm64", "2.38"),
        ("_dl_find_object", "x86_64", "2.35"),
        ("pthread_create", "x86_64", "2.2.5"),
        ("_ZGVbN2v_cos", "x86_64", "2.22"),
        ("_ZGVnN2v_cos", "aarch64", "2.38"),
        ("nis_add", "x86_64", "2.2.5"),
        ("nis_add", "i386", "2.0"),
        ("nis_add", "riscv64", "2.27"),
        ("__libc_early_init", "x86_64", glibc.PRIVATE),
        ("getpwnam_of_nobody", "x86_64", None),
        ("_ZGVbN2v_cos", "s390x", None),
    ],
)
def test_since(name: str, arch: str, version: str | None) -> None:
    assert glibc.since(name, arch) == version
    assert glibc.is_glibc(name, arch) is (version is not None)


def test_a_name_that_moved_into_libc_keeps_both_libraries() -> None:
    symbol = glibc.symbols("x86_64")["pthread_create"]
    assert set(symbol.nodes) == {("pthread", "2.2.5"), ("c", "2.34")}
    assert symbol.libs == ("c", "pthread")


def test_an_old_and_a_new_node_of_one_name() -> None:
    assert set(glibc.symbols("x86_64")["memcpy"].nodes) == {("c", "2.2.5"), ("c", "2.14")}


def test_objects_are_told_from_functions() -> None:
    table = glibc.symbols("x86_64")
    assert (table["environ"].kind, table["puts"].kind) == ("O", "F")


def test_exports_grow_and_leave_private_names_out() -> None:
    sizes = [len(glibc.exports(v, "x86_64")) for v in ("2.17", "2.28", "2.31", "2.34", "2.44")]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 5
    assert "__libc_early_init" not in glibc.exports("2.44", "x86_64")
    assert "strlcpy" not in glibc.exports("2.37", "x86_64")


def test_public_names_of_x86_64_in_the_abilists() -> None:
    extra = {"nsl", "anl", "mvec", "thread_db", "BrokenLocale", "c_malloc_debug"}
    listed = [
        name
        for name, symbol in glibc.symbols("x86_64").items()
        if any(lib not in extra and node != glibc.PRIVATE for lib, node in symbol.nodes)
    ]
    assert len(listed) == 3934


def test_nodes_of_a_release() -> None:
    nodes = glibc.nodes("2.31", "x86_64")
    assert "GLIBC_2.30" in nodes["libc.so.6"]
    assert "GLIBC_2.32" not in nodes["libc.so.6"]
    assert "GLIBC_2.2.5" in nodes["libpthread.so.0"]
    assert "GLIBC_2.2.5" in nodes["ld-linux-x86-64.so.2"]


def test_nodes_without_names_of_their_own() -> None:
    assert "GLIBC_ABI_DT_RELR" in glibc.nodes("2.36", "s390x")["libc.so.6"]
    assert "GLIBC_ABI_DT_RELR" not in glibc.nodes("2.35", "s390x")["libc.so.6"]
    assert "GLIBC_2.4" in glibc.nodes("2.31", "x86_64")["ld-linux-x86-64.so.2"]
    assert "GLIBC_2.4" not in glibc.nodes("2.31", "aarch64")["ld-linux-aarch64.so.1"]


def test_nodes_keep_silent_on_libraries_not_read() -> None:
    assert "libnsl.so.1" in glibc.nodes("2.36", "aarch64")
    assert "libnsl.so.1" not in glibc.nodes("2.36", "i386")
    assert "GLIBC_2.2.5" not in glibc.nodes("2.36", "i386")["libc.so.6"]


REAL_NODES = [("bookworm", "amd64", "2.36"), ("bookworm", "mips64el", "2.36"), ("sid", "i386", "2.43")]


@pytest.mark.parametrize(("suite", "arch", "version"), REAL_NODES)
def test_nodes_equal_those_of_a_real_libc6(suite: str, arch: str, version: str, tmp_path: Path) -> None:
    fetch.unpack_debs([fetch.debian_package("libc6", suite, arch)], tmp_path)
    compared = 0
    for name, expected in glibc.nodes(version, arch).items():
        for file in [path for path in tmp_path.rglob(name) if path.is_file()][:1]:
            defined = read(MemoryBytes(file.read_bytes()), name).versions_defined
            assert {node for node in defined if node.startswith("GLIBC_")} == expected, name
            compared += 1
    assert compared >= 8


def test_a_version_before_the_port_is_refused() -> None:
    with pytest.raises(UnknownLibc, match="no port"):
        glibc.exports("2.16", "aarch64")


def test_an_architecture_without_a_table() -> None:
    with pytest.raises(UnknownLibc):
        glibc.symbols("vax")
    assert glibc.is_glibc("malloc", "vax")


def test_every_architecture_can_be_read() -> None:
    assert len(glibc.arches()) == 31
    for arch in glibc.arches():
        assert "malloc" in glibc.symbols(arch)


def test_versions_compare_as_numbers() -> None:
    assert glibc.version_key("GLIBC_2.9") < glibc.version_key("2.10") < glibc.version_key(glibc.PRIVATE)


def test_model_of_a_release() -> None:
    model = glibc.model("2.31", "amd64")
    assert (model.family, model.arch, model.relr) == ("glibc", "x86_64", False)
    assert "backtrace" in model.exports
    assert glibc.model("2.36", "amd64").relr


@pytest.mark.parametrize(
    ("arch", "name"), [("x86_64", "ld-linux-x86-64.so.2"), ("ppc64le", "ld64.so.2"), ("vax", None)]
)
def test_names_of_the_loader(arch: str, name: str | None) -> None:
    assert glibc.loader(arch) == name
