"""Constants that are only shown to people: no evidence that a function with unknown arguments gets them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from muslint.elf.prototypes import ARGUMENTS
from muslint.rules.behaviour.behaviour import Scene

PUT = ("puts", "fputs", "fputs_unlocked", "fwrite", "fwrite_unlocked", "write", "perror")
"""What writes a text as it stands."""
PRINTED = (
    *PUT, "printf", "fprintf", "dprintf", "warn", "warnx", "err", "errx", "error", "syslog",
    "__printf_chk", "__fprintf_chk", "__dprintf_chk", "__syslog_chk",
)  # fmt: skip
"""What writes its arguments and keeps nothing."""
_HOLDERS = 8  # functions that hold one constant
_CHANCE = 12  # bytes of a constant that tables of numbers may hold by chance


def kept(scene: Scene, texts: Iterable[bytes], shown: tuple[str, ...] = PRINTED) -> Iterator[bytes]:
    """Those of some constants that not all code which points to them gives to functions that merely show them.

    Short ones that nothing points to are left out: addresses, jump tables and tables of letters look like them.
    """
    return (text for text in texts if not _by_chance(scene, text) and not _shown(scene, text, shown))


def _by_chance(scene: Scene, text: bytes) -> bool:
    if len(text) >= _CHANCE or not scene.can_disassemble:
        return False
    code = scene.code()
    spans = list(scene.strings().spans((text,)))
    # A longer text may be pointed to by distances from a table, which are not seen.
    return next(code.slots.holding_any([at for at, _ in spans]), None) is None and not code.pointing(spans)


def _shown(scene: Scene, text: bytes, by: tuple[str, ...]) -> bool:
    code = scene.code()
    spans = list(scene.strings().spans((text,)))
    if not any(name in scene.imports for name in by) or any(
        True for _ in code.slots.holding_any([at for at, _ in spans])
    ):
        return False
    holders = code.pointing(spans)
    if not 0 < len(holders) <= _HOLDERS:
        return False
    takers = {
        code.functions.around(site.address).start
        for site in scene.calls(*by, within=holders)
        if any(site.may(index, address) for index in range(ARGUMENTS) for address, _ in spans)
    }
    return holders <= takers
