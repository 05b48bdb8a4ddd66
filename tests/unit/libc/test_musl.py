"""Models of musl: counts and differences known from upstream builds and from real packages."""

import pickle

import pytest

from muslint.errors import UnknownLibc
from muslint.libc import musl
from muslint.libc.model import LFS64_NAMES, Lfs64

# Names exported, counted in libraries built from upstream's tags or read from Debian's packages.
COUNTS = [
    ("1.1.19", "x86_64", 1900),
    ("1.1.20", "x86_64", 1906),
    ("1.1.21", "x86_64", 1693),
    ("1.1.24", "x86_64", 1697),
    ("1.2.2", "x86_64", 1702),
    ("1.2.3", "x86_64", 1704),
    ("1.2.4", "x86_64", 1644),
    ("1.2.5", "x86_64", 1647),
    ("1.2.6", "x86_64", 1650),
    ("1.1.24", "i386", 1698),
    ("1.2.0", "i386", 1757),
    ("1.2.4", "i386", 1708),
    ("1.2.6", "i386", 1714),
    ("1.2.2", "armhf", 1773),
    ("1.2.5", "armhf", 1722),
    ("1.2.3", "arm", 1775),
    ("1.2.5", "aarch64", 1644),
    ("1.2.6", "loongarch64", 1647),
    ("1.2.3", "mips64el", 1707),
    ("1.2.3", "mipsel", 1767),
    ("1.2.5", "powerpc64le", 1646),
    ("1.2.5", "riscv64", 1649),
    ("1.2.5", "s390x", 1645),
]
ALPINE_COUNTS = [
    ("3.9", "x86_64", 1906),
    ("3.10", "x86_64", 1694),
    ("3.12", "x86_64", 1697),
    ("3.13", "x86_64", 1702),
    ("3.15", "x86_64", 1703),
    ("3.15", "aarch64", 1700),
    ("3.17", "x86_64", 1704),
    ("3.18", "x86_64", 1704),
    ("3.18", "x86", 1764),
    ("3.18", "aarch64", 1701),
    ("3.18", "armv7", 1775),
    ("3.18", "s390x", 1702),
    ("3.19", "x86_64", 1644),
    ("3.22", "x86_64", 1647),
    ("3.23", "x86_64", 1649),
    ("3.23", "aarch64", 1646),
    ("3.24", "x86_64", 1651),
    ("3.24", "aarch64", 1648),
    ("3.24", "x86", 1715),
]


@pytest.mark.parametrize(("version", "arch", "count"), COUNTS)
def test_counts_of_upstream(version: str, arch: str, count: int) -> None:
    model = musl.model(version, arch)
    assert len(model.exports) == count
    assert model.exports == model.kinds.keys()
    assert "derived" not in model.provenance


@pytest.mark.parametrize(("release", "arch", "count"), ALPINE_COUNTS)
def test_counts_of_alpine(release: str, arch: str, count: int) -> None:
    assert len(musl.alpine(release, arch).exports) == count


def test_names_that_came_with_a_release() -> None:
    gained = musl.model("1.2.5", "x86_64").exports - musl.model("1.2.4", "x86_64").exports
    assert gained == {"statx", "preadv2", "pwritev2"}


def test_alpine_beside_upstream() -> None:
    assert musl.alpine("3.15", "x86_64").exports - musl.model("1.2.2", "x86_64").exports == {"qsort_r"}
    assert musl.alpine("3.18", "x86_64").exports == musl.model("1.2.3", "x86_64").exports
    assert musl.alpine("3.23", "x86_64").exports - musl.model("1.2.5", "x86_64").exports == {
        "posix_getdents",
        "pthread_mutexattr_setprioceiling",
    }


def test_alpine_3_18_exports_all_lfs64_names_but_the_xstat_bases_on_32_bits() -> None:
    names = {f"{name}64" for name in LFS64_NAMES} | {"readdir64_r"}
    assert names <= musl.alpine("3.18", "x86_64").exports
    assert not {"__xstat", "__fxstat", "__lxstat", "__fxstatat"} & musl.alpine("3.18", "x86").exports


@pytest.mark.parametrize(
    ("version", "lfs64", "relr", "zero"),
    [
        ("1.2.2", Lfs64.EXPORTED, False, False),
        ("1.2.3", Lfs64.EXPORTED, False, True),
        ("1.2.4", Lfs64.REMAP_SHORT, True, True),
        ("1.2.5", Lfs64.REMAP_SHORT, True, True),
        ("1.2.6", Lfs64.REMAP, True, True),
    ],
)
def test_what_the_loader_of_a_release_does(version: str, lfs64: Lfs64, relr: bool, zero: bool) -> None:
    model = musl.model(version, "x86_64")
    assert (model.lfs64, model.relr, model.zero_length_load) == (lfs64, relr, zero)


@pytest.mark.parametrize(
    ("release", "package", "relr"),
    [
        ("3.12", None, False),
        ("3.13", "1.2.2_pre7-r0", False),
        ("3.13", "1.2.2-r1", False),
        ("3.13", "1.2.2-r2", True),
        ("3.14", "1.2.2-r3", False),
        ("3.15", "1.2.2-r7", False),
        ("3.15", None, True),
        ("3.16", "1.2.3-r0", False),
        ("3.16", "1.2.3-r3", True),
        ("3.17", "1.2.3-r4", True),
    ],
)
def test_relr_in_alpine_goes_by_package_revision(release: str, package: str | None, relr: bool) -> None:
    assert musl.alpine(release, "x86_64", package).relr is relr


