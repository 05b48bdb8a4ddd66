"""Which base images run a whole source, what each one lacks, and what installing packages changes.

Pure: images and a way to judge the source on a target go in, rows come out. An image runs the source when every
object of it does. What the catalogue does not know is never taken for given: whether an image holds a library that no
table tells of is asked both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from muslint.advice.base import NO_IMAGE, Base, some, unopened
from muslint.advice.reasons import (
    RUNTIME,
    Broken,
    Judgement,
    StepsOf,
    broken,
    errors,
    lacking,
    opened_by_name,
    why_later,
    why_not,
)
from muslint.libc.catalog import BaseImage, image_libraries, newest_alpine, unlisted
from muslint.libc.catalog import image as catalogued
from muslint.libc.musl import releases
from muslint.libc.published import Published, add, install, instead, package, partial, published
from muslint.libc.sonames import provider
from muslint.loader.named import Target, parse_target
from muslint.rules.finding import When

GCOMPAT = "+gcompat"
FAILS, FAILS_ON_USE, DIFFERS, RUNS, UNKNOWN = "fails", "fails-on-use", "differs", "runs", "unknown"
_ORDER = (FAILS, FAILS_ON_USE, DIFFERS, UNKNOWN, RUNS)
_STATIC = ("static-executable", "static-pie")

Judge = Callable[[Target, bool], Sequence[Judgement]]
"""Every object of the source on a target; whether behaviour counts too, which takes longer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of the source on one target."""

    verdict: str
    why: str
    failing: int
    broken: Broken
    assumed: tuple[str, ...] = ()
    opens_missing: tuple[str, ...] = ()  # as in `Base`
    opens_unknown: tuple[str, ...] = ()


_NOTHING = Broken((), (), (), ())


def matrix(
    images: Iterable[BaseImage],
    archs: frozenset[str],
    judge: Judge,
    steps: StepsOf,
    today: date,
    *,
    shims: bool = False,
) -> tuple[Base, ...]:
    """One row an image, in the order given; an Alpine that does not run the source, or any with ``shims``, has a second
    one with gcompat.

    ``archs`` are the architectures of the source, ``steps`` gives the symbol versions an object needs (for the
    reasons), ``today`` is what the end of life is held against. Images that differ in nothing a loader sees are
    judged once.
    """
    asked = _Asked(judge, steps, archs)
    rows: list[Base] = []
    for image in images:
        rows.append(asked.row(image, today))
        if image.name.startswith("alpine:") and (shims or rows[-1].best != RUNS):
            rows.append(asked.row(replace(image, name=image.name + GCOMPAT), today))
    return tuple(rows)


class _Asked:
    """One source, asked about on many images."""

    def __init__(self, judge: Judge, steps: StepsOf, archs: frozenset[str]) -> None:
        self.judge, self.steps, self.archs = judge, steps, archs
        self._kept: dict[object, Sequence[Judgement]] = {}
        self._differing: dict[str, Sequence[Judgement]] = {}

    def row(self, image: BaseImage, today: date) -> Base:
        """The row of one image."""
        name = image.name.removesuffix(GCOMPAT)
        had = published(name)
        offered = frozenset(arch for arch in self.archs if had.offers(arch))
        found = _Found(Outcome(NO_IMAGE, f"no image for {some(sorted(self.archs))}", 0, _NOTHING))
        if had.archs is None and offered - {"x86_64"}:
            why = f"not known whether there is an image for {some(sorted(offered))}"
            found = _Found(Outcome(UNKNOWN, why, 0, _NOTHING))
        elif offered or not self.archs:
            found = self._found(image, had, offered)
            bare = had.manager is None and (had.static or image.libc != "musl")
            if bare and found.plain.verdict != RUNS and found.then is None:
                found = replace(found, instead=self._larger(image.name, offered))
        version = image.libc_version or had.at_least
        return Base(
            image.name, had.reference(name), image.libc, version, had.at_least is not None,
            found.plain.verdict, found.plain.why, found.plain.failing, len(self._objects(offered)),
            found.packages, add(had.manager, found.packages), install(had.manager, found.packages),
            found.then.verdict if found.then else None,
            found.then.why if found.then else "", found.instead, image.end_of_life,
            had.long_term if had.long_term is not None and date.fromisoformat(had.long_term) >= today else None,
            image.end_of_life is not None and date.fromisoformat(image.end_of_life) < today,
            image.compressed_mb, image.confidence, found.plain.assumed,
            found.plain.opens_missing, found.plain.opens_unknown,
        )  # fmt: skip

    def _objects(self, offered: frozenset[str]) -> list[Judgement]:
        """Every object an image of these architectures has to run, on whatever target was asked first."""
        first = next(iter(self._kept.values()), ())
        return [item for item in first if item.arch in offered]

    def _found(self, image: BaseImage, had: Published, offered: frozenset[str]) -> _Found:
        if image.name.startswith("alpine:"):
            return self._alpine(image, offered)
        if image.libc in (None, "uclibc-ng") or had.static:
            return _Found(self._without_loader(offered))
        if image.libc == "musl":
            return _Found(self._musl(image, offered))
        return self._glibc(image, had, offered)

    def _larger(self, name: str, offered: frozenset[str]) -> str | None:
        """The next larger image of the family that runs the source; for one without a loader else Debian or Alpine."""
        family: list[str] = []
        while (larger := instead(family[-1] if family else name)) is not None:
            family.append(larger)
        if published(name).static:
            family += ["debian:13-slim", f"alpine:{newest_alpine()}"]
        for chosen in family:
            found = catalogued(chosen)
            if found is not None and self._found(found, published(chosen), offered).plain.verdict == RUNS:
                return chosen
        return None

    # --- images without a loader ----------------------------------------------------------------------------

    def _newest_musl(self) -> Sequence[Judgement]:
        return self._on(parse_target(f"musl:{releases()[-1]}", None), releases()[-1])

    def _dynamic(self) -> list[Judgement]:
        return [item for item in self._newest_musl() if item.kind not in (*_STATIC, "relocatable")]

    def _without_loader(self, offered: frozenset[str]) -> Outcome:
        dynamic = [item for item in self._dynamic() if item.arch in offered]
        if not dynamic:
            # Of a static program every target says the same.
            return self._outcome([item for item in self._newest_musl() if item.arch in offered])
        program = next((item for item in dynamic if item.interpreter), None)
        why = "no dynamic loader in the image" if program is None else f"no interpreter {program.interpreter}"
        return Outcome(FAILS, why, len(dynamic), _NOTHING)

    # --- musl -----------------------------------------------------------------------------------------------

    def _alpine(self, image: BaseImage, offered: frozenset[str]) -> _Found:
        target = parse_target(image.name, None)
        shim = ("gcompat",) if image.name.endswith(GCOMPAT) else ()
        plain = self._on_musl(target, image.libc_version or "", offered)
        missing = plain.broken.libraries
        if not plain.broken.only_libraries or target.release is None:
            return _Found(plain, shim)
        row = {soname: provider(soname, target.release) for soname in missing}
        names = {soname: found.package if found is not None else None for soname, found in row.items()}
        if any(name in (None, "musl", "gcompat") for name in names.values()):
            return _Found(plain, shim)
        added = _without_implied(name for name in names.values() if name is not None)
        then = self._on_musl(parse_target("+".join((image.name, *added)), None), image.libc_version or "", offered)
        return _Found(plain, (*shim, *added), then)

    def _musl(self, image: BaseImage, offered: frozenset[str]) -> Outcome:
        """A musl whose other files no table lists; without a version, what the newest release cannot do fails."""
        version = image.libc_version or releases()[-1]
        found = self._on_musl(parse_target(f"musl:{version}", None), version, offered)
        found = replace(found, opens_missing=(), opens_unknown=found.opens_missing)
        if found.broken.only_libraries:
            missing = [s for s in found.broken.libraries if s not in RUNTIME or not image.libgcc]
            return replace(found, verdict=UNKNOWN, why=lacking(missing or found.broken.libraries, known=False))
        if image.libc_version is None and found.verdict in (RUNS, DIFFERS, FAILS_ON_USE):
            if not any(item.arch in offered for item in self._dynamic()):
                return found
            return replace(found, verdict=UNKNOWN, why="the release of its musl is not known")
        return found

    def _on_musl(self, target: Target, version: str, offered: frozenset[str]) -> Outcome:
        judged = [item for item in self._on(target, target.name) if item.arch in offered]
        found = self._outcome(judged)
        if found.verdict != RUNS:
            return found
        if version not in self._differing:  # behaviour is that of the release, whatever else is installed
            self._differing[version] = self.judge(target, True)
        differing = [item for item in self._differing[version] if item.arch in offered and item.verdict == DIFFERS]
        if not differing:
            return found
        return replace(found, verdict=DIFFERS, why=why_later(differing), failing=len(differing))

    # --- glibc ----------------------------------------------------------------------------------------------

    def _glibc(self, image: BaseImage, had: Published, offered: frozenset[str]) -> _Found:
        version = image.libc_version or had.at_least
        if version is None:
            return _Found(Outcome(UNKNOWN, "the release of its glibc is not known", 0, _NOTHING))
        # What is not known to be there is first taken not to be there.
        bare = replace(
            image, libc_version=version, libgcc=bool(image.libgcc), libstdcxx=bool(image.libstdcxx),
            without=partial(image.name),
        )  # fmt: skip
        plain = self._on_glibc(bare, offered)
        rolling = had.at_least is not None
        if rolling and plain.broken.versions and not (plain.broken.interpreters or plain.broken.others):
            why = f"{plain.why}; it had glibc {version} and may have a newer one"
            return _Found(replace(plain, verdict=UNKNOWN, why=why))
        missing = plain.broken.libraries
        if set(missing) & set(bare.without):  # names that only these would give follow from them
            others = tuple(f for f in plain.broken.others if not f.symbol)
            plain = replace(plain, broken=replace(plain.broken, others=others), why=lacking(missing, known=True))
        if not plain.broken.only_libraries:
            return _Found(plain)
        sure = [soname for soname in missing if not unlisted(image.name, soname)]
        why = lacking(sure, known=True) if sure else lacking(missing, known=False)
        plain = replace(plain, verdict=FAILS if sure else UNKNOWN, why=why)
        names = {soname: package(image.name, soname, next(iter(sorted(offered)))) for soname in missing}
        if any(name is None for name in names.values()):
            return _Found(plain)
        full = replace(bare, libgcc=True, libstdcxx=True, extra=tuple(s for s in missing if s not in RUNTIME))
        then = self._on_glibc(full, offered)
        if then.verdict in (RUNS, DIFFERS) and image.glibcxx is None and not rolling and "libstdc++.so.6" in missing:
            then = replace(then, verdict=UNKNOWN, why="the level of its libstdc++ is not known")
        return _Found(plain, _without_implied(name for name in names.values() if name is not None), then)

    def _on_glibc(self, image: BaseImage, offered: frozenset[str]) -> Outcome:
        family = image.name.partition(":")[0] in ("debian", "ubuntu")
        key = (
            image.libc_version, family, image.glibcxx, image.cxxabi, image.gcc, image.libgcc, image.libstdcxx,
            image.extra, image.without, image_libraries(image.name),
        )  # fmt: skip
        target = Target(image.name, None, (), None, image=image)
        return self._outcome([item for item in self._on(target, key) if item.arch in offered])

    # --- both -----------------------------------------------------------------------------------------------

    def _on(self, target: Target, key: object) -> Sequence[Judgement]:
        if key not in self._kept:
            self._kept[key] = self.judge(target, False)
        return self._kept[key]

    def _outcome(self, judged: Sequence[Judgement]) -> Outcome:
        verdict = next((v for v in _ORDER if any(item.verdict == v for item in judged)), UNKNOWN)
        failing = [item for item in judged if item.verdict == verdict] if verdict != RUNS else []
        assumed = tuple(sorted({name for item in judged for name in item.assumed if name.startswith("/")}))
        opened = opened_by_name(judged)
        if not judged:
            return Outcome(UNKNOWN, "nothing in it is loaded or started", 0, _NOTHING)
        if verdict == FAILS:
            found = broken(errors(failing))
            why = why_not(found, self.steps, lacking(found.libraries, known=True))
            return Outcome(verdict, why, len(failing), found, assumed, *opened)
        used = errors(failing, When.USE)
        if verdict == FAILS_ON_USE and all(finding.unlisted for finding in used):
            names = sorted({finding.library or "" for finding in used})
            return Outcome(UNKNOWN, lacking(names, known=False), len(failing), _NOTHING, assumed, *opened)
        why = "" if verdict == RUNS else failing[0].reason or "" if verdict == UNKNOWN else why_later(failing)
        return Outcome(verdict, why, len(failing), _NOTHING, assumed, *opened)


@dataclass(frozen=True, slots=True)
class _Found:
    """An image as it is, and with packages."""

    plain: Outcome
    packages: tuple[str, ...] = ()
    then: Outcome | None = None
    instead: str | None = None


def _without_implied(names: Iterable[str]) -> tuple[str, ...]:
    """Package names, each once; libstdc++ brings libgcc along."""
    found = sorted(set(names))
    if any(name.startswith("libstdc++") for name in found):
        found = [
            name for name in found if not name.startswith(("libgcc-s1", "libgcc1", "libgcc_s1")) and name != "libgcc"
        ]
    return tuple(found)


def ranked(rows: Iterable[Base], by: str) -> tuple[Base, ...]:
    """The rows by what the user wants: ``verdict``, ``size`` (of the compressed image) or ``eol``, the latest first.

    What is not known comes last; among equals gcompat does, and an image that runs the source as it is comes first,
    then one whose facts are surer, then the catalogue's order.
    """
    order = (RUNS, DIFFERS, FAILS_ON_USE, UNKNOWN, FAILS, NO_IMAGE)

    def verdict(row: Base) -> tuple[int, bool, int, int]:
        sure = ("high", "medium", "low").index(row.confidence)
        return order.index(row.best), row.image.endswith(GCOMPAT), order.index(row.verdict), sure

    def size(row: Base) -> float:
        return row.compressed_mb if row.compressed_mb is not None else float("inf")

    def end(row: Base) -> int:
        return -date.fromisoformat(row.end_of_life).toordinal() if row.end_of_life else 0

    keys: dict[str, Callable[[Base], object]] = {
        "verdict": lambda row: (verdict(row)[0], row.ended, verdict(row)[1:], size(row)),
        "size": lambda row: (size(row), verdict(row)),
        "eol": lambda row: (end(row), verdict(row), size(row)),
    }
    return tuple(sorted(rows, key=keys[by]))  # type: ignore[arg-type]


def best(rows: Sequence[Base], by: str) -> Base | None:
    """The first row by ``by`` that runs the source, with packages if need be; else one on which it differs.

    One with gcompat, an image past its end of life, or whose C library rolls, only where there is no other;
    never one of which little is known for sure.
    """
    rows = [row for row in rows if row.confidence != "low"]
    real = [row for row in rows if not row.image.endswith(GCOMPAT)]
    live = [row for row in real if not row.ended]
    fit = [[row for row in live if not row.rolls], live, real, rows]
    for verdict in (RUNS, DIFFERS):
        for chosen in fit:
            found = next((row for row in ranked(chosen, by) if row.best == verdict), None)
            if found is not None:
                return found
    return None


def dockerfile(row: Base, source: str) -> str:
    """The ``FROM`` and ``RUN`` lines of an image, with what is to be known of it as comments."""
    lines = [f"# {source}: {row.best} on {row.image}" + (f" ({row.libc} {row.version})" if row.version else "")]
    if row.then_why or (row.why and row.then is None):
        lines.append(f"# {row.then_why or row.why}")
    lines += [f"# {said}" for said in unopened(row)]
    if row.image == "scratch" or "/static" in row.image:
        lines.append("# no shell; scratch has no CA certificates, time zones or /etc/passwd either: copy what is used")
    lines.append(f"FROM {row.reference}")
    if row.install:
        lines.append(f"RUN {row.install}")
    return "\n".join(lines) + "\n"
