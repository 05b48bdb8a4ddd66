"""Facts put together: what an object was built for, and the versions it requires."""

from pathlib import Path

import pytest

from muslint.elf.dynamic import read
from muslint.elf.facts import built_for, requires
from muslint.elf.listed import listed_library
from muslint.elf.object import DT_NEEDED, DT_STRTAB, ElfObject, Kind
from muslint.sources.bytes import MemoryBytes
from tests.differential import recipes
from tests.differential.synthetic import note, synthetic
from tests.support.compile import zig_cc

STRINGS = b"\0libc.so\0libc.so.6\0libc.musl-x86_64.so.1\0liblog.so\0libz.so.1\0"


def _read(content: bytes) -> ElfObject:
    return read(MemoryBytes(content), "x")


@pytest.mark.parametrize(
    ("interpreter", "needed", "notes", "libc"),
    [
        (b"/lib/ld-musl-x86_64.so.1\0", (), b"", "musl"),
        (None, (b"libc.musl-x86_64.so.1",), b"", "musl"),
        (None, (b"libc.so",), b"", "musl"),
        (None, (b"libc.so", b"liblog.so"), b"", "bionic"),
        (b"/system/bin/linker64\0", (b"libc.so",), b"", "bionic"),
        (b"/lib64/ld-linux-x86-64.so.2\0", (), b"", "glibc"),
        (b"/lib/ld64.so.1\0", (), b"", "glibc"),
        (None, (b"libc.so",), note(b"Android", 1, bytes(132)), "bionic"),
        (None, (b"libc.so.6",), b"", "glibc"),
        (None, (), note(b"GNU", 1, bytes(16)), "glibc"),
        (None, (b"libz.so.1",), b"", "unknown"),
        (None, (), b"", "none"),
    ],
)
def test_built_for(interpreter: bytes | None, needed: tuple[bytes, ...], notes: bytes, libc: str) -> None:
    tags = [(DT_NEEDED, STRINGS.index(b"\0" + name + b"\0") + 1) for name in needed]
    content = synthetic({DT_STRTAB: STRINGS}, tags, interpreter=interpreter, notes=notes)
    assert built_for(_read(content)) == libc


def test_requires_takes_the_highest_by_number() -> None:
    obj = _read(recipes.content("library-x86_64.so"))
    assert built_for(obj) == "glibc"
    found = requires(obj)
    numbers = [v.name.removeprefix("GLIBC_") for v in obj.versions_needed if v.name.startswith("GLIBC_")]
    assert found == {"GLIBC": max(numbers, key=lambda n: tuple(int(part) for part in n.split(".")))}
    assert requires(_read(recipes.content("versioned.so"))) == {}


def test_versions_of_the_gcc_runtime_are_not_those_of_glibc(tmp_path: Path) -> None:
    """libgcc_s built for musl calls some of its own symbols GLIBC_2.0."""
    (tmp_path / "map").write_text("GLIBC_2.0 { __register_frame_info; };\nGCC_3.0 { _Unwind_Resume; };\n")
    (tmp_path / "runtime.c").write_text("void __register_frame_info(void) {}\nvoid _Unwind_Resume(void) {}\n")
    (tmp_path / "part.c").write_text("void __register_frame_info(void);\nvoid f(void) { __register_frame_info(); }\n")
    script = f"-Wl,--version-script={tmp_path / 'map'}"
    shared = ("-shared", "-fPIC", "-nostdlib")
    musl = "aarch64-linux-musl"
    runtime = zig_cc(musl, [tmp_path / "runtime.c"], tmp_path / "libgcc_s.so.1", *shared,
                     "-Wl,-soname,libgcc_s.so.1", script)  # fmt: skip
    obj = _read(zig_cc(musl, [tmp_path / "part.c", runtime], tmp_path / "part.so", *shared).read_bytes())
    assert [(version.library, version.name) for version in obj.versions_needed] == [("libgcc_s.so.1", "GLIBC_2.0")]
    assert built_for(obj) == "unknown"
    assert requires(obj) == {}


def test_a_listed_library_has_exports_and_no_bytes() -> None:
    obj = listed_library("/lib/libx.so.1", "s390x", ["b", "a"], ("libc.so",))
    assert (obj.soname, obj.kind, obj.needed) == ("libx.so.1", Kind.SHARED_LIBRARY, ("libc.so",))
    assert (obj.ident.bits, obj.ident.little, obj.ident.machine) == (64, False, 22)
    assert obj.symbols.names == ["", "a", "b"]
    assert (obj.versions_needed, obj.versions_defined, obj.notes) == ((), (), ())
