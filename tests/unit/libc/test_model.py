"""The LFS64 remap is get_lfs64 of musl, era by era."""

import pytest

from muslint.libc.model import LFS64_NAMES, Lfs64, lfs64_target, musl_arch


def test_the_list_has_59_names() -> None:
    assert len(LFS64_NAMES) == 59


@pytest.mark.parametrize("base", sorted(LFS64_NAMES))
def test_every_listed_name_is_mapped(base: str) -> None:
    assert lfs64_target(base + "64", Lfs64.REMAP) == base
    assert lfs64_target(base + "64", Lfs64.EXPORTED) is None


def test_the_short_buffer_loses_posix_fallocate64_alone() -> None:
    lost = {name for name in LFS64_NAMES if lfs64_target(name + "64", Lfs64.REMAP_SHORT) is None}
    assert lost == {"posix_fallocate"}


@pytest.mark.parametrize("era", [Lfs64.REMAP, Lfs64.REMAP_SHORT])
def test_readdir64_r_is_the_odd_one(era: Lfs64) -> None:
    assert lfs64_target("readdir64_r", era) == "readdir_r"


@pytest.mark.parametrize(
    "name", ["fcntl64", "64", "", "open", "open6", "preadv64v2", "__stat64", "open64_", "glob64_time64"]
)
def test_names_outside_the_list_are_not_mapped(name: str) -> None:
    assert lfs64_target(name, Lfs64.REMAP) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("amd64", "x86_64"),
        ("ARM64", "aarch64"),
        ("armv7", "armhf"),
        ("ppc64el", "powerpc64le"),
        ("s390x", "s390x"),
        ("x86", "i386"),
    ],
)
def test_architecture_names_of_others(name: str, expected: str) -> None:
    assert musl_arch(name) == expected
