"""Shims: Alpine packages that give names which glibc has and musl lacks."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from muslint.libc import glibc
from muslint.libc.model import UnknownLibc, musl_arch
from muslint.libc.musl import alpine_releases, release_key
from muslint.libc.table import covers, notes, read_text, rows


@dataclass(frozen=True, slots=True)
class ShimLibrary:
    """One shared library of a shim package."""

    path: str
    """Where the package puts it."""

    exports: frozenset[str] | None
    """Names it defines, None where the tables do not know them."""

    needed: tuple[str, ...] = ()
    """Its NEEDED entries but libc."""


@dataclass(frozen=True, slots=True)
class Shim:
    """A shim package as one Alpine release ships it."""

    name: str
    package: str
    """Name to give to ``apk add``."""

    version: str
    repository: str
    """``main``, ``community`` or ``testing`` (published for edge alone)."""

    libraries: tuple[ShimLibrary, ...]
    links: tuple[tuple[str, str], ...]
    """(path, target) of symbolic links, such as ``/lib/libc.so.6``."""

    requires: tuple[str, ...]
    """Packages that come with it."""

    loader: str | None
    """Path of a stub that stands in for glibc's loader and preloads the first library."""

    provenance: str

    @property
    def exports(self) -> frozenset[str]:
        """Names its own libraries are known to define."""
        held: frozenset[str] = frozenset()
        return held.union(*(library.exports or () for library in self.libraries))


# Shims that are a header, a static archive, a daemon or data: nothing to load.
_NO_LIBRARY = frozenset({"argp-standalone", "musl-legacy-error", "musl-locales", "musl-nscd"})
_ALIASES: Mapping[str, str] = {
    "libc6-compat": "gcompat",
    "fts": "musl-fts",
    "obstack": "musl-obstack",
    "gnu-libiconv-libs": "gnu-libiconv",
}
_PATHS: Mapping[str, tuple[str, ...]] = {
    "gcompat": ("/lib/libgcompat.so.0",),
    "libexecinfo": ("/usr/lib/libexecinfo.so.1",),
    "libucontext": ("/usr/lib/libucontext.so.1",),
    "musl-obstack": ("/usr/lib/libobstack.so.1",),
    "musl-fts": ("/usr/lib/libfts.so.0",),
    "gnu-libiconv": (
        "/usr/lib/preloadable_libiconv.so",
        "/usr/lib/libiconv.so.2",
        "/usr/lib/libcharset.so.1",
    ),
    "libtirpc": ("/usr/lib/libtirpc.so.3",),
    "musl-rpmatch": ("/usr/lib/librpmatch.so.0",),
}
STUBS: Mapping[str, Mapping[str, str]] = {
    "gcompat": {
        "getcontext": "always fails with ENOSYS",
        "__getcontext": "always fails with ENOSYS",
        "backtrace": "walks frame pointers and may crash where there are none",
        "dlmopen": "opens no namespace of its own",
        "mallinfo": "says zero of everything",
        "mtrace": "does nothing",
        "muntrace": "does nothing",
        "gnu_get_libc_version": "says 2.8 unless GLIBC_FAKE_VERSION is set",
    }
}
"""Names a shim gives without doing their work, with what they do instead; read in, or shown with, its sources."""

