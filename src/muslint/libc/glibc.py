"""What glibc exports, by name, version and architecture.

Answers three questions: is a name glibc's at all, since which version, and what
does one version export. Tables: ``data/glibc/symbols.txt`` (public names, every
architecture) and ``data/glibc/extra.txt`` (libnsl, libmvec, NSS modules and the
``GLIBC_PRIVATE`` names, read on two architectures and assumed alike on the rest).
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from muslint.libc.model import Lfs64, LibcModel, UnknownLibc, musl_arch
from muslint.libc.table import notes, read_text, rows

PRIVATE = "PRIVATE"
"""In place of a version: the name is exported at GLIBC_PRIVATE only."""

_EXTRA_ARCHES = ("x86_64", "aarch64")
# libmvec's names spell the vector unit, so no other architecture has them.
_ARCH_BOUND_LIBS = frozenset({"mvec", "ld"})
_LISTED_LIBS = frozenset({"c", "m", "ld", "resolv", "pthread", "dl", "rt", "util"})
_MERGED_LIBS = ("pthread", "dl", "rt", "util", "anl")


@dataclass(frozen=True, slots=True)
class GlibcSymbol:
    """One name of glibc on one architecture."""

    kind: str
    """``F`` function or ``O`` object; ``F`` where the table does not say."""

    since: str
    """Lowest version node, such as ``2.17``, or :data:`PRIVATE`."""

    nodes: tuple[tuple[str, str], ...]
    """Every (library, version node) that defines it, e.g. ``("pthread", "2.2.5")``."""

    @property
    def libs(self) -> tuple[str, ...]:
        """Libraries that define it, sorted: ``c``, ``m``, ``pthread`` … (see :func:`soname`)."""
        return tuple(sorted({lib for lib, _ in self.nodes}))


_SONAMES: Mapping[str, str] = {
    "c": "libc.so.6",
    "m": "libm.so.6",
    "pthread": "libpthread.so.0",
    "dl": "libdl.so.2",
    "rt": "librt.so.1",
    "util": "libutil.so.1",
    "resolv": "libresolv.so.2",
    "anl": "libanl.so.1",
    "nsl": "libnsl.so.1",
    "mvec": "libmvec.so.1",
    "thread_db": "libthread_db.so.1",
    "BrokenLocale": "libBrokenLocale.so.1",
    "c_malloc_debug": "libc_malloc_debug.so.0",
    "nss_compat": "libnss_compat.so.2",
    "nss_dns": "libnss_dns.so.2",
    "nss_files": "libnss_files.so.2",
    "nss_hesiod": "libnss_hesiod.so.2",
}
_LOADERS: Mapping[str, str] = {
    "x86_64": "ld-linux-x86-64.so.2",
    "x32": "ld-linux-x32.so.2",
    "i386": "ld-linux.so.2",
    "aarch64": "ld-linux-aarch64.so.1",
    "aarch64_be": "ld-linux-aarch64_be.so.1",
    "arm": "ld-linux.so.3",
    "armhf": "ld-linux-armhf.so.3",
    "powerpc64le": "ld64.so.2",
    "powerpc64": "ld64.so.1",
    "powerpc": "ld.so.1",
    "s390x": "ld64.so.1",
    "riscv64": "ld-linux-riscv64-lp64d.so.1",
    "loongarch64": "ld-linux-loongarch-lp64d.so.1",
    "mips64el": "ld.so.1",
    "mips64": "ld.so.1",
    "mipsel": "ld.so.1",
    "mips": "ld.so.1",
}


def soname(lib: str, arch: str) -> str:
    """Return the file name of a library of :attr:`GlibcSymbol.libs` on ``arch``."""
    if lib == "ld":
        return _LOADERS.get(musl_arch(arch), "ld.so.1")
    return _SONAMES.get(lib, f"lib{lib}.so")


def loader(arch: str) -> str | None:
    """Return the file name of glibc's loader on ``arch``, None when not known."""
    return _LOADERS.get(musl_arch(arch))


@lru_cache(maxsize=1 << 12)
def version_key(version: str) -> tuple[int, ...]:
    """Return the numbers of ``2.17`` or ``GLIBC_2.2.5``, for comparing.

    :data:`PRIVATE` and anything else without numbers sorts last.
    """
    parts = version.removeprefix("GLIBC_").split(".")
    if not all(part.isdigit() for part in parts):
        return (1 << 30,)
    return tuple(int(part) for part in parts)


def arches() -> tuple[str, ...]:
    """Return the architectures the table covers, sorted."""
    found = notes(read_text("glibc/symbols.txt"))
    return tuple(sorted(arch for mark, arch in found.items() if len(mark) == 1))


