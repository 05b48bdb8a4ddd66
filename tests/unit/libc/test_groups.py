"""Families of glibc names."""

import pytest

from muslint.libc import glibc, groups, musl


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("__printf_chk", "fortify"),
        ("__frobnicate_chk", "fortify"),
        ("backtrace", "execinfo"),
        ("fcntl64", "lfs64"),
        ("__isoc23_strtol", "isoc23"),
        ("__res_query", "resolver"),
        ("getcontext", "ucontext"),
        ("_obstack_newchunk", "obstack"),
        ("xdr_int", "sunrpc"),
        ("_ZGVdN4v_sin", "mvec"),
        ("nothing_of_the_kind", "other"),
    ],
)
def test_family(name: str, family: str) -> None:
    assert groups.family(name).id == family


def test_every_name_glibc_has_and_musl_lacks_has_a_family_with_a_title() -> None:
    lacking = glibc.exports("2.44", "x86_64") - musl.model("1.2.5", "x86_64").exports
    assert lacking
    assert all(groups.family(name).title for name in lacking)


def test_few_public_names_are_left_to_the_family_other() -> None:
    lacking = glibc.exports("2.44", "x86_64") - musl.model("1.2.5", "x86_64").exports
    others = [name for name in lacking if groups.family(name).id == groups.OTHER]
    assert len(others) < len(lacking) / 5


def test_families_are_kebab_case_and_have_words() -> None:
    for family_id, family in groups.families().items():
        assert family_id == family.id
        assert family_id == family_id.lower()
        assert "_" not in family_id
        assert family.title


def test_use_in_the_corpus() -> None:
    assert groups.seen("__printf_chk") > groups.seen("backtrace") > 0
    assert groups.seen("nothing_of_the_kind") == 0
