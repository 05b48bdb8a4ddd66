"""Sources on many base images: they are opened and read once, and judged on each target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from muslint.advice.base import Base
from muslint.errors import UnknownTarget
from muslint.libc.catalog import BaseImage, image, images
from muslint.pipeline import Watch, check
from muslint.policy.selection import EVERYTHING, Selection
from muslint.report.report import joined
from muslint.sources.limits import Limits
from muslint.sources.memory import Memory
from muslint.sources.source import Source, open_source

if TYPE_CHECKING:
    from muslint.elf.object import ElfObject
    from muslint.loader.named import Target
    from muslint.report.report import Judged, Report

_BEHAVIOUR = 200
"""The first order of rules about behaviour: they take longest, and cannot make a program fail to load."""

SCRATCH = BaseImage("scratch", None, None, None, None, False, False, None, None, None, 0.0, "high")
"""The empty image."""


class Across:
    """Sources that go into one image, and what was found out about them. Raises UnreadableSource."""

    def __init__(
        self, *sources: str, arch: str | None = None, selection: Selection = EVERYTHING,
        limits: Limits | None = None, watch: Watch = lambda *_: None,
    ) -> None:  # fmt: skip
        self._arch, self._selection, self._watch = arch, selection, watch
        self._memory = Memory(keeps=True)
        self.opened: tuple[Source, ...] = tuple(self._memory.held(open_source(source, limits)) for source in sources)

    def on(self, target: str | Target | None, behaviour: bool = True) -> Report:
        """The report of the source on a target, without remedies; without ``behaviour`` only what concerns loading."""
        self._memory.below = None if behaviour else _BEHAVIOUR
        return joined(
            [
                check(
                    opened,
                    target,
                    arch=self._arch,
                    selection=self._selection,
                    watch=self._watch,
                    memory=self._memory,
                    advise=False,
                )
                for opened in self.opened
            ]
        )

    def judge(self, target: Target, behaviour: bool) -> Sequence[Judged]:
        """The objects of `on`."""
        return self.on(target, behaviour).objects

    def objects(self) -> dict[tuple[tuple[str, ...], str], ElfObject]:
        """Every object read so far, by the archives it lies in and its path there, as a report has them."""
        found: dict[tuple[tuple[str, ...], str], ElfObject] = {}
        for place in (place for opened in self.opened for place, _ in opened.places()):
            for member in place.members:
                obj = self._memory.known(place.tree, member.path)
                if obj is not None:
                    found.setdefault((member.parents, member.display), obj)
                    # A whole file system judged on another target hangs in that: its paths lose the slash.
                    found.setdefault((member.parents, member.path.removeprefix("/")), obj)
                    found.setdefault((member.parents, place.display(place.mount + member.path)), obj)
        return found


def bases(source: Across, names: Sequence[str], today: date, *, live: bool = False) -> tuple[Base, ...]:
    """The rows of ``source`` for the images called ``names``, all of the catalogue for none; see `matrix`.

    ``live`` leaves out images whose regular updates ended before ``today``. Raises UnknownTarget for a name the
    catalogue does not know.
    """
    from muslint.advice.bases import GCOMPAT, matrix
    from muslint.advice.reasons import steps_by_path

    chosen = [found for found in _chosen(names) if not (live and _ended(found, today))]
    first = source.on("alpine", behaviour=False)
    archs = frozenset(judged.arch for judged in first.objects)
    read = {path: obj for (_, path), obj in reversed(source.objects().items())}
    rows = matrix(chosen, archs, source.judge, steps_by_path(read), today, shims=bool(names))
    if not names:
        return rows
    wanted = [name.removesuffix(GCOMPAT) + (GCOMPAT if name.endswith(GCOMPAT) else "") for name in names]
    shim = {_named(name).name + GCOMPAT for name in wanted if name.endswith(GCOMPAT)}
    plain = {_named(name).name for name in wanted if not name.endswith(GCOMPAT)}
    return tuple(row for row in rows if row.image in shim | plain)


def _chosen(names: Sequence[str]) -> Iterator[BaseImage]:
    if not names:
        yield from images()
        yield SCRATCH
        return
    yield from dict.fromkeys(_named(name) for name in names)


def _named(name: str) -> BaseImage:
    """The image called so; ``+gcompat`` behind the name of an Alpine is left aside."""
    bare = name.removesuffix("+gcompat")
    found = SCRATCH if bare == "scratch" else image(bare)
    if found is None or (bare != name and not found.name.startswith("alpine:")):
        known = "debian:13-slim, ubuntu:24.04, almalinux:9, distroless/cc-debian13, alpine:3.24+gcompat, scratch …"
        raise UnknownTarget(f"--on {name}: not in the catalogue of base images; write {known}")
    return found


def _ended(found: BaseImage, today: date) -> bool:
    return found.end_of_life is not None and date.fromisoformat(found.end_of_life) < today
