"""Making a model from a real musl: its bytes, its file, or a root that holds one.

What the file itself says is taken from it: names, version, architecture and
whether the loader carries the LFS64 list. DT_RELR support cannot be read off, so
it goes by version and, in an Alpine root, by the installed package.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from muslint.errors import MalformedElf, UnknownLibc
from muslint.libc import musl
from muslint.libc.model import Lfs64, LibcModel, musl_arch

if TYPE_CHECKING:
    from muslint.elf.object import ElfObject, SymbolTable

# The usage text of ldso/dynlink.c: `musl libc (ARCH)`, then `Version %s`.
_BANNER = re.compile(rb"musl libc \(([0-9A-Za-z_-]+)\)\nVersion ")
_VERSION = re.compile(rb"(?<![0-9.])([01]\.\d+\.\d+[0-9A-Za-z._+-]*)\0")
# The head of get_lfs64's list; a symbol string table has no reason to be in this order.
_LFS64_LIST = b"aio_cancel\0aio_error\0aio_fsync\0aio_read\0aio_return\0aio_suspend\0aio_write\0alphasort\0"

_KINDS = {0: "N", 1: "O", 2: "F", 5: "O", 6: "T"}
_BINDS = frozenset({1, 2, 10})
_STT_TLS = 6
_HIDDEN = 0x8000
_MAX_LINKS = 40


def learn(source: bytes | memoryview | Path, arch: str | None = None) -> LibcModel:
    """Return the model of the musl in ``source``.

    ``source`` is the bytes of a ``libc.so`` or ``ld-musl-*.so.1``, the path of one, or
    a directory to take as ``/``; ``arch`` picks the loader of a root that has several.
    Raises :class:`UnknownLibc` when there is no musl in it.
    """
    if not isinstance(source, Path):
        return _of_bytes(source, "bytes given")
    if source.is_dir():
        return _of_root(source, arch)
    try:
        data = source.read_bytes()
    except OSError as error:
        raise UnknownLibc(f"{source} cannot be read: {error.strerror}") from error
    return _of_bytes(data, source.name)


def model_of(found: "ElfObject", data: bytes | memoryview, origin: str) -> LibcModel:
    """Return the model of a musl that has been read already.

    ``data`` is the whole file, ``origin`` the words for it in the provenance.
    """
    banner = _BANNER.search(data)
    if banner is None:
        raise UnknownLibc(f"{origin} is not musl's libc: it carries no musl banner")
    version = _version_in(data)
    arch = musl_arch(banner[1].decode())
    if arch != found.arch:
        raise UnknownLibc(f"{origin} calls itself musl of {arch}, but its header says {found.arch}")
    release = _covered_release(version)
    relocations = musl.relocations(release, arch)
    if not relocations:
        raise UnknownLibc(f"musl on {arch}: no table of the relocations it knows")
    kinds = exported(found.symbols)
    key = musl.release_key(version)
    remapped = _LFS64_LIST in bytes(data)
    short = Lfs64.REMAP_SHORT if key < (1, 2, 6) else Lfs64.REMAP
    return LibcModel(
        family="musl",
        version=version,
        arch=arch,
        exports=frozenset(kinds),
        kinds=kinds,
        lfs64=short if remapped else Lfs64.EXPORTED,
        relr=key >= (1, 2, 4) or found.relr_words > 0,
        relocations=relocations,
        zero_length_load=key >= (1, 2, 3),
        provenance=f"read from {origin} (musl {version}, {arch}; {len(kinds)} names)",
    )


def exported(symbols: "SymbolTable") -> dict[str, str]:
    """Return name to kind of what ``find_sym`` accepts, in the order of the table."""
    versyms = symbols.versyms
    kinds: dict[str, str] = {}
    columns = zip(symbols.names, symbols.infos, symbols.shndxs, symbols.values, strict=True)
    for index, (name, info, shndx, value) in enumerate(columns):
        kind = _KINDS.get(info & 15)
        if not name or kind is None or info >> 4 not in _BINDS or not shndx:
            continue
        if (value or info & 15 == _STT_TLS) and not (versyms and versyms[index] & _HIDDEN):
            kinds.setdefault(name, kind)
    return kinds


def _of_bytes(data: bytes | memoryview, origin: str) -> LibcModel:
    from muslint.elf.dynamic import read
    from muslint.sources.bytes import MemoryBytes

    try:
        found = read(MemoryBytes(bytes(data)), origin)
    except MalformedElf as error:
        raise UnknownLibc(f"{origin} is not musl's libc: {error}") from error
    return model_of(found, data, origin)


def _version_in(data: bytes | memoryview) -> str:
    versions = {match[1].decode() for match in _VERSION.finditer(data)}
    if len(versions) != 1:
        found = ", ".join(sorted(versions)) or "none"
        raise UnknownLibc(f"cannot tell the musl version: candidates are {found}")
    return versions.pop()


def _covered_release(version: str) -> str:
    key = musl.release_key(version)
    older = [release for release in musl.releases() if musl.release_key(release) <= key]
    return older[-1] if older else musl.releases()[0]


def _of_root(root: Path, arch: str | None) -> LibcModel:
    wanted = f"ld-musl-{musl_arch(arch)}.so.1" if arch else "ld-musl-*.so.1"
    # An unpacked package of a merged-/usr distribution has no /lib link of its own.
    names = [f"/{where}/{p.name}" for where in ("lib", "usr/lib") for p in sorted((root / where).glob(wanted))]
    if not names:
        raise UnknownLibc(f"{root} holds no musl loader (/lib/{wanted})")
    inside = resolve(root, names[0])
    if inside is None:
        raise UnknownLibc(f"{root}: {names[0]} leads to no file")
    try:
        data = inside.read_bytes()
    except OSError as error:
        raise UnknownLibc(f"{inside} cannot be read: {error.strerror}") from error
    learned = _of_bytes(data, names[0])
    package = alpine_package(root)
    return _as_alpine(learned, *package) if package else learned


def resolve(root: Path, path: str) -> Path | None:
    """Return the file at ``path`` with every symbolic link resolved inside ``root``.

    None when it does not exist, or after 40 links (the kernel's limit).
    """
    todo = [part for part in path.split("/") if part][::-1]
    done: list[str] = []
    links = 0
    while todo:
        part = todo.pop()
        if part in (".", ".."):
            del done[-1 if part == ".." else len(done) :]
            continue
        here = root.joinpath(*done, part)
        if here.is_symlink():
            links += 1
            if links > _MAX_LINKS:
                return None
            target = str(here.readlink())
            if target.startswith("/"):
                done.clear()
            todo += [piece for piece in target.split("/") if piece][::-1]
        else:
            done.append(part)
    found = root.joinpath(*done)
    return found if found.is_file() else None


def alpine_package(root: Path) -> tuple[str, str] | None:
    """Return Alpine release and musl package of a root, e.g. ``("3.16", "1.2.3-r3")``."""
    release = resolve(root, "/etc/alpine-release")
    database = resolve(root, "/lib/apk/db/installed") or resolve(root, "/usr/lib/apk/db/installed")
    if release is None or database is None:
        return None
    text = release.read_text(errors="replace").strip()
    name = "edge" if "_alpha" in text else ".".join(text.split(".")[:2])
    blocks = database.read_text(errors="replace").split("\n\n")
    for block in blocks:
        fields = dict(line.split(":", 1) for line in block.splitlines() if line[1:2] == ":")
        if fields.get("P") == "musl" and "V" in fields:
            return name, fields["V"]
    return None


def _as_alpine(learned: LibcModel, release: str, package: str) -> LibcModel:
    """Return ``learned`` with what only Alpine's own table of ``package`` can tell."""
    provenance = f"{learned.provenance}, Alpine {release} package {package}"
    try:
        known = musl.alpine(release, learned.arch, package)
    except UnknownLibc:
        return replace(learned, package=package, provenance=provenance)
    return replace(
        learned,
        relr=learned.relr or known.relr,
        relocations={**learned.relocations, **known.relocations},
        package=package,
        provenance=provenance,
    )