@lru_cache(maxsize=32)
def _letter(arch: str) -> str:
    """The letter of an architecture in ``symbols.txt``."""
    letter = next(
        (m for m, name in notes(read_text("glibc/symbols.txt")).items() if name == arch and len(m) == 1), None
    )
    if letter is None:
        raise UnknownLibc(f"no table of glibc on {arch}: known are {', '.join(arches())}")
    return letter


@lru_cache(maxsize=8)
def _symbols(arch: str) -> Mapping[str, GlibcSymbol]:
    letter = _letter(arch)
    held: dict[str, bool] = {"*": True}
    alike: dict[str, GlibcSymbol | None] = {}  # most names share kind and nodes with many others
    found: dict[str, GlibcSymbol] = {}
    for line in read_text("glibc/symbols.txt").splitlines():
        name, _, rest = line.partition(" ")
        if name[:1] in ("#", "@", ""):
            continue
        if rest not in alike:
            kind, *clauses = rest.split()
            nodes = _nodes_of(clauses, letter, held)
            alike[rest] = GlibcSymbol(kind, _lowest(nodes), tuple(nodes)) if nodes else None
        if (symbol := alike[rest]) is not None:
            found[name] = symbol
    _add_extra(found, arch)
    return found


def _nodes_of(clauses: Iterable[str], letter: str, held: dict[str, bool]) -> list[tuple[str, str]]:
    """(library, node) of a row on an architecture; ``held`` keeps which sets of letters hold it."""
    nodes: list[tuple[str, str]] = []
    for clause in clauses:
        letters, lib, versions = clause.split(":")
        here = held.get(letters)
        if here is None:
            here = held[letters] = (letter in letters) != (letters[0] == "^")
        if here:
            nodes += [(lib, node) for node in versions.split(",")]
    return nodes


_FEW = 64
"""Names that are looked up in the text; who asks for more is better served by the whole table."""


@lru_cache(maxsize=1 << 14)
def _symbol(name: str, arch: str) -> GlibcSymbol | None:
    """One row of `_symbols`, without reading the others where that can be: a few names are asked of most files."""
    if arch not in _EXTRA_ARCHES or _symbol.cache_info().misses > _FEW:
        return _symbols(arch).get(name)
    row = _row("glibc/symbols.txt", name)
    found: dict[str, GlibcSymbol] = {}
    if row and (nodes := _nodes_of(row[2:], _letter(arch), {"*": True})):
        found[name] = GlibcSymbol(row[1], _lowest(nodes), tuple(nodes))
    more = [row for row in (_row("glibc/extra.txt", name), _row("glibc/mvec.txt", name)) if row]
    _add_rows(found, more, arch, arch, "")
    return found.get(name)


def _row(table: str, name: str) -> list[str]:
    """The columns of the row of a name, found by its text; none where there is none."""
    text = read_text(table)
    at = text.find(f"\n{name} ") if name[:1] not in ("#", "@") else -1
    found = text[at + 1 : text.find("\n", at + 1)].split() if at >= 0 else []
    return found if found[:1] == [name] else []


def _lowest(nodes: list[tuple[str, str]]) -> str:
    return min((node for _, node in nodes), key=version_key)


def _add_extra(found: dict[str, GlibcSymbol], arch: str) -> None:
    """Add the names of ``extra.txt``; where ``arch`` was not read, as on x86_64.

    There x86_64's first node stands for the architecture's own first one, and a node
    older than that is raised to it.
    """
    source = arch if arch in _EXTRA_ARCHES else _EXTRA_ARCHES[0]
    first = min((s.since for s in found.values()), key=version_key)
    _add_rows(found, rows(read_text("glibc/extra.txt") + read_text("glibc/mvec.txt")), arch, source, first)


def _add_rows(found: dict[str, GlibcSymbol], more: Iterable[list[str]], arch: str, source: str, first: str) -> None:
    for row in more:
        nodes: list[tuple[str, str]] = []
        for clause in row[1:]:
            lib, node, where, _ = clause.split(":")
            if where != source or (source != arch and lib in _ARCH_BOUND_LIBS):
                continue
            nodes.append((lib, node if source == arch else _moved(node, first)))
        if nodes:
            known = found.get(row[0])
            both = [*known.nodes, *nodes] if known else nodes
            found[row[0]] = GlibcSymbol(known.kind if known else "F", _lowest(both), tuple(both))


def _moved(node: str, first: str) -> str:
    return first if node == "2.2.5" else max(node, first, key=version_key)


def symbols(arch: str) -> Mapping[str, GlibcSymbol]:
    """Return every name glibc 2.0 to 2.44 has exported on ``arch``.

    ``arch`` is a name of musl, Alpine, Debian or Docker. Raises
    :class:`UnknownLibc` for an architecture without a table.
    """
    return _symbols(musl_arch(arch))


