"""Explanations: every message form people have posted, names of every family, typos."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from muslint.advice.demangle import qualified
from muslint.advice.explain import explain, nearest
from muslint.advice.messages import FORMS
from muslint.libc import glibc, musl
from muslint.libc.groups import families, family
from muslint.libc.history import alpine_history, glibc_since, musl_history
from muslint.rules import rules
from tests.support.cache import REPOSITORY
from tests.support.messages import MESSAGES


@pytest.mark.parametrize(("text", "form", "names"), MESSAGES, ids=lambda value: str(value)[:40])
def test_message(text: str, form: str, names: tuple[str, ...]) -> None:
    """A pasted message is recognised, told with something to do or a rule, and its names are explained."""
    found = explain(text)
    assert found is not None
    assert (found.kind, found.name) == ("message", form)
    assert tuple(item.name for item in found.about)[: len(names)] == names
    assert found.advice or any(item.advice for item in found.about) or any(f.key == "rule" for f in found.facts)


def test_every_form_is_shown_by_a_message() -> None:
    """No form is without a message that proves it; none is there twice."""
    ids = [form.id for form in FORMS]
    assert len(ids) == len(set(ids))
    assert set(ids) == {form for _, form, _ in MESSAGES}


def test_several_messages_in_one_text() -> None:
    """Every name of a log is explained once."""
    log = "Error relocating ./x: backtrace: symbol not found\nError relocating ./x: fcntl64: symbol not found\n" * 3
    found = explain(log)
    assert found is not None
    assert [item.name for item in found.about] == ["backtrace", "fcntl64"]


def test_no_message() -> None:
    """Prose is not taken for a message."""
    assert explain("the quick brown fox jumps over the lazy dog") is None
    assert explain("") is None


# --- symbols ------------------------------------------------------------------------------------------------


def sampled() -> list[str]:
    """Names of every family of glibc's, and every fortieth name of glibc and of musl."""
    names = sorted(glibc.symbols("x86_64"))
    by_family: dict[str, list[str]] = {}
    for name in names:
        by_family.setdefault(family(name).id, []).append(name)
    assert len(by_family) > len(families()) // 2
    ours = sorted(musl.model("1.2.6", "x86_64").exports)
    return sorted({*(name for held in by_family.values() for name in held[:3]), *names[::40], *ours[::40]})


@pytest.mark.parametrize("arch", ["x86_64", "aarch64", "i386"])
def test_facts_are_those_of_the_models(arch: str) -> None:
    """What is said of a name is what the whole models say: glibc's table, each musl, each Alpine."""
    table = glibc.symbols(arch)
    names = sampled()
    assert len(names) > 250
    for name in names:
        if name in table and table[name].since != glibc.PRIVATE:
            public = glibc_since(name).get(arch)
            assert public is None or glibc.version_key(public) >= glibc.version_key(table[name].since), name
        upstream, alpine = musl_history(name, arch), alpine_history(name, arch)
        for release in musl.releases():
            assert (release in upstream.exported) is (name in musl.model(release, arch).exports), (name, release)
        for release in musl.alpine_releases():
            assert (release in alpine.exported) is (name in musl.alpine(release, arch).exports), (name, release)
        found = explain(name, arch)
        assert found is not None
        assert found.kind == "symbol", name
        assert found.advice, name


def test_remap_by_release() -> None:
    """The loader's list of 64-bit names began with 1.2.4, and held no long names until 1.2.6."""
    assert musl_history("open64", "x86_64").remapped == ("1.2.4", "1.2.5", "1.2.6")
    assert musl_history("posix_fallocate64", "x86_64").remapped == ("1.2.6",)
    assert musl_history("fcntl64", "x86_64") == ((), ())
    assert alpine_history("statx", "x86_64").exported[0] == "3.20"


@pytest.mark.parametrize(
    ("name", "word"),
    [("PyObject_Call", "CPython"), ("napi_create_function", "Node.js"), ("rb_define_method", "Ruby")],
)
def test_host(name: str, word: str) -> None:
    """A host's name is told with its host."""
    found = explain(name)
    assert found is not None
    assert word in found.summary + found.facts[0].text


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_rule(rule: object) -> None:
    """Every rule is explained, with its page's way out."""
    found = explain(getattr(rule, "id", ""))
    assert found is not None
    assert found.kind == "rule"
    assert found.advice


@pytest.mark.parametrize(
    ("mangled", "plain"),
    [
        ("_ZNSt15__exception_ptr13exception_ptr10_M_releaseEv", "std::__exception_ptr::exception_ptr::_M_release"),
        ("_ZSt28__throw_bad_array_new_lengthv", "std::__throw_bad_array_new_length"),
        (
            "_ZNSt7__cxx1119basic_ostringstreamIcSt11char_traitsIcESaIcEEC1Ev",
            "std::__cxx11::basic_ostringstream<…>::basic_ostringstream",
        ),
        ("_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE",
         "std::thread::_M_start_thread"),
        ("_ZTVN10__cxxabiv117__class_type_infoE", "vtable of __cxxabiv1::__class_type_info"),
        ("printf", None),
        ("_Z", None),
        ("_ZN99999999999x", None),
    ],
)  # fmt: skip
def test_demangle(mangled: str, plain: str | None) -> None:
    """The plain name of a mangled one."""
    assert qualified(mangled) == plain