@pytest.mark.parametrize(
    ("release", "lfs64"),
    [("3.18", Lfs64.EXPORTED), ("3.19", Lfs64.REMAP_SHORT), ("3.23", Lfs64.REMAP_SHORT), ("3.24", Lfs64.REMAP)],
)
def test_lfs64_in_alpine(release: str, lfs64: Lfs64) -> None:
    assert musl.alpine(release, "x86_64").lfs64 is lfs64


def test_a_release_without_a_table_is_derived_and_says_so() -> None:
    model = musl.model("1.2.4", "aarch64")
    assert "derived" in model.provenance
    assert model.exports == musl.model("1.2.3", "aarch64").exports - {
        name for name in musl.model("1.2.3", "x86_64").exports if name not in musl.model("1.2.4", "x86_64").exports
    }


def test_time64_names_are_not_given_to_old_32_bit_releases() -> None:
    assert "__clock_gettime64" in musl.model("1.2.0", "armhf").exports
    assert "__clock_gettime64" not in musl.model("1.1.24", "armhf").exports
    assert "__clock_gettime64" not in musl.model("1.1.20", "mipsel").exports


def test_a_twin_has_the_names_of_its_table_and_its_own_relocations() -> None:
    big, little = musl.model("1.2.5", "mips64"), musl.model("1.2.5", "mips64el")
    assert big.exports == little.exports
    assert "derived from mips64el" in big.provenance
    assert big.relocations[4611] == "SYM_OR_REL"


def test_a_release_between_two_takes_the_older() -> None:
    snapshot = musl.model("1.2.4_git20230717", "x86_64")
    assert snapshot.exports == musl.model("1.2.4", "x86_64").exports
    assert snapshot.version == "1.2.4_git20230717"
    assert musl.model("1.3.0", "x86_64").exports == musl.model("1.2.6", "x86_64").exports


@pytest.mark.parametrize(
    ("version", "arch"),
    [("1.0.5", "x86_64"), ("1.2.5", "vax"), ("1.1.22", "riscv64"), ("1.2.4", "loongarch64"), ("", "x86_64")],
)
def test_unknown_libraries_are_refused(version: str, arch: str) -> None:
    with pytest.raises(UnknownLibc):
        musl.model(version, arch)


@pytest.mark.parametrize(("release", "package"), [("2.7", None), ("3.23", "1.2.4-r0"), ("3.23", "nonsense")])
def test_unknown_alpines_are_refused(release: str, package: str | None) -> None:
    with pytest.raises(UnknownLibc):
        musl.alpine(release, "x86_64", package)


def test_every_release_has_a_model_on_every_architecture_it_lists() -> None:
    for version in musl.releases():
        for arch in musl.arches(version):
            model = musl.model(version, arch)
            assert {"malloc", "printf", "__libc_start_main"} <= model.exports
            assert "COPY" in model.relocations.values()


def test_a_model_crosses_process_borders() -> None:
    model = musl.alpine("3.23", "x86_64")
    assert pickle.loads(pickle.dumps(model)) == model


# Accepted by real loaders when every type in turn was written into a library.
ACCEPTED = [
    ("1.2.3", "aarch64", {257, 1024, 1025, 1026, 1027, 1028, 1029, 1030, 1031}),
    ("1.2.5", "armhf", {2, 13, 17, 18, 19, 20, 21, 22, 23}),
    ("1.2.5", "x86_64", {1, 2, 5, 6, 7, 8, 16, 17, 18, 36}),
    ("1.2.5", "i386", {1, 2, 5, 6, 7, 8, 14, 35, 36, 37, 41}),
    ("1.2.5", "powerpc64le", {19, 20, 21, 22, 38, 43, 68, 73, 78}),
    ("1.2.5", "s390x", {9, 10, 11, 12, 22, 54, 55, 56}),
    ("1.2.5", "riscv64", {2, 3, 4, 5, 7, 9, 11, 12}),
    ("1.2.6", "loongarch64", {2, 3, 4, 5, 7, 9, 11, 14}),
]


@pytest.mark.parametrize(("version", "arch", "numbers"), ACCEPTED)
def test_relocations_a_loader_accepts(version: str, arch: str, numbers: set[int]) -> None:
    assert musl.model(version, arch).relocations.keys() == numbers


@pytest.mark.parametrize(
    ("arch", "number", "first"),
    [("arm", 13, "1.1.21"), ("powerpc64", 43, "1.1.24"), ("riscv64", 12, "1.2.5"), ("loongarch64", 14, "1.2.6")],
)
def test_relocations_that_came_later(arch: str, number: int, first: str) -> None:
    order = musl.releases()
    assert number in musl.relocations(first, arch)
    assert number not in musl.relocations(order[order.index(first) - 1], arch)


def test_alpine_had_tlsdesc_on_loongarch64_before_upstream() -> None:
    assert 14 not in musl.model("1.2.5", "loongarch64").relocations
    assert 14 not in musl.alpine("3.20", "loongarch64").relocations
    assert musl.alpine("3.21", "loongarch64").relocations[14] == "TLSDESC"


def test_fdpic_has_other_relocations_than_plain_sh() -> None:
    assert 207 not in musl.relocations("1.2.5", "sh")
    assert 165 not in musl.relocations("1.2.5", "sh-fdpic")


@pytest.mark.parametrize(
    ("older", "newer"), [("1.2.2_pre7-r9", "1.2.2-r0"), ("1.2.2-r9", "1.2.2-r10"), ("1.2.4-r3", "1.2.4_git20230717-r0")]
)
def test_package_versions_in_order(older: str, newer: str) -> None:
    assert musl.package_key(older) < musl.package_key(newer)
