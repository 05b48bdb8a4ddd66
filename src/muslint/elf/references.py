"""Where the code of an object refers to its functions, stubs and constants, found by searching its bytes.

All of it is a superset: what looks like a call may be part of another instruction. Who uses it disassembles the place.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate

from muslint.elf.code import Machine
from muslint.elf.functions import WINDOW, Functions
from muslint.elf.image import Image, Range
from muslint.elf.targets import WIDEST, Targets

WRAPPER = 80
"""Bytes of a function that merely calls another."""
LEVELS = 3
"""How many levels of callers are asked what they give."""
_WRAPPERS = 4  # how many more levels of small functions
_SEARCHES, _MOST_SEARCHES = 16, 256  # searches for one target each before all are listed; at all, in huge code
_MANY = 64  # functions whose own calls are not looked at
_FEW = 4  # addresses that are searched for one by one
_GROUPS, _NEAR = 8, 1 << 15  # of addresses that are searched for before all are listed; bytes that one spans
_LISTED, _LISTED_IN = 1 << 24, 1 << 22  # bytes of code whose calls are listed; of some functions

Listed = dict[int, "array[int]"]
"""Address → the addresses of what may be calls of it; packed, for large code has hundreds of thousands."""


class References:
    """The references in one object's code; ``stubs`` are its PLT stubs, see `Machine.stubs`, and ``asked`` those whose
    callers are asked for."""

    def __init__(
        self, image: Image, machine: Machine, functions: Functions, stubs: Mapping[int, int], asked: Mapping[int, int]
    ) -> None:
        self._image, self._machine, self._functions = image, machine, functions
        self._stubs, self._asked = stubs, asked
        self._found: dict[int, Sequence[int]] = {}
        self._of_others: dict[int, Sequence[int]] = {}
        self._known: dict[frozenset[int], Listed] = {}
        self._known_pointers: dict[int, Targets] = {}
        self._searched: dict[int, int] = {}  # segment of code → groups of addresses that were searched for

    # --- calls ----------------------------------------------------------------------------------------------

    def to(self, target: int) -> Sequence[int]:
        """The addresses of what may be direct calls of, or jumps to, an address.

        Calls of stubs that are asked for are listed all at once; of other stubs they are searched for. Of other
        functions the first few are searched for one by one; then all calls of the object are listed. In huge code each
        is searched for.
        """
        if target in self._asked:
            return self._of_stubs.get(target, ())
        if target in self._stubs:
            self.search((target,))
            return self._of_others[target]
        if target not in self._found:
            if len(self._found) >= _SEARCHES and self._small:
                return self._targets.get(target, ())
            if len(self._found) >= _MOST_SEARCHES:
                return ()
            code = self._image.code()
            self._found[target] = [place for part in code for place in self._machine.references(part, target)]
        return self._found[target]

    def search(self, stubs: Iterable[int]) -> None:
        """Have what may be calls of some stubs found in one search, where they are not asked for anyway."""
        new = frozenset(stubs) - self._asked.keys() - self._of_others.keys()
        if new:
            found = self._list(self._image.code(), min(new), max(new), new)
            self._of_others.update((stub, found.get(stub, ())) for stub in new)

    @cached_property
    def _of_stubs(self) -> Listed:
        return self._list_stubs(self._image.code(), self._asked)

    def within(self, only: frozenset[int]) -> Listed:
        """Target → the addresses of what may be direct calls of it, or jumps to it, in some functions; in much code
        only those of stubs."""
        if only not in self._known:
            parts = self.parts(only)
            much = sum(len(part.content) for part in parts) > _LISTED_IN
            listed = self._list_stubs(parts, self._stubs) if much else self._list(parts, *self._extent)
            self._known = {only: listed}  # the next question is mostly about the same ones
        return self._known[only]

    def short(self, target: int, only: frozenset[int] | None) -> Iterator[int]:
        """Addresses of what may be short jumps to a function, anywhere or in some functions."""
        for part in self._image.code() if only is None else self.parts(only):
            if part.address <= target <= part.end:
                yield from self._machine.short_references(part, target)

    def parts(self, only: frozenset[int]) -> list[Range]:
        """The code of what `Functions.around` says begins at some addresses: functions, or about as much as they may
        be. What overlaps, or follows at once, is one part."""
        spans: list[tuple[int, int]] = []
        for start in sorted(only):
            bounds = self._functions.around(start)
            known = bounds.known and bounds.start == start
            end = bounds.end if known else max(bounds.end, start + 2 * WINDOW)
            if spans and start <= spans[-1][1]:
                spans[-1] = spans[-1][0], max(spans[-1][1], end)
            else:
                spans.append((start, end))
        return [
            Range(max(start, part.address), part.content[max(start - part.address, 0) : end - part.address])
            for start, end in spans
            for part in self._image.code()
            if start < part.end and part.address < end
        ]

    @cached_property
    def _extent(self) -> tuple[int, int]:
        """Where code begins and ends, all in all."""
        parts = list(self._image.code())
        return min(part.address for part in parts), max(part.end for part in parts)

    @cached_property
    def _small(self) -> bool:
        return sum(len(part.content) for part in self._image.code()) <= _LISTED

    @cached_property
    def _targets(self) -> Listed:
        return self._list(self._image.code(), *self._extent, self._functions.known())

    def _list_stubs(self, parts: Iterable[Range], stubs: Mapping[int, int]) -> Listed:
        return self._list(parts, min(stubs), max(stubs), stubs) if stubs else {}

    def _list(self, parts: Iterable[Range], first: int, last: int, only: Container[int] | None = None) -> Listed:
        found: Listed = {}
        for part in parts:
            for pairs in self._machine.all_references(part, first, last, only):
                for address, target in pairs:
                    if target in found:
                        found[target].append(address)
                    else:
                        found[target] = array("Q", (address,))
        return found

    # --- constants ------------------------------------------------------------------------------------------

    def pointing(self, spans: Iterable[tuple[int, int]], words: Iterable[int] = ()) -> frozenset[int]:
        """Starts of the functions whose code holds an address in one of these spans (first, last), or reads one of
        some words of memory."""
        wanted, parts, read = sorted(set(spans)), list(self._image.code()), frozenset(words)
        found = {place for part in parts if read for place, _ in self._machine.slot_references(part, read)}
        found.update(place for part in parts for place in self._places(part, wanted))
        return frozenset(self._functions.around(place).start for place in found)

    def taking(self, spans: Iterable[tuple[int, int]], takers: Container[int]) -> frozenset[int]:
        """Starts of the functions in which an address in one of these spans may come to stubs ``takers``: those that
        hold it, unless another import takes it next, and those that get it from these."""
        wanted, anywhere, entered = sorted(set(spans)), set[int](), set[int]()
        holding = set[int]()
        for start, found in self._taken((part, self._places(part, wanted)) for part in self._image.code()).items():
            for taker in found:
                if taker is None:
                    anywhere.add(start)
                    continue
                if taker in takers or taker not in self._stubs:
                    holding.add(start)
                if taker and taker not in self._stubs:
                    entered.add(self._functions.around(taker).start)
        return self.with_callees(frozenset(anywhere)) | self.with_callees(frozenset(entered), 1) | holding

    def _places(self, part: Range, wanted: Sequence[tuple[int, int]]) -> set[int]:
        """The places of such addresses in a segment of code. Few are searched for, each where it is; on machines that
        do not list them few are searched for one by one, and found anywhere."""
        if not self._lists:
            if len(wanted) > _FEW:
                return self._holding((part,), wanted)
            return {place for first, last in wanted for place in self._machine.pointers(part, first, last)}
        if part.address not in self._known_pointers:
            groups = list(_near(wanted))
            self._searched[part.address] = self._searched.get(part.address, 0) + len(groups)
            if self._searched[part.address] <= _GROUPS:
                return {place for group in groups for place in self._holding((part,), group)}
        return {place for first, last in wanted for place in self._pointers(part).between(first, last)}

    @cached_property
    def _lists(self) -> bool:
        """Whether all that code points at is listed: a search for it all takes no longer than one for a part."""
        low, high = self._image.extent()
        return self._machine.lists and high - low < WIDEST

    def _pointers(self, part: Range) -> Targets:
        """All that a segment of code points at."""
        if part.address not in self._known_pointers:
            low, high = self._image.extent()
            found = self._machine.all_pointers(part, [(low, high)])
            inside = ([pair for pair in pairs if low <= pair[1] <= high] for pairs in found)
            self._known_pointers[part.address] = Targets(inside, part.address, low)
        return self._known_pointers[part.address]

    def held(self, spans: Iterable[tuple[int, int]]) -> dict[int, set[int | None]]:
        """Starts of the functions that hold an address in one of these spans → what takes it, see `Machine.takers`;
        with None where that is not told."""
        wanted = sorted(set(spans))
        return self._taken(
            (part, self._places(part, wanted) if self._lists else self._holding((part,), wanted))
            for part in self._image.code()
        )

    def _taken(self, places: Iterable[tuple[Range, Iterable[int]]]) -> dict[int, set[int | None]]:
        """As `held`, of some places in each segment of code."""
        found: dict[int, set[int | None]] = {}
        for part, inside in places:
            for place in inside:
                takers: Iterable[int | None] | None = self._machine.takers(part, place, self._stubs)
                start = self._functions.around(place).start
                found.setdefault(start, set()).update((None,) if takers is None else takers)
        return found

    def _holding(self, parts: Iterable[Range], wanted: Sequence[tuple[int, int]]) -> set[int]:
        """The places of such addresses in some code; spans may overlap."""
        firsts = [first for first, _ in wanted]
        behind = list(accumulate((last for _, last in wanted), max))  # the last address of a span up to here
        return {
            place
            for part in (parts if wanted else ())
            for pairs in self._machine.all_pointers(part, wanted)
            for place, target in pairs
            if (at := bisect_right(firsts, target)) and target <= behind[at - 1]
        }

    def with_callees(self, starts: frozenset[int], level: int = 0) -> frozenset[int]:
        """Functions, ``level`` calls below where it began, and where they are few those that they call, level by level:
        where what they give is used."""
        asked = starts
        for below in range(level, LEVELS + _WRAPPERS):
            if below >= LEVELS - 1:
                asked = frozenset(start for start in asked if self._wraps(start))
            if not asked or len(starts) > _MANY:
                break
            asked = frozenset(self._functions.around(target).start for target in self.called(asked)) - starts
            starts = starts | asked
        return starts

    def called(self, only: frozenset[int]) -> set[int]:
        """What some functions may call or jump to outside of themselves, stubs left out."""
        found: set[int] = set()
        for part in self.parts(only):
            first, end = part.address, part.end
            for pairs in self._machine.all_references(part, *self._extent):
                found.update([target for _, target in pairs if not first <= target < end])
            found.update([target for target in self._machine.short_targets(part) if not first <= target < end])
        return found - self._stubs.keys()

    def _wraps(self, start: int) -> bool:
        bounds = self._functions.around(start)
        return bounds.known and bounds.end - bounds.start <= WRAPPER


def _near(spans: Iterable[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Sorted spans in groups that lie near each other."""
    group: list[tuple[int, int]] = []
    for span in spans:
        if group and span[1] - group[0][0] > _NEAR:
            yield group
            group = []
        group.append(span)
    if group:
        yield group
