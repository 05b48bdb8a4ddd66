"""For which system a file is made: what files in real jars show (JNA, jffi, jansi carry one for each)."""

from pathlib import Path

import pytest

from muslint.elf.dynamic import read
from muslint.elf.object import DT_NEEDED, DT_STRTAB
from muslint.elf.system import foreign_system
from muslint.pipeline import check
from muslint.sources.bytes import MemoryBytes
from tests.differential import recipes
from tests.differential.synthetic import note, synthetic
from tests.support.compile import zig_cc


@pytest.mark.parametrize(
    ("osabi", "interpreter", "owner", "system"),
    [
        (0, None, None, None),
        (3, None, None, None),
        (9, None, None, "FreeBSD"),
        (6, None, None, "Solaris"),
        (0, None, b"OpenBSD", "OpenBSD"),
        (0, None, b"NetBSD", "NetBSD"),
        (0, None, b"GNU", None),
        (0, b"/libexec/ld-elf.so.1\0", None, "FreeBSD"),
        (0, b"/lib64/ld-linux-x86-64.so.2\0", None, None),
        (0, b"/lib/ld.so.1\0", None, None),  # glibc of 32-bit MIPS and s390
    ],
)
def test_marks(osabi: int, interpreter: bytes | None, owner: bytes | None, system: str | None) -> None:
    notes = note(owner, 1, bytes(4)) if owner else b""
    content = bytearray(synthetic({DT_STRTAB: b"\0"}, [], interpreter=interpreter, notes=notes))
    content[7] = osabi
    assert foreign_system(read(MemoryBytes(bytes(content)), "x")) == system


@pytest.mark.parametrize(
    ("version", "system"),
    [
        ("SUNW_0.7", "Solaris"), ("FBSD_1.0", "FreeBSD"), ("DF404.0", "DragonFly BSD"), ("SUNWprivate_1.1", None),
        ("GLIBC_2.34", None),
    ],
)  # fmt: skip
def test_versions(version: str, system: str | None, tmp_path: Path) -> None:
    """SUNWprivate_1.1 is what the Linux JVM's own libraries have, too."""
    (tmp_path / "map").write_text(f"{version} {{ f; }};\n")
    (tmp_path / "given.c").write_text("void f(void) {}\n")
    (tmp_path / "asks.c").write_text("void f(void);\nvoid g(void) { f(); }\n")
    shared, target = ("-shared", "-fPIC", "-nostdlib"), "x86_64-linux-gnu.2.28"
    script = f"-Wl,--version-script={tmp_path / 'map'}"
    given = zig_cc(target, [tmp_path / "given.c"], tmp_path / "libgiven.so", *shared, script)
    asks = zig_cc(target, [tmp_path / "asks.c", given], tmp_path / "asks.so", *shared)
    assert foreign_system(read(MemoryBytes(asks.read_bytes()), "x")) == system


@pytest.mark.parametrize(
    ("library", "system"),
    [
        (b"libm.so.2", "Solaris"), (b"libc.so.7", "FreeBSD"), (b"libc.so.96.1", "OpenBSD"), (b"libc.so.6.1", None),
        (b"libc.so.0.3", None), (b"libsocket.so.1", "Solaris"), (b"libc.so", None), (b"libm.so.6", None),
    ],
)  # fmt: skip
def test_libraries(library: bytes, system: str | None) -> None:
    """A Solaris library may have no other mark than what it needs."""
    content = synthetic({DT_STRTAB: b"\0" + library + b"\0"}, [(DT_NEEDED, 1)])
    assert foreign_system(read(MemoryBytes(content), "x")) == system


def test_it_is_not_judged(tmp_path: Path) -> None:
    """Neither runs nor fails: nothing on Linux loads it."""
    content = bytearray(recipes.content("library-x86_64.so"))
    content[7] = 9
    (tmp_path / "libx.so").write_bytes(content)
    report = check(str(tmp_path), on="alpine:3.23")
    assert report.objects == ()
    assert [(item.path, item.reason) for item in report.skipped] == [("libx.so", "made for FreeBSD, not for Linux")]
