"""Holding the tables against primary sources that a package registry gives.

Debian's ``musl`` packages are read after undoing what Debian itself changes; the
``ziglang`` wheel carries glibc's symbol lists in a binary form of its own.
"""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from muslint.errors import UnknownLibc
from muslint.libc import musl
from muslint.libc.learn import learn
from tools.tables import abilists, glibc
from tools.tables.text import DATA

# Suite to musl release; what Debian adds to and takes from upstream's names.
_FTS = frozenset({"fts_children", "fts_close", "fts_open", "fts_read", "fts_set"})
_CRYPT = frozenset({"crypt", "crypt_r", "encrypt", "setkey"})
_NOTHING: frozenset[str] = frozenset()
DEBIAN: Mapping[str, tuple[str, frozenset[str], frozenset[str]]] = {
    "bullseye": ("1.2.2", _NOTHING, _NOTHING),
    "bookworm": ("1.2.3", _FTS, _CRYPT),
    "trixie": ("1.2.5", _FTS | {"renameat2"}, _NOTHING),
    "sid": ("1.2.6", _FTS, _NOTHING),
}
ARCHES: Mapping[str, str] = {
    "bullseye": "amd64 arm64 armhf i386",
    "bookworm": "amd64 arm64 armel armhf i386 mips64el mipsel ppc64el s390x",
    "trixie": "amd64 arm64 armel armhf i386 ppc64el riscv64 s390x",
    "sid": "amd64 arm64 armhf i386 loong64 ppc64el riscv64 s390x",
}


def against_debian(suites: list[str]) -> Iterator[str]:
    """Yield one line a Debian musl package: ``same``, ``DIFFERS`` or ``not checked``.

    Downloads the packages that the test cache lacks.
    """
    from tempfile import TemporaryDirectory

    from tests.support.cache import Unavailable
    from tests.support.fetch import debian_package, unpack_debs

    for suite in suites:
        for arch in ARCHES[suite].split():
            label = f"musl of Debian {suite} {arch}"
            try:
                package = debian_package("musl", suite, arch)
            except Unavailable as reason:
                yield f"not checked {label}: {reason}"
                continue
            with TemporaryDirectory() as folder:
                unpack_debs([package], Path(folder))
                yield f"{compared(Path(folder), suite)} {label}"


def compared(root: Path, suite: str) -> str:
    """Return ``same``, or ``DIFFERS`` with the names that do, for an unpacked package."""
    release, added, taken = DEBIAN[suite]
    real = learn(root)
    names = (real.exports - added) | taken
    try:
        table = musl.model(release, real.arch)
    except UnknownLibc as error:
        return f"not checked ({error})"
    more, fewer = sorted(names - table.exports), sorted(table.exports - names)
    kinds = sorted(n for n in real.exports & table.exports if real.kinds[n] != table.kinds[n])
    if real.version != release or more or fewer or kinds:
        return f"DIFFERS (version {real.version}; + {more} - {fewer} kind {kinds})"
    return "same" if "derived" not in table.provenance else "same (derived table)"


def against_zig(wheel_abilists: Path) -> Iterator[str]:
    """Yield the rows of ``glibc/symbols.txt`` that the binary list has otherwise."""
    path = DATA / "glibc" / "symbols.txt"
    source = next(line for line in path.read_text().splitlines() if line.startswith("@ source "))
    made = glibc.symbol_table(abilists.read(wheel_abilists), source.removeprefix("@ source "))
    ours, theirs = set(path.read_text().splitlines()), set(made.splitlines())
    yield from (f"- {line}" for line in sorted(ours - theirs))
    yield from (f"+ {line}" for line in sorted(theirs - ours))


def zig_abilists() -> Path:
    """Return the path of the lists inside the installed ziglang wheel.

    Raises ``ModuleNotFoundError`` when the wheel is not installed.
    """
    found = find_spec("ziglang")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("the ziglang wheel is not installed")
    return Path(found.origin).parent / "lib" / "libc" / "glibc" / "abilists"
