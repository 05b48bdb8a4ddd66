"""Base images and compiler runtimes."""

import pytest

from muslint.libc import catalog, musl


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("debian:12-slim", "debian:12-slim"),
        ("debian:bookworm-slim", "debian:12-slim"),
        ("example.org/library/ubuntu:noble", "ubuntu:24.04"),
        ("library/debian:12@sha256:00", "debian:12"),
        ("localhost/debian:13", "debian:13"),
        ("example.org:5000/centos/centos:stream9", "centos/centos:stream9"),
        ("centos:stream9", "centos/centos:stream9"),
        ("archlinux", "archlinux:latest"),
        ("ubi9/ubi-micro", "ubi9/ubi-micro"),
        ("alpine:latest", "alpine:3.24"),
        ("debian", "debian:13"),
        ("fedora", "fedora:44"),
        ("almalinux:latest", "almalinux:10"),
        ("rockylinux", "rockylinux/rockylinux:10"),
        ("busybox", None),
        ("debian:4", None),
        ("", None),
    ],
)
def test_image_names(name: str, found: str | None) -> None:
    image = catalog.image(name)
    assert (image.name if image else None) == found


def test_facts_of_an_image() -> None:
    image = catalog.image("debian:12-slim")
    assert image is not None
    assert (image.libc, image.libc_version, image.glibcxx, image.libgcc) == ("glibc", "2.36", "3.4.30", True)
    assert image.compressed_mb == pytest.approx(28.2)
    static = catalog.image("distroless/static-debian12")
    assert static is not None
    assert static.libc is None
    assert static.libstdcxx is False


def test_the_catalogue_is_whole_and_names_no_host() -> None:
    names = [image.name for image in catalog.images()]
    assert len(names) == len(set(names)) == 108
    assert not [name for name in names if "." in name.partition("/")[0].partition(":")[0]]


def test_every_alpine_has_an_image_and_a_compiler() -> None:
    for release in musl.alpine_releases():
        assert catalog.image(f"alpine:{release}") is not None
        assert catalog.runtime(release) is not None


def test_newest_alpine_is_a_release() -> None:
    assert catalog.newest_alpine() == "3.24"


def test_what_the_base_image_of_3_23_holds() -> None:
    files = catalog.base_files("3.23", "x86_64")
    sonames = {file.soname for file in files if file.soname}
    assert sonames == {"libc.musl-x86_64.so.1", "libcrypto.so.3", "libssl.so.3", "libz.so.1", "libapk.so.3.0.0"}
    assert {file.source for file in files} == {"real"}
    link = next(file for file in files if file.soname == "libc.musl-x86_64.so.1")
    assert link.target == "/lib/ld-musl-x86_64.so.1"


def test_older_base_images_are_inferred() -> None:
    files = catalog.base_files("3.16", "x86")
    assert {file.source for file in files} == {"inferred"}
    sonames = {file.soname for file in files}
    assert "libssl.so.1.1" in sonames
    assert "libssl.so.3" not in sonames
    assert any(file.path == "/lib/libc.musl-x86.so.1" and file.target == "/lib/ld-musl-i386.so.1" for file in files)


@pytest.mark.parametrize("release", [*musl.alpine_releases()])
def test_every_base_image_has_one_file_a_path(release: str) -> None:
    paths = [file.path for file in catalog.base_files(release, "x86_64")]
    assert len(paths) == len(set(paths))
    assert "/bin/busybox" in paths


def test_runtime_levels() -> None:
    runtime = catalog.runtime("3.22")
    assert runtime is not None
    assert (runtime.glibcxx, runtime.cxxabi, runtime.libgcc) == ("GLIBCXX_3.4.33", "CXXABI_1.3.15", "GCC_14.0.0")
    assert catalog.runtime("2.1") is None
    oldest = catalog.runtime("3.9")
    assert oldest is not None
    assert oldest.libgcc == "GCC_7.0.0"


def test_levels_compare_by_number() -> None:
    nine, ten = catalog.cxx_level_of("GLIBCXX_3.4.9"), catalog.cxx_level_of("GLIBCXX_3.4.10")
    assert nine is not None
    assert ten is not None
    assert nine < ten
    assert catalog.cxx_level_of("GLIBCXX_LDBL_3.4") is None
    assert catalog.cxx_level_of("CXXABI_TM_1") is None
    assert catalog.cxx_level_of("OPENSSL_3.0.0") is None


@pytest.mark.parametrize(("node", "gcc"), [("GLIBCXX_3.4.32", "13.2"), ("3.4.30", "12.1"), ("3.4.99", None)])
def test_compiler_of_a_node(node: str, gcc: str | None) -> None:
    assert catalog.gcc_of(node) == gcc


def test_alpine_names_of_architectures() -> None:
    assert [catalog.alpine_arch(a) for a in ("i386", "armhf", "amd64", "ppc64el")] == [
        "x86",
        "armv7",
        "x86_64",
        "ppc64le",
    ]
