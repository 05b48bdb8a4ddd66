"""Two C libraries in one process: both start their own memory, threads and files."""

from collections.abc import Iterator
from functools import lru_cache

from muslint.elf.object import ElfObject
from muslint.loader.scope import LIBC_MARKS
from muslint.rules.finding import Evidence, Finding, Remedy, Severity, When
from muslint.rules.rule import Case, Rule


def find(case: Case) -> Iterator[Finding]:
    """More than one object of a link is a C library; glibc's loader loads what it is asked for, and says nothing."""
    if case.link is None or case.model.family != "glibc" or _is_libc(case.object):
        return
    libcs = [m for m in case.link.scope if m.object is not None and _is_libc(m.object)]
    if len(libcs) < 2:
        return
    path = case.shown(case.path)
    names = " and ".join(case.shown(mapped.path) for mapped in libcs)
    yield Finding(
        RULE.id, Severity.ERROR, When.LOAD, path, f"{path}: loads two C libraries, {names}",
        library=case.shown(libcs[1].path),
        evidence=tuple(Evidence("definition", case.shown(m.path), "defines the whole of a C library") for m in libcs),
        remedies=(Remedy("rebuild", "build everything that is loaded together for one C library", True),),
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _is_libc(obj: ElfObject) -> bool:
    symbols = obj.symbols
    if not LIBC_MARKS.issubset(symbols.possible(LIBC_MARKS)):
        return False  # without reading the names of all symbols
    return {name for name in LIBC_MARKS if any(symbols.shndxs[i] for i in symbols.chain(name))} >= LIBC_MARKS


RULE = Rule(
    id="libc-mixed",
    title="Two C libraries would share one process",
    severity=Severity.ERROR,
    when=When.LOAD,
    evidence="the objects the loader maps, each with the names that only a C library defines",
    witness="tests/acceptance",
    order=23,
    find=find,
)