def is_glibc(name: str, arch: str) -> bool:
    """Tell whether any glibc exports ``name`` on ``arch``.

    An architecture without a table is answered by x86_64's.
    """
    return _symbol(name, _known_or_default(arch)) is not None


def since(name: str, arch: str) -> str | None:
    """Return the lowest version node of ``name``, :data:`PRIVATE`, or None if not glibc's."""
    symbol = _symbol(name, _known_or_default(arch))
    return symbol.since if symbol else None


def exports(version: str, arch: str) -> frozenset[str]:
    """Return the public names that glibc ``version`` (``2.31``) exports on ``arch``.

    Raises :class:`UnknownLibc` for an architecture without a table, or a version
    before the first one of that architecture.
    """
    limit = version_key(version)
    table = symbols(arch)
    there = {since for since in {symbol.since for symbol in table.values()} if version_key(since) <= limit}
    names = frozenset([name for name, symbol in table.items() if symbol.since in there])
    if not names:
        raise UnknownLibc(f"glibc {version} has no port to {arch}")
    return names


@lru_cache(maxsize=1)
def library_names() -> frozenset[str]:
    """File names of every library a glibc installs on x86_64, of those it has given up too."""
    return frozenset(nodes(newest_release(), "x86_64")) | {"libcrypt.so.1", "libnsl.so.1"}


def nodes(version: str, arch: str) -> Mapping[str, frozenset[str]]:
    """Return, by file name, the version nodes that glibc ``version`` defines.

    A node a library once defined stays defined: libraries merged into libc in 2.34
    are left as stubs that keep their nodes, and libc takes over the old ones too.
    Libraries whose nodes were not read on ``arch`` are left out: of them nothing is known.
    """
    limit = version_key(version)
    machine = musl_arch(arch)
    found: dict[str, set[str]] = {}
    for lib, node in {pair for symbol in symbols(arch).values() for pair in symbol.nodes}:
        if (machine in _EXTRA_ARCHES or lib in _LISTED_LIBS) and _holds(lib, node, limit):
            found.setdefault(lib, set()).add("GLIBC_" + node)
    for lib, node, since_version, arches_text in rows(read_text("glibc/markers.txt")):
        if version_key(since_version) <= limit and (arches_text == "*" or machine in arches_text.split(",")):
            found.setdefault(lib, set()).add(node)
    if limit >= (2, 34):
        for lib in _MERGED_LIBS:
            found.setdefault("c", set()).update(found.get(lib, set()))
    return {soname(lib, arch): frozenset(held) for lib, held in sorted(found.items())}


def _holds(lib: str, node: str, limit: tuple[int, ...]) -> bool:
    if node == PRIVATE:
        # The stubs of merged libraries have nothing private left.
        return limit < (2, 34) or lib not in ("pthread", "dl")
    return version_key(node) <= limit


def _known_or_default(arch: str) -> str:
    """musl's name of an architecture; x86_64 where there is no table."""
    try:
        _letter(musl_arch(arch))
    except UnknownLibc:
        return "x86_64"
    return musl_arch(arch)


def model(version: str, arch: str) -> LibcModel:
    """Return the model of glibc ``version`` (``2.31``) on ``arch``: its public names.

    ``relocations`` is empty: glibc's loader knows every dynamic relocation of its
    machine. Raises :class:`UnknownLibc` as :func:`exports` does.
    """
    names = exports(version, arch)
    table = symbols(arch)
    return LibcModel(
        family="glibc",
        version=version,
        arch=musl_arch(arch),
        exports=names,
        kinds={name: table[name].kind for name in sorted(names)},
        lfs64=Lfs64.EXPORTED,
        relr=version_key(version) >= (2, 36),
        relocations={},
        zero_length_load=True,
        provenance=f"glibc {version}: " + notes(read_text("glibc/symbols.txt"))["source"],
    )


def newest_release() -> str:
    """Return the newest release the table knows a version node of: ``2.44``."""
    known = {node for symbol in symbols("x86_64").values() for _, node in symbol.nodes if node != PRIVATE}
    return max(known, key=version_key)


def release_model(release: tuple[int, int], arch: str, provenance: str) -> LibcModel:
    """Return the model of a release found in a root; one without names where no table has it."""
    version = ".".join(map(str, release))
    try:
        return dataclasses.replace(model(version, arch), provenance=f"glibc {version}: {provenance}")
    except UnknownLibc:
        return LibcModel(
            "glibc", version, musl_arch(arch), frozenset(), {}, Lfs64.EXPORTED, release >= (2, 36), {}, True,
            f"glibc {version}: {provenance}",
        )  # fmt: skip