# --- typos and the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("fcntl46", "fcntl64"), ("bactrace", "backtrace"), ("__memcpy_ckh", "__memcpy_chk"),
        ("pthread_craete", "pthread_create"), ("libssl.so1.1", "libssl.so.1.1"), ("symbol-mising", "symbol-missing"),
        ("getcontxt", "getcontext"), ("__isoc23_strol", "__isoc23_strtol"),
    ],
)  # fmt: skip
def test_typo(typo: str, meant: str) -> None:
    """A misspelt name is not explained, but the right one is offered."""
    assert explain(typo) is None
    assert meant in nearest(typo)


def muslint(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``muslint explain``."""
    return subprocess.run(
        [sys.executable, "-m", "muslint", "explain", *arguments],
        input=stdin, capture_output=True, text=True, timeout=60, check=False, cwd=REPOSITORY / "src",
    )  # fmt: skip


def test_command() -> None:
    """Exit code 0 and an explanation, 1 and a hint, 2 for wrong use; JSON and stdin."""
    assert muslint("fcntl64").returncode == 0
    wrong = muslint("fcntl46")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "did you mean fcntl64" in wrong.stderr
    assert muslint("fcntl64", "-o", "xml").returncode == 2
    assert muslint("fcntl64", "--arch", "vax").returncode == 2
    document = json.loads(muslint("-", "-o", "json", stdin="x: backtrace: symbol not found\n").stdout)
    assert document["schema"] == "muslint-explanation/1"
    assert document["explanation"]["about"][0]["name"] == "backtrace"
    facts = {fact["key"]: fact["value"] for fact in document["explanation"]["about"][0]["facts"]}
    assert facts["header"] == "execinfo.h"
    assert facts["gcompat"]["versions"]


GOLDEN = Path(REPOSITORY, "tests", "golden", "explained")
KEPT = {
    "fcntl64": ("Error relocating /app/x: fcntl64: symbol not found",),
    "glibc-2.34": ("GLIBC_2.34",),
    "libssl": ("libssl.so.1.1",),
    "rule": ("tls-initial-exec",),
    "cxx": ("_ZSt28__throw_bad_array_new_lengthv",),
    "statx": ("statx",),
    "host": ("PyObject_Call",),
}


@pytest.mark.parametrize("name", KEPT)
def test_golden(name: str) -> None:
    """What people see is what is kept; ``MUSLINT_GOLDEN=write`` keeps it anew."""
    import os

    done = muslint(*KEPT[name])
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("MUSLINT_GOLDEN") == "write":
        file.write_text(done.stdout, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == done.stdout


SHORTENED = {
    "libffmpeg.so: __mbrlen": ["__mbrlen"],
    "@libsql/linux-x64-musl/index.node: fcntl64": ["fcntl64"],
    "libclntsh.so.19.1: canonicalize_file_name, __dn_expand, getcontext": [
        "libclntsh.so.19.1", "canonicalize_file_name", "__dn_expand",
    ],
    "it does not work at all": [],
    "please read the time": [],
}  # fmt: skip


@pytest.mark.parametrize("text", SHORTENED)
def test_names_in_what_is_no_message(text: str) -> None:
    """People shorten what they paste: the names in it are explained, English words are not."""
    from muslint.advice.explain import explain

    found = explain(text)
    named = [item.name for item in found.about] if found is not None else []
    assert set(SHORTENED[text]) <= set(named) | {"libclntsh.so.19.1"}
    assert bool(named) is bool(SHORTENED[text])


TYPOS = {
    "backtace": "backtrace", "fnctl64": "fcntl64", "__memcopy_chk": "__memcpy_chk", "getcontex": "getcontext",
    "symbol-mising": "symbol-missing", "_dl_find_objct": "_dl_find_object", "strtoull_L": "strtoull_l",
    "canonicalise_file_name": "canonicalize_file_name", "pthread_atr_setaffinity_np": "pthread_attr_setaffinity_np",
}  # fmt: skip


@pytest.mark.parametrize("typo", TYPOS)
def test_typos(typo: str) -> None:
    """The name that was meant is among the three that are offered."""
    from muslint.advice.explain import nearest

    assert TYPOS[typo] in nearest(typo)


def test_a_glibc_that_is_none() -> None:
    """A version that no release has is told so."""
    from muslint.advice.explain import explain

    found = explain("GLIBC_2.134")
    assert found is not None
    assert "no release of glibc" in found.summary


def test_what_is_not_known_acts_on_no_screen() -> None:
    """Escape sequences and lines of a text that is not known come out as they can be read."""
    done = muslint("-", stdin="\x1b[31mzzqq\nzzqqq\x07\r\x00\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.rstrip("\n").isprintable()
    assert "\\x1b[31mzzqq" in done.stderr
    told = muslint("-", stdin="Error relocating /app/\x1b[31mx: backtrace: symbol not found\n")
    assert (told.returncode, "\x1b" in told.stdout) == (0, False)
