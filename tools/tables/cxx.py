"""The table of the C++ runtime: which release of libstdc++ or libgcc_s first had a name.

Read from Debian's packages, whose libraries define symbol versions; Alpine's define none, but are the same code.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from muslint.elf.dynamic import read
from muslint.sources.bytes import FileBytes
from tools.tables.text import table

PACKAGES = {"libstdc++6": "libstdc++.so.6", "libgcc-s1": "libgcc_s.so.1"}
OLDEST = {"GLIBCXX": (3, 4, 22), "CXXABI": (1, 3, 10), "GCC": (8,)}
"""What came before is in every Alpine the tables know, and is left out."""


def tables() -> Iterator[tuple[str, str]]:
    """Yield path and text of the table. Raises `tests.support.cache.Unavailable` without Debian's packages."""
    from tests.support.fetch import debian_package, unpack_debs

    lines = []
    with TemporaryDirectory() as folder:
        for package, soname in PACKAGES.items():
            root = Path(folder, package)
            root.mkdir()
            unpack_debs([debian_package(package, "sid", "amd64")], root)
            library = next(path for path in root.rglob(soname + "*") if path.is_file() and path.suffix != ".py")
            lines += [f"{name} {node}" for name, node in _late(library)]
    note = [("source", "Debian sid, libstdc++6 and libgcc-s1 for amd64: their symbol versions")]
    title = (
        "late names of the C++ runtime: NAME NODE\nwithout names of GLIBCXX_3.4.21, CXXABI_1.3.9, GCC_7.0.0 and before"
    )
    yield "cxx.txt", table(title, note, sorted(lines))


def _late(library: Path) -> Iterator[tuple[str, str]]:
    obj = read(FileBytes(str(library)), str(library))
    for symbol in obj.symbols:
        family, _, number = (symbol.version or "").partition("_")
        key = tuple(int(part) for part in number.split(".") if part.isdigit())
        if symbol.defined and family in OLDEST and key >= OLDEST[family] and symbol.name != symbol.version:
            yield symbol.name, symbol.version or ""
