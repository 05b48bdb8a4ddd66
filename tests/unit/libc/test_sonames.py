"""Sonames and the Alpine packages that hold them."""

import pytest

from muslint.libc import sonames
from muslint.libc.musl import alpine_releases
from muslint.libc.table import covers


@pytest.mark.parametrize(
    ("soname", "release", "package"),
    [
        ("libstdc++.so.6", "3.23", "libstdc++"),
        ("libgcc_s.so.1", "3.9", "libgcc"),
        ("libz.so.1", "3.23", "zlib"),
        ("libssl.so.1.1", "3.16", "libssl1.1"),
        ("libssl.so.1.1", "3.18", "openssl1.1-compat-libs-ssl1.1"),
        ("libcrypt.so.1", "3.18", "libc6-compat"),
        ("libcrypt.so.1", "3.23", "gcompat"),
        ("libicuuc.so.74", "3.20", "icu-libs"),
        ("libm.so.6", "3.23", "musl"),
    ],
)
def test_provider(soname: str, release: str, package: str) -> None:
    found = sonames.provider(soname, release)
    assert found is not None
    assert found.package == package


def test_known_to_be_absent_is_not_unknown() -> None:
    absent = sonames.provider("libnsl.so.1", "3.23")
    assert absent is not None
    assert absent.package is None
    assert sonames.provider("libnobody.so.9", "3.23") is None
    assert sonames.provider("libssl.so.1.1", "3.23") is None


def test_what_is_not_split_off_lies_in_another() -> None:
    inside = sonames.within("libtinfo.so.6", "3.23")
    assert inside is not None
    assert (inside.soname, inside.package) == ("libncursesw.so.6", "libncursesw")
    assert sonames.within("libncursesw.so.6", "3.23") is None


def test_successors_are_other_versions() -> None:
    assert [row.soname for row in sonames.successors("libssl.so.1.1", "3.23")] == ["libssl.so.3"]


def test_the_table_is_wide_and_one_package_holds_a_library() -> None:
    assert len(sonames.known()) >= 500
    order = alpine_releases()
    for soname in sonames.known():
        for release in order:
            rows = sonames.providers(soname)
            here = [row for row in rows if row.releases == "*" or covers(row.releases, release, order)]
            assert len(here) <= 1, f"{soname} in {release}"


def test_rows_say_whether_they_were_seen() -> None:
    rows = [row for soname in sonames.known() for row in sonames.providers(soname)]
    assert {row.source for row in rows} == {"real", "recalled"}
