"""Small sources whose whole reports are kept: each is laid in an empty directory and named as a user would name it."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support import compile as compiler
from tests.support import musl
from tests.support.cache import REPOSITORY

GLIBC, MUSL = "x86_64-linux-gnu.2.28", "x86_64-linux-musl"
FIXTURES = REPOSITORY / "fixtures"
OWN, COMMON = FIXTURES / "golden", FIXTURES / "rules" / "common"
PLUGIN = ("-shared", "-fPIC")
UNMODELLED = 43  # EM_SPARCV9


@dataclass(frozen=True, slots=True)
class Golden:
    """One source: how it is laid below a directory, and the arguments of ``muslint check``."""

    lay: Callable[[Path], None]
    arguments: tuple[str, ...]


def _program(output: Path, source: Path, *flags: compiler.Flag, target: str = GLIBC) -> Path:
    return compiler.zig_cc(target, [source], output, *flags)


def program_fails(folder: Path) -> None:
    """A program with an interpreter and one name that Alpine lacks."""
    _program(folder / "app", FIXTURES / "rules" / "symbol-missing" / "backtrace.c")


def program_runs(folder: Path) -> None:
    """A program built for musl."""
    _program(folder / "app", COMMON / "program.c", "-dynamic", target=MUSL)


def program_wall(folder: Path) -> None:
    """A program with dozens of missing names."""
    _program(folder / "wall", OWN / "wall.c", "-fno-builtin")


def program_mute(folder: Path) -> None:
    """A program that dies without any message."""
    source = FIXTURES / "rules" / "textrel-program" / "start.c"
    compiled = compiler.zig_cc(MUSL, [source], folder / "start.o", "-c", "-fno-pic", "-mcmodel=large")
    compiler.zig_lld([compiled], folder / "app", "-pie", "-z", "notext", "-dynamic-linker", "/lib/ld-musl-x86_64.so.1")
    compiled.unlink()


def library_gone(folder: Path) -> None:
    """A program whose library is in a package, and the library's names with it."""
    part = compiler.zig_cc(
        GLIBC, [COMMON / "part.c"], folder / "libcurl.so.4", *PLUGIN, "-Wl,-soname,libcurl.so.4"
    ).rename(folder / "part.so")
    compiler.zig_cc(GLIBC, [COMMON / "uses_part.c", part], folder / "app")
    part.unlink()


def directory(folder: Path) -> None:
    """A directory of several: programs, a library off the path, plugins, an object file, another machine."""
    (folder / "dist" / "lib").mkdir(parents=True)
    soname = "-Wl,-soname,libpart.so.1"
    part = compiler.zig_cc(GLIBC, [COMMON / "part.c"], folder / "dist" / "lib" / "part.so", *PLUGIN, soname)
    compiler.zig_cc(GLIBC, [COMMON / "uses_part.c", part], folder / "dist" / "bin" / "uses-part")
    part.rename(part.with_name("libpart.so.1"))
    program_fails(folder / "dist" / "bin")
    _program(folder / "dist" / "bin" / "native", COMMON / "program.c", "-dynamic", target=MUSL)
    _program(folder / "dist" / "bin" / "static", COMMON / "program.c", "-static", target=MUSL)
    other = _program(folder / "dist" / "bin" / "other-machine", COMMON / "program.c")
    with open(other, "r+b") as stream:
        stream.seek(18)
        stream.write(UNMODELLED.to_bytes(2, "little"))
    _program(folder / "dist" / "lib" / "part.o", COMMON / "part.c", "-c")
    (folder / "dist" / "README").write_text("no ELF file\n")


def wheel(folder: Path) -> None:
    """A wheel: two extensions that fail alike, one that runs, a member that is damaged."""
    for name in ("fast", "faster"):
        _program(folder / f"{name}.so", OWN / "extension.c", *PLUGIN)
    _program(folder / "pure.so", OWN / "pure.c", *PLUGIN)
    with zipfile.ZipFile(folder / "app-1.0-py3-none-linux_x86_64.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.glob("*.so")):
            archive.write(file, f"app/{file.name}")
            file.unlink()
        archive.writestr("app/__init__.py", "")
        archive.writestr("app/torn.so", b"\x7fELF" + bytes(range(256)) * 8, zipfile.ZIP_STORED)
    data = (folder / "app-1.0-py3-none-linux_x86_64.whl").read_bytes()
    at = data.index(b"\x7fELF" + bytes(range(256))) + 100
    (folder / "app-1.0-py3-none-linux_x86_64.whl").write_bytes(data[:at] + b"?" + data[at + 1 :])


def lazy_plugin(folder: Path) -> None:
    """A plugin of a host that binds lazily."""
    _program(folder / "module.so", OWN / "php_module.c", *PLUGIN, "-Wl,-z,lazy")


def root(folder: Path) -> None:
    """A whole file system with musl's real loader, a program it runs and one it does not."""
    musl.install(musl.loader("1.2.5"), folder / "rootfs")
    _program(folder / "rootfs" / "usr" / "bin" / "native", COMMON / "program.c", "-dynamic", target=MUSL)
    program_fails(folder / "rootfs" / "usr" / "bin")


def nothing(folder: Path) -> None:
    """A directory whose only ELF file is cut short."""
    (folder / "dist").mkdir()
    (folder / "dist" / "torn").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(40))


def empty(folder: Path) -> None:
    """A directory without any ELF file."""
    (folder / "dist").mkdir()
    (folder / "dist" / "notes.txt").write_text("nothing here\n")


GOLDEN = {
    "program-fails": Golden(program_fails, ("app", "--on", "alpine:3.23")),
    "program-runs": Golden(program_runs, ("app", "--on", "alpine:3.23")),
    "program-wall": Golden(program_wall, ("wall", "--on", "alpine:3.23")),
    "program-wall-verbose": Golden(program_wall, ("wall", "--on", "alpine:3.23", "-v")),
    "program-mute": Golden(program_mute, ("app", "--on", "alpine:3.23")),
    "library-gone": Golden(library_gone, ("app", "--on", "alpine:3.23")),
    "directory": Golden(directory, ("dist", "--on", "alpine:3.23")),
    "wheel": Golden(wheel, ("app-1.0-py3-none-linux_x86_64.whl", "--on", "alpine:3.23")),
    "lazy-plugin": Golden(lazy_plugin, ("module.so", "--on", "alpine:3.23")),
    "root": Golden(root, ("rootfs",)),
    "nothing-readable": Golden(nothing, ("dist", "--on", "alpine:3.23")),
    "no-elf": Golden(empty, ("dist", "--on", "alpine:3.23")),
}
"""Every kept report by name."""
