"""What a rule is, and the case it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from muslint.elf.facts import built_for
from muslint.elf.image import Image
from muslint.elf.object import ElfObject, Kind, Readable
from muslint.hosts.host import Host
from muslint.libc.model import LibcModel
from muslint.libc.sonames import Sonames
from muslint.loader.environment import UNTOLD, Environment
from muslint.loader.target import Link, Message
from muslint.rules.finding import Finding, Severity, When
from muslint.sources.labels.label import Claim
from muslint.sources.source import Source


class Proved(Protocol):
    """What was proved of some bytes, whatever the object's place: a text that says what → rows as JSON has them."""

    def get(self, key: str) -> list[list[Any]] | None:
        """What was proved, none of it where nothing was; None where it was not tried."""

    def __setitem__(self, key: str, rows: list[list[Any]]) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One object in its place: what it says, and what the target's loader does with it."""

    path: str  # in the target's tree
    object: ElfObject
    source: Source
    target: str  # its name
    release: str | None  # Alpine release of the target, where it is one
    model: LibcModel
    link: Link | None  # None for what the loader is not asked about: static programs
    messages: tuple[Message, ...]  # the loader's lines that count against this object
    interpreter_error: int  # errno of opening PT_INTERP; 0 when it is there or there is none
    host: Host | None  # for a plugin: the program that loads it, where it is known
    plugin: bool  # a library that no program of the source needs
    basenames: Mapping[str, tuple[str, ...]]  # file name → where it lies in the source
    sonames: Sonames | None = None  # a package index the user gave
    belied: tuple[Claim, ...] = ()  # labels of its package that it does not agree with
    wanted: tuple[str, ...] = ()  # of an object file: names it leaves to other libraries, sorted
    environment: Environment = UNTOLD  # what the loader is told
    secure: bool = False  # it heeds nothing of that (AT_SECURE)
    data: Callable[[], Readable | None] | None = None  # opens the object's bytes, for rules that look into them
    opens: Callable[[str], bool] | None = None  # whether dlopen of a name finds a file; None where nothing is loaded
    kept: dict[str, Any] = field(default_factory=dict, repr=False)  # what one rule found out and others need too
    proved: Proved | None = None  # of these bytes, under another name or by another run; None where nothing keeps it
    lasting: dict[Any, Any] = field(default_factory=dict, repr=False)  # the same, and true on every other target

    def forget(self) -> None:
        """Drop what was read of its bytes and found in them; it is read again where some rule asks once more.

        Its parts point at each other, and would stay.
        """
        for key, held in list(self.lasting.items()):
            if hasattr(held, "forget"):
                held.forget()
            if key is not Image:  # which reads itself again
                del self.lasting[key]

    def let_go(self) -> None:
        """Drop all that was found out, once nothing is asked any more."""
        self.forget()
        self.kept.clear()

    @property
    def built_for(self) -> str:
        """The C library it was linked for, as far as it shows."""
        return built_for(self.object)

    @property
    def program(self) -> bool:
        """Whether the kernel starts it."""
        return self.object.kind is Kind.EXECUTABLE

    def shown(self, path: str) -> str:
        """A path as people are shown it."""
        return self.source.display(path)

    def line(self, message: Message) -> str:
        """The loader's line, with paths as people are shown them."""
        text = message.text
        for path in {message.object, message.name}:
            if path and (shown := self.shown(path)) != path:
                text = text.replace(path, shown)
        return text

    def named(self, path: str) -> ElfObject:
        """The object of the link that the loader calls ``path``."""
        if self.link is not None:
            for mapped in self.link.scope:
                if mapped.path == path and mapped.object is not None:
                    return mapped.object
        return self.object


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule. ``find`` yields its findings for a case and touches nothing else."""

    id: str  # kebab-case
    title: str  # one line for `muslint rules`
    severity: Severity  # of its usual finding
    when: When
    evidence: str  # what proves it, in a few words
    witness: str  # the test that shows it against the real loader
    order: int  # place in a report: causes come before consequences
    find: Callable[[Case], Iterator[Finding]]
    default: bool = True  # False: its findings are information, shown with -v
