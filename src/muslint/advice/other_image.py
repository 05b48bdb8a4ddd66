"""The smallest base image with glibc that runs an object as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from muslint.advice.trial import Change
from muslint.elf.facts import requires
from muslint.libc.catalog import BaseImage, images
from muslint.libc.glibc import version_key
from muslint.libc.published import package
from muslint.rules.finding import Finding
from muslint.rules.rule import Case

_TRIED = 4  # images, at most


def other_image(case: Case, left: Callable[[Change], tuple[Finding, ...] | None]) -> Change | None:
    """The first of the live images, smallest first, on which nothing is left; else, with the packages that hold what is
    missing there; else the one on which least is left.

    ``left`` says what is left after a change. None where no image is new enough.
    """
    wanted = requires(case.object)
    tried: list[tuple[Change, tuple[Finding, ...]]] = []
    for image in [image for image in _live() if image.name != case.target and _new_enough(image, wanted)][:_TRIED]:
        change = Change(image=image.name)
        found = left(change)
        if found is None:
            continue
        if not found:
            return change
        tried.append((change, found))
    for change, found in tried:
        added = _added(change.image or "", found, case.object.arch)
        if added is not None and left(change | added) == ():
            return change | added
    return min(tried, key=lambda one: len(one[1]))[0] if tried else None


def _added(image: str, found: tuple[Finding, ...], arch: str) -> Change | None:
    """The packages of an image that hold all that is missing there; None where one is not known by its name.

    rpm's ``libz.so.1()(64bit)`` is no such name: whether a package provides it is not known.
    """
    missing = {finding.library or "" for finding in found if finding.rule == "library-missing"}
    names = {soname: package(image, soname, arch) for soname in sorted(missing)}
    if not names or any(name is None or "(" in name for name in names.values()):
        return None
    return Change(packages=tuple(sorted({str(name) for name in names.values()})), libraries=tuple(names))


def _new_enough(image: BaseImage, wanted: dict[str, str]) -> bool:
    """Whether the image's versions reach what the object asks for: what they do not reach need not be linked."""
    held = {"GLIBC": image.libc_version, "GLIBCXX": image.glibcxx, "CXXABI": image.cxxabi, "GCC": image.gcc}
    for family, version in wanted.items():
        has = held.get(family)
        if has is None or version_key(has) < version_key(version):
            return False
    return True


@lru_cache(maxsize=1)
def _live() -> tuple[BaseImage, ...]:
    """Images with glibc whose size is known, smallest first, with a year of updates left.

    The year counts from the last release in the catalogue, so that the answer does not change with the day.
    """
    known = images()
    last = max(image.released for image in known if image.released)
    limit = f"{int(last[:4]) + 1}{last[4:]}"
    return tuple(sorted(_candidates(known, limit), key=lambda image: (image.compressed_mb or 0.0, image.name)))


def _candidates(known: tuple[BaseImage, ...], limit: str) -> Iterator[BaseImage]:
    for image in known:
        lives = image.end_of_life is not None and image.end_of_life > limit
        if image.libc == "glibc" and image.libc_version and image.compressed_mb is not None and lives:
            yield image