# From 3.19 on gcompat also is what musl's libc6-compat subpackage was before.
_COMPAT_LINKS = (
    "libc.so.6",
    "libcrypt.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
    "libutil.so.1",
)
_STUBS_IN_LIB64 = frozenset({"x86_64", "powerpc64le", "aarch64"})


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Return the shims the tables know, sorted."""
    return tuple(sorted({row[0] for row in rows(read_text("shims/packages.txt"))}))


@lru_cache(maxsize=256)
def shim(name: str, release: str, arch: str) -> Shim | None:
    """Return shim ``name`` as Alpine ``release`` ships it, None where it does not.

    Raises :class:`UnknownLibc` for a name that is no shim at all, or a release
    without a table.
    """
    if release not in alpine_releases():
        raise UnknownLibc(f"no table of Alpine {release}")
    if name == "libc6-compat" and _before(release, "3.19"):
        return _libc6_compat(release, musl_arch(arch))
    wanted = _ALIASES.get(name, name)
    if wanted not in names():
        raise UnknownLibc(f"no shim is called {name}: known are {', '.join(names())}")
    for row in rows(read_text("shims/packages.txt")):
        if row[0] == wanted and row[1] == release:
            if row[4] == "testing" and release != "edge":
                return None
            return _built(wanted, row, musl_arch(arch))
    return None


def _built(name: str, row: list[str], arch: str) -> Shim:
    _, release, package, version, repository = row
    is_gcompat = name == "gcompat"
    requires, needed = _requirements(release) if is_gcompat else ((), ())
    paths = () if name in _NO_LIBRARY else _PATHS[name]
    if name == "libucontext" and _before(release, "3.13"):
        paths = ("/usr/lib/libucontext.so.0",)
    return Shim(
        name=name,
        package=package,
        version=version,
        repository=repository,
        libraries=tuple(ShimLibrary(path, _exports(path, version), needed) for path in paths),
        links=_gcompat_links(release, arch) if is_gcompat else (),
        requires=requires,
        loader=_stub(release, arch) if is_gcompat else None,
        provenance=_provenance(name, release, version),
    )


def _provenance(name: str, release: str, version: str) -> str:
    text = f"Alpine {release} {name} {version}"
    if name == "gcompat" and _gcompat_version(version) != version.partition("-")[0]:
        text += f" (names of {_gcompat_version(version)}, the nearest version read)"
    return text


def _requirements(release: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the packages gcompat brings and the sonames it needs, by release."""
    if _before(release, "3.10"):
        return ("libc6-compat",), ()
    ucontext = "libucontext.so.0" if _before(release, "3.13") else "libucontext.so.1"
    if _before(release, "3.12"):
        return ("libucontext",), (ucontext,)
    return ("libucontext", "musl-obstack"), (ucontext, "libobstack.so.1")


def _gcompat_links(release: str, arch: str) -> tuple[tuple[str, str], ...]:
    links: list[tuple[str, str]] = []
    stub = _stub(release, arch)
    in_lib64 = arch in _STUBS_IN_LIB64 or not _before(release, "3.19")
    if stub and not _before(release, "3.13") and in_lib64 and arch not in ("i386", "armhf"):
        links.append(("/lib64/" + stub.rpartition("/")[2], stub))
    if release == "3.18" and stub:
        links.append(("/lib/libresolv.so.2", stub))
    if not _before(release, "3.19"):
        links += [(f"/lib/{name}", "libgcompat.so.0") for name in (*_COMPAT_LINKS, "libresolv.so.2")]
    return tuple(sorted(links))


def _stub(release: str, arch: str) -> str | None:
    if arch == "s390x" and _before(release, "3.13"):
        return "/lib/ld.so.1"
    name = glibc.loader(arch)
    return f"/lib/{name}" if name else None


def _libc6_compat(release: str, arch: str) -> Shim:
    """Return musl's own subpackage of links, as it was up to Alpine 3.18."""
    musl = f"/lib/ld-musl-{arch}.so.1"
    links = [(f"/lib/{name}", musl) for name in _COMPAT_LINKS]
    name = glibc.loader(arch)
    if name:
        folder = "/lib64" if arch in ("x86_64", "powerpc64le") else "/lib"
        links.append((f"{folder}/{name}", musl))
    return Shim(
        name="libc6-compat",
        package="libc6-compat",
        version="",
        repository="main",
        libraries=(),
        links=tuple(sorted(links)),
        requires=(),
        loader=None,
        provenance=f"Alpine {release} musl, subpackage libc6-compat: links to musl, no names added",
    )


@lru_cache(maxsize=64)
def _gcompat_version(version: str) -> str:
    known = notes(read_text("shims/exports.txt"))["gcompat"].split()
    older = [v for v in known if release_key(v) <= release_key(version)]
    return older[-1] if older else known[0]


@lru_cache(maxsize=16)
def _exports(path: str, version: str) -> frozenset[str] | None:
    library = path.rpartition("/")[2]
    if library == "libucontext.so.0":
        library = "libucontext.so.1"
    text = read_text("shims/exports.txt")
    order = notes(text)["gcompat"].split()
    found = frozenset(
        row[1]
        for row in rows(text)
        if row[0] == library and (len(row) < 3 or covers(row[2], _gcompat_version(version), order))
    )
    return found or None


def _before(release: str, other: str) -> bool:
    return release != "edge" and release_key(release) < release_key(other)
