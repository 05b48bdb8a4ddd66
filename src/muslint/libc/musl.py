"""Models of musl by release and by Alpine package.

Tables: ``data/musl/ARCH.txt`` (names exported), ``data/musl/relocations.txt``
and ``data/alpine/*.txt`` (what Alpine's packages do otherwise). A release that
has no table of its own on some architecture is derived: the nearest one of that
architecture, changed by what changed on the reference architecture between the
two releases. Such a model says so in its provenance.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from muslint.libc.model import Lfs64, LibcModel, UnknownLibc, musl_arch
from muslint.libc.ports import ILP32, RELEASES, TABLE_ARCHES, TWINS, first_release, relocation_arch, table_arch
from muslint.libc.table import covers, notes, read_text, rows

if TYPE_CHECKING:
    from pathlib import Path

Release = tuple[int, ...]


def release_key(version: str) -> Release:
    """Return the numbers at the start of ``version``, for comparing releases.

    ``1.2.4_git20230717`` gives ``(1, 2, 4)``; a text without numbers gives ``()``.
    """
    numbers: list[int] = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if digits:
            numbers.append(int(digits))
        if digits != part:
            break
    return tuple(numbers)


def releases() -> tuple[str, ...]:
    """Return the musl releases the tables cover, oldest first."""
    return RELEASES


def arches(version: str) -> tuple[str, ...]:
    """Return the architectures that have a model of ``version``, sorted.

    Raises :class:`UnknownLibc` for a release older than the tables.
    """
    release = _nearest_release(version)
    order = RELEASES.index(release)
    known = [*TABLE_ARCHES, *TWINS]
    return tuple(sorted(a for a in known if RELEASES.index(first_release(a)) <= order))


def model(version: str, arch: str) -> LibcModel:
    """Return the model of upstream musl ``version`` on ``arch``.

    ``arch`` is a name of musl, Alpine, Debian or Docker. A version between or
    after the covered releases (``1.2.4_git20230717``, ``1.2.7``) takes the newest
    covered release before it and says so. Raises :class:`UnknownLibc` when the
    release is older than the tables, or had no port to the architecture.
    """
    return _model(version, musl_arch(arch))


@lru_cache(maxsize=64)
def _model(version: str, arch: str) -> LibcModel:
    release = _nearest_release(version)
    tabled = table_arch(arch)
    if RELEASES.index(release) < RELEASES.index(first_release(arch)):
        raise UnknownLibc(f"musl {version} has no {arch} port: it begins with musl {first_release(arch)}")
    kinds, provenance = _exports(release, tabled)
    if arch != tabled:
        provenance = f"derived from {tabled}, which exports the same names; {provenance}"
    if version != release:
        provenance = f"derived from musl {release}, the nearest release covered; {provenance}"
    return LibcModel(
        family="musl",
        version=version,
        arch=arch,
        exports=frozenset(kinds),
        kinds=kinds,
        lfs64=lfs64_of(version),
        relr=release_key(version) >= (1, 2, 4),
        relocations=relocations(release, arch),
        zero_length_load=release_key(version) >= (1, 2, 3),
        provenance=f"musl {release} {tabled}: {provenance}",
    )


def lfs64_of(version: str) -> Lfs64:
    """Return how upstream musl ``version`` satisfies the LFS64 names."""
    key = release_key(version)
    if key < (1, 2, 4):
        return Lfs64.EXPORTED
    return Lfs64.REMAP_SHORT if key < (1, 2, 6) else Lfs64.REMAP


@lru_cache(maxsize=64)
def relocations(release: str, arch: str) -> Mapping[int, str]:
    """Return the relocation numbers musl ``release`` applies on ``arch``.

    The values are the classes of ``ldso/dynlink.c`` (``SYMBOLIC``, ``GOT`` …).
    An architecture musl never had gives an empty mapping.
    """
    family = relocation_arch(arch)
    return {
        int(row[1]): row[2]
        for row in rows(read_text("musl/relocations.txt"))
        if row[0] == family and (len(row) < 5 or covers(row[4], release, RELEASES))
    }


def alpine(release: str, arch: str, package: str | None = None) -> LibcModel:
    """Return the model of the musl that Alpine ``release`` ships.

    ``package`` picks a revision such as ``1.2.2-r7``; without one the newest known
    of that release is meant. Raises :class:`UnknownLibc` for a release, revision
    or architecture without a table.
    """
    return _alpine(release, musl_arch(arch), package)


@lru_cache(maxsize=32)
def _alpine(release: str, arch: str, package: str | None) -> LibcModel:
    row = _alpine_row(release)
    first, last, base, lfs64, relr_from, source = row
    chosen = package or last
    version, _, revision = chosen.rpartition("-r")
    if not version or not revision.isdigit() or release_key(version) != release_key(base):
        raise UnknownLibc(f"Alpine {release} has no musl {chosen}: it ships {first} to {last}")
    upstream = _model(base, arch)
    kinds = dict(upstream.kinds)
    for name, kind in _alpine_changes(release, arch):
        if kind is None:
            kinds.pop(name, None)
        else:
            kinds[name] = kind
    extra = _alpine_relocations(release, arch)
    return replace(
        upstream,
        version=version,
        exports=frozenset(kinds),
        kinds=kinds,
        lfs64=Lfs64(lfs64),
        relr=_relr_in(relr_from, chosen),
        relocations={**upstream.relocations, **extra},
        provenance=f"Alpine {release} musl {chosen}: {source}; base {upstream.provenance}",
        package=chosen,
    )


@lru_cache(maxsize=1)
def alpine_releases() -> tuple[str, ...]:
    """Return the Alpine releases the tables cover, oldest first, ``edge`` last."""
    return tuple(row[0] for row in rows(read_text("alpine/musl.txt")))


def alpine_packages(release: str) -> tuple[str, str]:
    """Return the first and the newest known musl package of an Alpine release."""
    first, last, *_ = _alpine_row(release)
    return first, last


def learn(source: "bytes | memoryview | Path") -> LibcModel:
    """Return the model read from a real musl: its bytes, its path or a root.

    See :func:`muslint.libc.learn.learn`.
    """
    from muslint.libc.learn import learn as read

    return read(source)


def _alpine_row(release: str) -> tuple[str, str, str, str, str, str]:
    text = read_text("alpine/musl.txt")
    for row in rows(text):
        if row[0] == release:
            first, last, base, lfs64, relr_from = row[1:6]
            return first, last, base, lfs64, relr_from, notes(text).get(release, "")
    raise UnknownLibc(f"no table of Alpine {release}: known are {', '.join(alpine_releases())}")


def _alpine_changes(release: str, arch: str) -> list[tuple[str, str | None]]:
    return [
        (row[2][1:], row[3] if row[2][0] == "+" else None)
        for row in rows(read_text("alpine/symbols.txt"))
        if row[0] == release and (row[1] == "*" or arch in row[1].split(","))
    ]


def _alpine_relocations(release: str, arch: str) -> dict[int, str]:
    family = relocation_arch(arch)
    return {
        int(row[2]): row[3]
        for row in rows(read_text("alpine/relocations.txt"))
        if row[0] == release and row[1] == family
    }


def _relr_in(relr_from: str, package: str) -> bool:
    """Tell whether ``package`` applies DT_RELR: ``yes``, ``no`` or a first revision."""
    if relr_from in ("yes", "no"):
        return relr_from == "yes"
    return package_key(package) >= package_key(relr_from)


def package_key(package: str) -> tuple[Release, int, int]:
    """Return a key that orders Alpine versions such as ``1.2.2_pre7-r0``.

    ``_pre`` sorts before the release itself and ``_git`` after it.
    """
    version, _, revision = package.rpartition("-r")
    stage = -1 if "_pre" in version else 1 if "_git" in version else 0
    return release_key(version), stage, int(revision) if revision.isdigit() else 0


def _nearest_release(version: str) -> str:
    key = release_key(version)
    older = [r for r in RELEASES if release_key(r) <= key]
    if not older:
        raise UnknownLibc(f"no table of musl {version}: known are {RELEASES[0]} to {RELEASES[-1]}")
    return older[-1]


@lru_cache(maxsize=64)
def _own(release: str, arch: str) -> dict[str, str] | None:
    """Return name to kind from the table of ``arch``, None when it lacks ``release``."""
    text = read_text(f"musl/{arch}.txt")
    order = tuple(notes(text))
    if release not in order:
        return None
    verdicts: dict[str, bool] = {}
    kinds: dict[str, str] = {}
    for row in rows(text):
        if len(row) == 3:
            held = verdicts.get(row[2])
            if held is None:
                held = verdicts[row[2]] = covers(row[2], release, order)
            if not held:
                continue
        kinds[row[0]] = row[1]
    return kinds


def _exports(release: str, arch: str) -> tuple[dict[str, str], str]:
    own = _own(release, arch)
    if own is not None:
        return own, notes(read_text(f"musl/{arch}.txt"))[release]
    # Names of the time64 switch exist on 32-bit machines alone, so i386 is their reference.
    reference = "i386" if arch in ILP32 and arch != "i386" else "x86_64"
    wanted, _ = _exports(release, reference)
    near, near_reference = _closest(release, arch, reference, wanted)
    kinds = dict(_own(near, arch) or {})
    for name in near_reference.keys() - wanted.keys():
        kinds.pop(name, None)
    for name in wanted.keys() - near_reference.keys():
        kinds.setdefault(name, wanted[name])
    return kinds, f"derived from {near} by what changed on {reference} between the releases"


def _closest(release: str, arch: str, reference: str, wanted: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
    """Return the tabled release of ``arch`` whose reference differs least from ``wanted``."""
    place = RELEASES.index(release)
    best: tuple[int, int, str, Mapping[str, str]] | None = None
    for near in notes(read_text(f"musl/{arch}.txt")):
        names, _ = _exports(near, reference)
        distance = len(names.keys() ^ wanted.keys())
        candidate = (distance, abs(RELEASES.index(near) - place), near, names)
        if best is None or candidate[:2] < best[:2]:
            best = candidate
    if best is None:
        raise UnknownLibc(f"the table of musl on {arch} names no release")
    return best[2], best[3]
