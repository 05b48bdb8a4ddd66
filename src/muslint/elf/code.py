"""What instructions do, in the few words that following a constant through a function needs.

A machine (`muslint.elf.x86`, `muslint.elf.aarch64` …) turns bytes into `Step`s, and a step into its `Effect`;
`muslint.elf.flow` reads nothing else. Registers are named by strings, always the whole register (``rdi`` for
``edi``), with the contents as unsigned numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Sequence
from enum import IntEnum
from typing import Any, NamedTuple, Protocol

from muslint.elf.fields import Pairs, Spans
from muslint.elf.image import Range


class Flow(IntEnum):
    """Where control goes after an instruction."""

    NEXT = 0
    BRANCH = 1  # to the target or on
    JUMP = 2
    JUMP_INDIRECT = 3
    CALL = 4
    CALL_INDIRECT = 5
    STOP = 6  # returns, traps


class Step(NamedTuple):
    """One instruction."""

    address: int
    end: int
    flow: Flow
    target: int | None  # of a direct branch, jump or call
    raw: Any  # what the machine needs to tell its effect


class Expr(NamedTuple):
    """How a value is made. ``kind`` is one of

    - ``const``: ``value``
    - ``reg``: contents of register ``value``
    - ``load``: ``size`` bytes of memory at ``left``, extended by zeros, or by the sign where ``value`` is "signed"
    - ``place``: what the place ``value`` of the function's frame holds
    - ``add sub and or xor shl shr sar mul``: of ``left`` and ``right``, cut to ``size`` bytes
    - ``sext``: ``left``, whose low ``value`` bytes are a signed number, to ``size`` bytes
    - ``either``: ``left`` or ``right``
    - ``insert``: ``left`` with its lowest ``size`` bytes replaced by those of ``right``
    """

    kind: str
    value: Any = None
    left: Expr | None = None
    right: Expr | None = None
    size: int = 8


def const(number: int) -> Expr:
    """A number."""
    return Expr("const", number)


def reg(name: str) -> Expr:
    """The contents of a register."""
    return Expr("reg", name)


def load(address: Expr | None, size: int, signed: bool = False, to: int = 8) -> Expr | None:
    """``size`` bytes of memory; a signed number is extended to ``to`` bytes."""
    if address is None:
        return None
    loaded = Expr("load", None, address, None, size)
    return Expr("sext", size, loaded, None, to) if signed else loaded


def binary(kind: str, left: Expr | None, right: Expr | None, size: int = 8) -> Expr | None:
    """An operation of two values; None where one is unknown."""
    return None if left is None or right is None else Expr(kind, None, left, right, size)


class Store(NamedTuple):
    """A write to memory."""

    address: Expr | None
    size: int
    value: Expr | None


class Effect(NamedTuple):
    """What an instruction changes: registers (None: to something unknown) and memory. Calls are not told here."""

    sets: dict[str, Expr | None]
    stores: tuple[Store, ...] = ()


NOTHING = Effect({})


class Table(NamedTuple):
    """What may be a jump table: entries of ``size`` bytes, times ``scale``, count from ``origin``."""

    address: int
    size: int
    origin: int
    scale: int = 1
    signed: bool = True


class Machine(Protocol):
    """One instruction set with the calling convention of its System V ABI."""

    word: int  # bytes of an address
    stack: str  # the stack pointer
    frame: str  # the frame pointer, where a function uses one
    kept: frozenset[str]  # registers a call leaves as they were, the stack pointer included
    arguments: tuple[str | int, ...]  # where arguments 0 to 5 are: a register, or a distance above the stack pointer
    result: str  # the register in which a call returns a number or an address
    call_pushes: int  # bytes a call puts on the stack
    lists: bool  # whether `all_pointers` finds everything as quickly as a part of it

    def steps(self, code: bytes, address: int, thumb: bool = False) -> list[Step]:
        """The instructions of some code, in address order."""
        ...

    def effect(self, step: Step) -> Effect:
        """What one instruction changes."""
        ...

    def callee(self, step: Step) -> Expr | None:
        """Where an indirect call or jump goes."""
        ...

    def tables(self, steps: Sequence[Step]) -> Iterator[Table]:
        """Where the indirect jumps of a function may take their targets from; a superset."""
        ...

    def moves_stack(self, step: Step) -> bool:
        """Whether it may write the stack pointer or set the frame pointer from it."""
        ...

    def leaks(self, step: Step) -> Expr | None:
        """The address in the frame that it computes into another register."""
        ...

    def returns(self, step: Step) -> bool:
        """Whether it is a return from the function."""
        ...

    def compared(self, step: Step, signed: bool = False) -> Expr | None:
        """What an instruction holds against 0, or for its sign against -1 or 1: a register or memory."""
        ...

    def equal(self, before: Step, branch: Step) -> tuple[str, int] | None:
        """The register, and the number it holds, where a branch goes that lies right behind another instruction."""
        ...

    def loads(self, step: Step) -> Expr | None:
        """The address of the four bytes of memory that an instruction reads."""
        ...

    def learn(self, code: Sequence[Range], tables: Sequence[int]) -> None:
        """Note what is the same in the whole object; ``tables`` are addresses of its GOT."""
        ...

    def stubs(self, code: Range, slots: dict[int, str]) -> dict[int, int]:
        """PLT stubs: every address that a call may go to → the slot it jumps through."""
        ...

    def references(self, code: Range, target: int) -> Iterator[int]:
        """The addresses of what may be direct calls of, or jumps to, one address; a superset."""
        ...

    def all_references(self, code: Range, first: int, last: int, only: Container[int] | None = None) -> Iterator[Pairs]:
        """Every such place, by part of the code, whose target is from ``first`` to ``last``, or ``only`` among these;
        a superset."""
        ...

    def short_references(self, code: Range, target: int) -> Iterator[int]:
        """The addresses of what may be jumps to one address in a shorter form, which `all_references` leaves out."""
        ...

    def short_targets(self, code: Range) -> Iterator[int]:
        """Where the jumps of some code go that `all_references` leaves out, those with a short distance; a superset."""
        ...

    def slot_references(self, code: Range, slots: Collection[int]) -> Iterator[tuple[int, int]]:
        """The addresses of what may read one of some slots, and which; a superset."""
        ...

    def writers(self, code: Range, address: int) -> Iterator[int]:
        """Places of code that may write to a variable; a superset of those that name it."""
        ...

    def may_write(self, step: Step, address: int) -> bool:
        """Whether an instruction may write to the variable at an address, told quickly; in a superset of cases."""
        ...

    def pointers(self, code: Range, first: int, last: int) -> Iterator[int]:
        """Places of code that may put an address from ``first`` to ``last``, which are not far apart, into a register;
        a superset."""
        ...

    def all_pointers(self, code: Range, spans: Spans) -> Iterator[Pairs]:
        """Every such place, by part of the code, for addresses in some spans, and some more."""
        ...

    def takers(self, code: Range, place: int, stubs: Container[int]) -> frozenset[int] | None:
        """The targets of the calls that may take what an instruction puts into a register, by one of the
        `all_pointers`, and the ``stubs`` that are jumped to with it; 0 for the caller. None where that cannot be told.
        """
        ...

    def holding(self, code: Range, number: int) -> Iterator[int]:
        """Places of what may put a small number into a register or on the stack; a superset."""
        ...

    def zeroes(self, before: bytes, argument: int) -> bool:
        """Whether code may put 0 into the place of an argument; true where that cannot be told."""
        ...
