"""The host of a plugin: by its name, its entry point, or the API it refers to."""

import pytest

from muslint.hosts import giver, host_of, hosts
from muslint.libc.glibc import symbols
from muslint.libc.musl import alpine


@pytest.mark.parametrize(
    ("path", "exports", "imports", "host"),
    [
        ("spam.so", ["PyInit_spam"], ["memcpy"], "cpython"),
        ("spam.so", [], ["malloc", "PyErr_SetString"], "cpython"),
        ("addon.node", [], [], "node"),
        ("addon.so", ["napi_register_module_v1"], [], "node"),
        ("libx.so", ["Java_org_Example_run"], [], "jvm"),
        ("libx.so", ["JNI_OnLoad"], [], "jvm"),
        ("x.so", ["Init_x"], ["rb_define_method"], "ruby"),
        ("x.so", ["get_module"], ["zend_parse_parameters"], "php"),
        ("x.so", ["luaopen_x"], ["lua_pushnumber"], "lua"),
        ("mod_x.so", ["x_module"], ["ap_hook_handler"], "apache-httpd"),
        ("x.so", ["Pg_magic_func"], ["palloc"], "postgresql"),
        ("x.so", ["R_init_x"], ["Rf_allocVector"], "r"),
        ("libz.so.1", ["deflate"], ["memcpy", "strlen", "__stack_chk_fail"], None),
        ("x.so", [], [], None),
    ],
)
def test_host_of(path: str, exports: list[str], imports: list[str], host: str | None) -> None:
    """Each kind of evidence, and none."""
    found = host_of(path, exports, imports)
    assert (found.id if found else None) == host


def test_a_library_of_the_host_that_is_needed() -> None:
    """What needs the JVM's library, and shows nothing else, is loaded by a JVM."""
    found = host_of("libmlib_image.so", ["j2d_mlib_ImageCreate"], ["malloc"], ["libjvm.so", "libc.so.6"])
    assert found is not None
    assert found.id == "jvm"


def test_own_evidence_goes_before_references() -> None:
    """A Python extension that embeds Lua is a Python extension."""
    found = host_of("lupa.so", ["PyInit_lupa"], ["lua_newstate", "PyErr_Clear"])
    assert found is not None
    assert found.id == "cpython"


def test_giver() -> None:
    """Whose API a single name is."""
    known = giver("PyModule_Create2")
    assert known is not None
    assert known.id == "cpython"
    assert giver("memcpy") is None
    assert giver("backtrace") is None


def test_no_host_claims_names_of_a_c_library() -> None:
    """A host that gave libc's names would hide what is missing."""
    names = alpine("3.23", "x86_64").exports
    claimed = {name: host.id for name in names for host in hosts() if host.gives(name)}
    assert claimed == {}
    for name in (
        "fcntl64",
        "__memcpy_chk",
        "qsort_r",
        "pthread_attr_setaffinity_np",
        "regexec",
        "register_printf_type",
    ):
        assert giver(name) is None


def test_no_host_claims_names_of_glibc() -> None:
    """The same for every name of glibc's tables that a rule could be asked about."""
    assert [name for name in symbols("x86_64") if giver(name)] == []
