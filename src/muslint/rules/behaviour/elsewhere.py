"""Constants that are only shown to people: no evidence that a function with unknown arguments gets them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from itertools import count, islice

from muslint.elf.code import Flow
from muslint.elf.flow import Body
from muslint.elf.prototypes import ARGUMENTS
from muslint.rules.behaviour.behaviour import Scene

PUT = ("puts", "fputs", "fputs_unlocked", "fwrite", "fwrite_unlocked", "write", "perror")
"""What writes a text as it stands."""
PRINTED = (
    *PUT, "printf", "fprintf", "dprintf", "warn", "warnx", "err", "errx", "error", "syslog",
    "__printf_chk", "__fprintf_chk", "__dprintf_chk", "__syslog_chk",
)  # fmt: skip
"""What writes its arguments and keeps nothing."""
COMPARED = (
    "strstr", "strcasestr", "strcmp", "strcasecmp", "strncmp", "strncasecmp", "memcmp", "bcmp", "memmem", "strspn",
    "strcspn", "strpbrk",
)  # fmt: skip
"""What looks for a text in another, or holds it against another."""
_MOST_STEPS = 2_000  # instructions of a function whose every call is looked at
_HOLDERS = 8  # functions that hold one constant
_SLOTS = 4  # words of tables that point to one constant
_INT = 4
_LITTLE = 1 << 16  # bytes of constants among which such tables are looked for
_TABLE = 256  # bytes from the start of a table, which code points to, to such a word
_CHANCE = 12  # bytes of a constant that tables of numbers may hold by chance


def kept(
    scene: Scene, texts: Iterable[bytes], shown: tuple[str, ...] = PRINTED, compared: tuple[str, ...] = COMPARED
) -> Iterator[bytes]:
    """Those of some constants that not all code which points to them gives to functions that merely show them, or
    merely look for them in what is given from outside.

    Short ones that nothing points to are left out: addresses, jump tables and tables of letters look like them.
    """
    by = scene.imports.intersection(compared)
    return (text for text in texts if _is_kept(scene, text, shown, by))


def _is_kept(scene: Scene, text: bytes, by: tuple[str, ...], compared: frozenset[str]) -> bool:
    short = len(text) < _CHANCE and scene.can_disassemble
    told = bool(compared) or any(name in scene.imports for name in by)
    if not short and not told:
        return True
    code, spans = scene.code(), list(scene.strings().spans((text,)))
    slots = list(islice(code.slots.holding_any([at for at, _ in spans]), _SLOTS + 1))
    holders = frozenset() if slots else code.pointing(spans)
    if short and not slots and not holders:
        return False  # a longer text may be pointed to by distances from a table, which are not seen
    return not told or not _shown(scene, by, compared, spans, slots, holders)


def _shown(
    scene: Scene, by: tuple[str, ...], compared: frozenset[str], spans: list[tuple[int, int]], slots: list[int],
    holders: frozenset[int],
) -> bool:  # fmt: skip
    """Whether a text is merely shown or compared, by the words of tables and the functions that point to it."""
    if len(slots) > _SLOTS:
        return False
    if slots:
        tables = [*spans, *((slot - _TABLE, slot) for slot in slots)]
    else:
        tables = [(base, base) for base in _bases(scene, spans)] if not holders else []
    if tables:
        return bool(compared) and _listed(scene, tables, (*by, *compared), spans)
    if not 0 < len(holders) <= _HOLDERS:
        return False
    others = holders - _takers(scene, by, holders, spans)
    if not others or not compared or not others <= _takers(scene, tuple(compared), others, spans):
        return not others
    return not any(_given(scene.code().body(start), (*by, *compared), spans) for start in others)


def _bases(scene: Scene, spans: list[tuple[int, int]]) -> Iterator[int]:
    """Where tables begin that hold the distances from there to a text, in place of addresses, as clang writes them."""
    parts = list(scene.image.constants())
    if sum(part.end - part.start for part in parts) > _LITTLE or not scene.image.little:
        return
    first = {address for address, _ in spans}
    for part in parts:
        start = part.start + (-(part.address + part.start)) % _INT
        words = part.content[start : part.end - (part.end - start) % _INT]
        for at, (distance,) in zip(count(part.address + start, _INT), struct.iter_unpack("<i", words)):
            bases = (address - distance for address in first if 0 <= at - address + distance < _TABLE)
            yield from (base for base in bases if base % _INT == 0)


def _listed(scene: Scene, tables: list[tuple[int, int]], by: tuple[str, ...], spans: list[tuple[int, int]]) -> bool:
    """Whether all code that may read a text from a table gives it to some imports and keeps it nowhere."""
    code = scene.code()
    holders = code.pointing(tables)
    if not 0 < len(holders) <= _HOLDERS or not holders <= _takers(scene, by, holders, spans):
        return False
    return not any(_given(body, by, spans) or _left(body, spans) for body in map(code.body, holders))


def _left(body: Body, spans: list[tuple[int, int]]) -> bool:
    """Whether a function may return a text, or write its address into memory that others read."""
    first = {address for address, _ in spans}
    if not first.isdisjoint(body.returned().known):
        return True
    return any(
        store.size == body.machine.word
        and body.frame.place(store, number) is None
        and not first.isdisjoint(body.value(store.value, number).known)
        for number, store in body.stores()
    )


def _takers(
    scene: Scene, names: tuple[str, ...], holders: frozenset[int], spans: list[tuple[int, int]]
) -> frozenset[int]:
    """Those of some functions that give a text to one of some imports."""
    return frozenset(
        scene.code().functions.around(site.address).start
        for site in scene.calls(*names, within=holders)
        if any(site.may(index, address) for index in range(ARGUMENTS) for address, _ in spans)
    )


def calls_of(body: Body) -> Iterator[int]:
    """The steps at which a function calls another, or jumps to it in place of a call; none of a very long one."""
    for number, step in enumerate(body.steps if len(body.steps) <= _MOST_STEPS else ()):
        if step.flow in (Flow.CALL, Flow.CALL_INDIRECT) or (step.flow is Flow.JUMP and step.target not in body.index):
            yield number


def _given(body: Body, names: tuple[str, ...], spans: list[tuple[int, int]]) -> bool:
    """Whether a function may do more with a text than give it to some imports."""
    if len(body.steps) > _MOST_STEPS:
        return True
    first = {address for address, _ in spans}
    made = given = 0
    for number, step in enumerate(body.steps):
        if step.flow is Flow.NEXT:
            expressions = [expr for expr in body.effect(number).sets.values() if expr and expr.kind in ("const", "add")]
            made += any(not first.isdisjoint(body.value(expr, number).known) for expr in expressions)
    for number in calls_of(body):
        takes = any(not first.isdisjoint(body.argument(index, number).known) for index in range(ARGUMENTS))
        if takes and body.target(number) not in names:
            return True
        given += takes
    return made > given
