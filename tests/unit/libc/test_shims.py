"""Shim packages by Alpine release."""

import pytest

from muslint.errors import UnknownLibc
from muslint.libc import musl, shims


def gcompat(release: str, arch: str = "x86_64") -> shims.Shim:
    found = shims.shim("gcompat", release, arch)
    assert found is not None
    return found


def test_names_of_gcompat_by_version() -> None:
    assert [len(gcompat(r).exports) for r in ("3.9", "3.12", "3.16", "3.23")] == [231, 231, 248, 263]
    assert "fcntl64" not in gcompat("3.23").exports
    assert "__printf_chk" in gcompat("3.23").exports
    assert "nearest version read" in gcompat("3.9").provenance


def test_what_gcompat_brings() -> None:
    assert gcompat("3.23").requires == ("libucontext", "musl-obstack")
    assert gcompat("3.23").libraries[0].needed == ("libucontext.so.1", "libobstack.so.1")
    assert gcompat("3.12").libraries[0].needed == ("libucontext.so.0", "libobstack.so.1")
    assert gcompat("3.23").loader == "/lib/ld-linux-x86-64.so.2"
    assert gcompat("3.12", "s390x").loader == "/lib/ld.so.1"
    assert gcompat("3.13", "s390x").loader == "/lib/ld64.so.1"


def test_links_to_libgcompat_begin_with_3_19() -> None:
    assert ("/lib/libcrypt.so.1", "libgcompat.so.0") in gcompat("3.19").links
    assert not [link for link in gcompat("3.18").links if link[1] == "libgcompat.so.0"]
    assert ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-x86-64.so.2") in gcompat("3.13").links
    assert gcompat("3.12").links == ()


def test_libc6_compat_was_links_to_musl_and_is_gcompat_now() -> None:
    old, new = shims.shim("libc6-compat", "3.18", "x86_64"), shims.shim("libc6-compat", "3.19", "x86_64")
    assert old is not None
    assert new is not None
    assert ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1") in old.links
    assert old.exports == frozenset()
    assert new.package == "gcompat"


def test_libexecinfo_ends_with_3_16() -> None:
    last = shims.shim("libexecinfo", "3.16", "x86_64")
    assert last is not None
    assert "backtrace" in last.exports
    assert shims.shim("libexecinfo", "3.17", "x86_64") is None


def test_testing_is_not_in_a_release() -> None:
    assert shims.shim("musl-rpmatch", "3.17", "x86_64") is None
    assert shims.shim("gnu-libiconv", "3.9", "x86_64") is None


def test_a_header_or_archive_has_nothing_to_load() -> None:
    found = shims.shim("argp-standalone", "3.23", "x86_64")
    assert found is not None
    assert found.libraries == ()
    assert found.exports == frozenset()


def test_names_not_known_are_none_rather_than_empty() -> None:
    found = shims.shim("libtirpc", "3.23", "x86_64")
    assert found is not None
    assert found.libraries[0].exports is None


@pytest.mark.parametrize(("name", "release"), [("no-such-shim", "3.23"), ("gcompat", "2.1")])
def test_unknown_shims_and_releases(name: str, release: str) -> None:
    with pytest.raises(UnknownLibc):
        shims.shim(name, release, "x86_64")


def test_every_shim_in_every_release_is_whole() -> None:
    for release in musl.alpine_releases():
        for name in shims.names():
            found = shims.shim(name, release, "aarch64")
            if found is not None:
                assert found.package
                assert found.provenance
                assert all(library.path.startswith("/") for library in found.libraries)
