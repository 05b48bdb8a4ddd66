"""One name through the releases: which C library had it when, and where.

The tables are asked for whole models elsewhere; here one row is cut out of each text, so that a single question
costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from muslint.errors import UnknownLibc
from muslint.libc import musl
from muslint.libc.glibc import GlibcSymbol, symbols, version_key
from muslint.libc.glibc import arches as glibc_arches
from muslint.libc.model import lfs64_target, musl_arch
from muslint.libc.ports import RELEASES, TABLE_ARCHES, first_release
from muslint.libc.table import covers, notes, read_text, rows


class MuslHistory(NamedTuple):
    """The releases in which musl's loader finds a name, oldest first."""

    exported: tuple[str, ...]  # in the symbol table
    remapped: tuple[str, ...]  # not exported, but mapped to a plain name (``get_lfs64``)


@lru_cache(maxsize=1)
def headers() -> Mapping[str, str]:
    """Name to the header of glibc that declares it, such as ``execinfo.h``."""
    return {row[0]: row[1] for row in rows(read_text("headers.txt"))}


def glibc_since(name: str) -> Mapping[str, str]:
    """Return the lowest version node of ``name`` (``2.2.5``) by architecture; empty when no glibc has it.

    Names of ``glibc/extra.txt`` alone (libmvec, NSS, private ones) are answered for x86_64 and aarch64.
    """
    text = read_text("glibc/symbols.txt")
    row = _row(text, name)
    letters = {mark: arch for mark, arch in notes(text).items() if len(mark) == 1}
    found: dict[str, str] = {}
    for clause in row[2:]:
        marks, _, versions = clause.split(":")
        here = set(letters) if marks == "*" else set(letters) - set(marks[1:]) if marks[0] == "^" else set(marks)
        for mark in here & set(letters):
            lowest = min([*versions.split(","), *filter(None, [found.get(letters[mark])])], key=version_key)
            found[letters[mark]] = lowest
    if not found:
        for arch in ("aarch64", "x86_64"):
            symbol = symbols(arch).get(name)
            if symbol is not None:
                found[arch] = symbol.since
    return dict(sorted(found.items()))


def glibc_symbol(name: str, arch: str) -> GlibcSymbol | None:
    """Return what glibc has under ``name`` on ``arch``; another architecture's where it has no table."""
    try:
        return symbols(arch).get(name)
    except UnknownLibc:
        return symbols("x86_64").get(name)


def all_glibc_arches() -> tuple[str, ...]:
    """Return the architectures glibc's table covers, sorted."""
    return glibc_arches()


def musl_history(name: str, arch: str) -> MuslHistory:
    """Return the upstream releases of musl in which a reference to ``name`` is satisfied on ``arch``."""
    exported, remapped = [], []
    if _anywhere(name):
        for release in RELEASES:
            if RELEASES.index(release) < RELEASES.index(first_release(musl_arch(arch))):
                continue
            model = musl.model(release, arch)
            if name in model.exports:
                exported.append(release)
            elif lfs64_target(name, model.lfs64) in model.exports:
                remapped.append(release)
    return MuslHistory(tuple(exported), tuple(remapped))


def alpine_history(name: str, arch: str) -> MuslHistory:
    """Return the Alpine releases, newest package of each, in which a reference to ``name`` is satisfied."""
    exported, remapped = [], []
    if _anywhere(name):
        for release in musl.alpine_releases():
            try:
                model = musl.alpine(release, arch)
            except UnknownLibc:
                continue
            if name in model.exports:
                exported.append(release)
            elif lfs64_target(name, model.lfs64) in model.exports:
                remapped.append(release)
    return MuslHistory(tuple(exported), tuple(remapped))


def musl_arches(name: str) -> tuple[str, ...]:
    """Return the tabled architectures whose newest musl exports ``name``, sorted."""
    newest = RELEASES[-1]
    found = []
    for arch in TABLE_ARCHES:
        text = read_text(f"musl/{arch}.txt")
        row, order = _row(text, name), tuple(notes(text))
        if newest not in order:
            held = name in musl.model(newest, arch).exports
        else:
            held = bool(row) and (len(row) < 3 or covers(row[2], newest, order))
        if held:
            found.append(arch)
    return tuple(found)


def gcompat_has(name: str) -> tuple[str, ...]:
    """Return the versions of gcompat whose library defines ``name``, oldest first."""
    text = read_text("shims/exports.txt")
    order = tuple(notes(text)["gcompat"].split())
    for row in rows(text):
        if row[0] == "libgcompat.so.0" and row[1] == name:
            return tuple(v for v in order if len(row) < 3 or covers(row[2], v, order))
    return ()


def shims_with(name: str) -> tuple[str, ...]:
    """Return the libraries of other shims that define ``name``, sorted: ``libexecinfo.so.1``."""
    held = {row[0] for row in rows(read_text("shims/exports.txt")) if row[1] == name}
    return tuple(sorted(held - {"libgcompat.so.0"}))


def _anywhere(name: str) -> bool:
    """Whether any musl may satisfy ``name``: a quick no for the many that none has."""
    plain = name[:-2] if name.endswith("64") else name
    return (
        any(
            _row(read_text(f"musl/{arch}.txt"), known)
            for arch in ("x86_64", "i386", "mipsel")
            for known in {name, plain}
        )
        or any(row[2][1:] == name for row in rows(read_text("alpine/symbols.txt")))
        or name == "readdir64_r"
    )


def _row(text: str, name: str) -> list[str]:
    """The columns of the row that begins with ``name``; empty when there is none."""
    at = text.find(f"\n{name} ")
    if not name or name[0] in "#@" or " " in name or at < 0:
        return []
    return text[at + 1 : text.index("\n", at + 1)].split()
