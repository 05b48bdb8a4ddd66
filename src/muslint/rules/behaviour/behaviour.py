"""What a behaviour rule is, and the scene it looks at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from muslint.elf.calls import Calls
from muslint.elf.constants import Constants
from muslint.elf.data import Initialised
from muslint.elf.disassembly import can_disassemble
from muslint.elf.image import Image
from muslint.elf.object import ElfObject
from muslint.elf.site import CallSite
from muslint.loader.target import Link
from muslint.rules.finding import Evidence, Severity

_STRUCTURE = 256
"""Bytes from the start of a structure, which code may point to, to a variable in it."""
_SMALL = 1 << 18  # bytes of data that hold few numbers by chance
_HOLDING = 64  # functions that hold a number, beyond which any may
_LITTLE_CODE = 1 << 14  # bytes
_TEXTS = 32  # texts that are looked for in tables


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing in an object that shows a behaviour rule applies."""

    confidence: str  # "certain": whatever the input; "likely"; "possible": info, shown with -v
    symbol: str | None  # the import it is about
    evidence: tuple[Evidence, ...] = ()  # kinds: call-site, string, import, data, segment, note
    detail: str = ""  # what exactly: iconv_open("ASCII//TRANSLIT")
    severity: Severity | None = None  # in place of the rule's


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One object as a behaviour rule sees it. What costs time is looked at when first asked for."""

    object: ElfObject
    path: str  # as people are shown it
    built_for: str  # glibc, musl, bionic, none, unknown
    imports: frozenset[str]  # undefined names
    musl: str | None  # release of the target's musl: 1.2.5
    program: bool  # the kernel starts it
    image: Image
    link: Link | None = None  # what the loader does with it
    kept: dict[Any, Any] = field(default_factory=dict, repr=False)  # what was looked at, for who asks again
    asked: frozenset[str] | None = None  # the imports whose calls are worth listing; None: all

    @property
    def can_disassemble(self) -> bool:
        """Whether calls can be found in code of this machine."""
        return can_disassemble(self.image)

    def calls(
        self,
        *names: str,
        texts: Collection[bytes] | None = None,
        addresses: Collection[int] | None = None,
        zero: int | None = None,
        within: Iterable[int] | None = None,
        number: int | None = None,
        always: bool = False,
    ) -> tuple[CallSite, ...]:
        """Every call of these imports, in address order; none where `can_disassemble` is false.

        Calls of functions that are called everywhere take long to follow. Say what makes one worth it: its function,
        or a direct caller of that, points to one of these constant ``texts`` or ``addresses``, or holds ``number``, a
        small one; argument ``zero`` may be 0; its function lies ``within`` those that hold one of some addresses.
        ``always``: only where the texts or addresses are given whatever happens, by the function itself or through
        others that hand them on at once.
        Of little code all is followed: tables may hold distances to texts, which nothing is seen to point to.
        """
        known = self.code()
        narrow: frozenset[int] | None = None
        holding: frozenset[int] | None = None
        callers: frozenset[int] | None = None  # who is asked what it gives: all, or those that point there too
        imported = [name for name in names if name in self.imports] if self.can_disassemble else []
        named = texts is not None or addresses is not None
        if not imported or (named and not (texts or addresses)):
            return ()
        if named and (always or not self._little_code):
            held = tuple(self.strings().spans(texts or ()))
            words = tuple(self._tables([first for first, _ in held]))
            spans = [(address - _STRUCTURE, address) for address in words]
            given = (*held, *((address - _STRUCTURE, address) for address in addresses or ()))
            if always:
                holding, narrow = known.giving(imported, (*given, *spans))
            else:
                narrow = known.taking(imported, given) | known.with_callees(known.pointing(spans, words))
            callers = narrow
        if number is not None:
            if not self.candidates(*names):
                return ()
            narrow = callers = self._holding(number)
        if within is not None:
            narrow = frozenset(known.functions.around(address).start for address in within)
        found: list[CallSite] = []
        if narrow is not None and not narrow:
            return ()
        if narrow is None:
            self.candidates(*names)  # all in one search
        for name in imported:
            if zero is not None:  # told by the code right before the call: other callers need not be asked
                narrow, callers = known.zeroing(name, zero)
            if narrow is not None:
                found += known.of(name, narrow, callers=callers, holding=holding)
                continue
            if name not in self.kept:
                self.kept[name] = tuple(known.of(name))
            found += self.kept[name]
        return tuple(sorted(found, key=lambda site: site.address))

    @property
    def _little_code(self) -> bool:
        return sum(len(part.content) for part in self.image.code()) <= _LITTLE_CODE

    def _tables(self, places: list[int]) -> frozenset[int]:
        """The words of tables that point to some texts; none where these are many."""
        slots, few = self.code().slots, places if len(places) <= _TEXTS else []
        return frozenset(slots.holding_any(few)) if few else frozenset()

    def _holding(self, number: int) -> frozenset[int] | None:
        """Starts of the functions whose code may put a small number anywhere, and of those that they call; None where
        that may be any: a table of a small object holds it, or many do."""
        known = self.code()
        word = number.to_bytes(4, self.image.order)
        tables = list(self.image.data())
        small = sum(part.end - part.start for part in tables) <= _SMALL
        if small and any(part.content.find(word, part.start, part.end) >= 0 for part in tables):
            return None
        machine, code = known.machine, list(self.image.code())
        places = [] if machine is None else [place for part in code for place in machine.holding(part, number)]
        starts = frozenset(known.functions.around(place).start for place in places)
        return known.with_callees(starts) if machine is not None and len(starts) <= _HOLDING else None

    def candidates(self, *names: str) -> tuple[int, ...]:
        """Addresses of what may be calls of these imports, found without disassembling, in order."""
        known = self.code()
        return known.candidates(*(name for name in names if name in self.imports))

    def code(self) -> Calls:
        """The calls and functions of the object."""
        if Calls not in self.kept:
            self.kept[Calls] = Calls(self.image, self.asked)
        known: Calls = self.kept[Calls]
        return known

    def strings(self) -> Constants:
        """The NUL-terminated constants of memory that cannot change."""
        if Constants not in self.kept:
            self.kept[Constants] = Constants(self.image)
        found: Constants = self.kept[Constants]
        return found

    def data(self) -> Initialised:
        """The initialised writable data."""
        found: Initialised = self.kept.setdefault(Initialised, Initialised(self.image))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Behaviour:
    """One behaviour rule: data, and ``prove``, which yields what shows it in an object and touches nothing else."""

    id: str  # kebab-case
    title: str  # one line
    triggers: tuple[str, ...]  # imports that make it worth looking; () asks the object itself
    severity: Severity  # of a certain or likely proof
    claim: str  # one sentence: what breaks; becomes the finding's message
    glibc: str  # what glibc does, short
    musl: str  # what musl does, short
    builds: str  # "glibc": only what was built for glibc; "any": a rebuild on musl has it too
    evidence: str  # what proves it, in words
    remedy: str  # for an unmodified binary on Alpine
    fix: str  # in the source
    references: tuple[str, ...]
    witness: str  # folder below fixtures/witness
    prove: Callable[[Scene], Iterator[Proof]]
    since: str | None = None  # first musl release that behaves so
    until: str | None = None  # first musl release that no longer does
    default: bool = True  # False: shown only with -v
    linked: bool = False  # whether ``prove`` looks at what the loader does with the object
