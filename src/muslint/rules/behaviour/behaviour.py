"""What a behaviour rule is, and the scene it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from muslint.elf.calls import Calls, CallSite, can_disassemble
from muslint.elf.constants import Constants
from muslint.elf.data import Initialised
from muslint.elf.image import Image
from muslint.elf.object import ElfObject
from muslint.loader.target import Link
from muslint.rules.finding import Evidence, Severity


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
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def can_disassemble(self) -> bool:
        """Whether calls can be found in code of this machine."""
        return can_disassemble(self.image)

    def calls(self, *names: str) -> tuple[CallSite, ...]:
        """Every call of these imports, in address order; none where `can_disassemble` is false."""
        if Calls not in self._kept:
            self._kept[Calls] = Calls(self.image)
        known: Calls = self._kept[Calls]
        found: list[CallSite] = []
        for name in names:
            if name not in self._kept:
                self._kept[name] = tuple(known.of(name)) if name in self.imports else ()
            found += self._kept[name]
        return tuple(sorted(found, key=lambda site: site.address))

    def strings(self) -> Constants:
        """The NUL-terminated constants of memory that cannot change."""
        if Constants not in self._kept:
            self._kept[Constants] = Constants(self.image)
        found: Constants = self._kept[Constants]
        return found

    def data(self) -> Initialised:
        """The initialised writable data."""
        found: Initialised = self._kept.setdefault(Initialised, Initialised(self.image))
        return found


@dataclass(frozen=True, slots=True)
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
