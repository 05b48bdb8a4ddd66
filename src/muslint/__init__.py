"""muslint tells, without running anything, whether an ELF binary built for glibc will run on musl.

>>> import muslint
>>> report = muslint.check("dist/app", on="alpine:3.23")  # doctest: +SKIP
>>> [(judged.path, judged.verdict) for judged in report.objects]  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from muslint.advice.base import Base
    from muslint.advice.explanation import Explanation
    from muslint.loader.target import Link
    from muslint.report.report import Report

__version__ = "0.1.0"
__all__ = ["__version__", "bases", "check", "explain", "ldd"]


def bases(source: str, on: Sequence[str] = (), *, today: date | None = None, live: bool = False) -> tuple[Base, ...]:
    """What becomes of ``source`` on every base image of the catalogue, or on those named; best first.

    ``live`` leaves out images whose regular updates ended before ``today``. Raises `muslint.errors.UnreadableSource`
    and `muslint.errors.UnknownTarget`.
    """
    from datetime import date as day

    from muslint.across import Across
    from muslint.across import bases as rows
    from muslint.advice.bases import ranked

    return ranked(rows(Across(source), on, today or day.today(), live=live), "verdict")


def check(source: str, on: str | None = None) -> Report:
    """Judge every ELF object of ``source`` on target ``on``, as ``muslint check`` does.

    ``source`` is a path or ``scheme:path``; ``on`` a target such as ``alpine:3.23+libstdc++``, None
    for the default. Raises `muslint.errors.UnreadableSource` and `muslint.errors.UnknownTarget`.
    """
    from muslint.pipeline import check as judge

    return judge(source, on)


def explain(text: str, arch: str = "x86_64") -> Explanation | None:
    """What a symbol, soname, symbol version, rule id or pasted message means; None when nothing is known of it.

    ``arch`` is a name of musl, Alpine, Debian or Docker.
    """
    from muslint.advice.explain import explain as ask
    from muslint.libc.model import musl_arch

    return ask(text, musl_arch(arch))


def ldd(path: str, root: str, *, library_path: str = "", preload: str = "") -> Link:
    """What musl's ``ldd`` would say of ``path`` inside ``root``, whose own loader is the model.

    Raises `muslint.errors.UnknownTarget` when the root holds no musl loader, or several.
    """
    from muslint.loader.root import loader_of
    from muslint.sources.directory import DirectoryTree

    return loader_of(DirectoryTree(root)).list(path, library_path=library_path, preload=preload)
