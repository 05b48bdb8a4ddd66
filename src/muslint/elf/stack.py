"""How much stack a function may need, as far as its code tells: frames, recursion, arrays of unknown size."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from muslint.elf.calls import Calls
from muslint.elf.code import Flow
from muslint.elf.flow import Body
from muslint.elf.machine import EM_386, EM_AARCH64, EM_X86_64

_CALL, _CALL_INDIRECT, _JUMP = Flow.CALL, Flow.CALL_INDIRECT, Flow.JUMP
_MOST = 300  # functions looked at
_SMALL = 128  # bytes a frame is taken to have that shows no size
_LOOKED = 256  # bytes of a function in which its frame is made
_SUB_RSP = re.compile(rb"\x48\x81\xec(....)", re.S)  # sub rsp, imm32
_SUB_ESP = re.compile(rb"\x81\xec(....)", re.S)  # sub esp, imm32
_LEA_R11 = re.compile(rb"\x4c\x8d\x9c\x24(....)", re.S)  # lea r11, [rsp - imm32]: a frame that is probed page by page
_BY_REGISTER = re.compile(rb"\x48\x29[\xc4\xcc\xd4\xdc\xf4\xfc]|\x4c\x29[\xc4\xcc\xd4\xdc\xe4\xec\xf4\xfc]")
# sub rsp, reg: alloca, an array of variable length


class Need(NamedTuple):
    """What is known of the stack a function and those it calls directly may use."""

    own: int  # bytes of its own frame
    deepest: int  # bytes of the deepest chain of direct calls that was seen
    recursive: bool  # some function of it may call itself, directly or by others
    variable: bool  # some frame has a size that only shows when it runs
    hidden: bool  # something is called by a pointer


def frame_size(code: bytes, machine: int) -> int:
    """The largest frame, in bytes, that the beginning of a function makes; 0 where none is seen."""
    if machine == EM_X86_64:
        found = [int.from_bytes(match[1], "little") for match in _SUB_RSP.finditer(code[:_LOOKED])]
        found += [-int.from_bytes(match[1], "little", signed=True) for match in _LEA_R11.finditer(code[:_LOOKED])]
        return max((size for size in found if 0 < size < 1 << 31), default=0)
    if machine == EM_386:
        sizes = (int.from_bytes(match[1], "little") for match in _SUB_ESP.finditer(code[:_LOOKED]))
        return max((size for size in sizes if 0 < size < 1 << 31), default=0)
    if machine == EM_AARCH64:
        words = (word for (word,) in struct.iter_unpack("<I", code[: min(len(code), _LOOKED) & ~3]))
        # sub xN, sp, #imm, lsl #12, where N is 31 for the stack pointer itself
        return max(((word >> 10 & 0xFFF) << 12 for word in words if word & 0xFFC003E0 == 0xD14003E0), default=0)
    return 0


class _Facts(NamedTuple):
    """What one function tells by itself."""

    frame: int  # bytes
    variable: bool
    hidden: bool
    targets: tuple[int, ...]  # what it calls directly, and jumps to in place of a call


class Stacks:
    """The stacks of one object's functions; what a function tells is found out once, whoever calls it."""

    def __init__(self, calls: Calls, machine: int, pointers: bool) -> None:
        """``pointers``: whether calls by pointers are asked for; else `Need.hidden` is never true."""
        self._calls, self._machine, self._pointers = calls, machine, pointers
        self._known: dict[int, _Facts] = {}

    def need(self, start: int) -> Need:
        """What the function at ``start`` may need. What is called through a pointer, and imports, are not followed."""
        walk = _Walk(self)
        deepest = walk.visit(start)
        return Need(self._own(start), deepest, walk.recursive, walk.variable, walk.hidden)

    def facts(self, start: int) -> _Facts:
        """What the function at ``start`` tells by itself."""
        if start not in self._known:
            self._known[start] = self._facts(self._calls.body(start), start)
        return self._known[start]

    def _own(self, start: int) -> int:
        bounds = self._calls.functions.around(start)
        code = self._calls.code_at(start, min(bounds.end - start, _LOOKED))
        return frame_size(code, self._machine)

    def _facts(self, body: Body, start: int) -> _Facts:
        code = self._calls.code_at(start, min(body.bounds.end - start, 1 << 16))
        inside, stubs = range(body.bounds.start, body.bounds.end), self._calls.stubs
        targets = {
            target
            for _, _, flow, target, _ in body.steps
            if target is not None and (flow is _CALL or flow is _JUMP) and target not in stubs
            and (target not in inside or (flow is _CALL and target == start))
        }  # fmt: skip
        variable = self._machine == EM_X86_64 and _BY_REGISTER.search(code) is not None
        hidden = self._pointers and _by_pointer(body)
        return _Facts(frame_size(code, self._machine), variable, hidden, tuple(sorted(targets)))


class _Walk:
    """A walk over direct calls; only lives inside `Stacks.need`."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.known: dict[int, int] = {}
        self.open: set[int] = set()
        self.recursive = self.variable = self.hidden = False

    def visit(self, start: int, level: int = 0) -> int:
        """Bytes of the deepest chain from here on."""
        if start in self.open:
            self.recursive = True
            return 0
        if start in self.known or len(self.known) + len(self.open) >= _MOST or level > 100:
            return self.known.get(start, 0)
        self.open.add(start)
        facts = self.stacks.facts(start)
        self.variable |= facts.variable
        self.hidden |= facts.hidden
        below = max((self.visit(target, level + 1) for target in facts.targets), default=0)
        self.open.discard(start)
        self.known[start] = max(facts.frame, _SMALL) + below
        return self.known[start]


def _by_pointer(body: Body) -> bool:
    """Whether it calls a function through a pointer, or goes to one in its own place."""
    jumps = False
    for number in body.indirect:
        calls = body.steps[number].flow is _CALL_INDIRECT
        if (calls or not jumps) and body.callee(body.steps[number]) is None:
            if calls:
                return True
            jumps = True
    return jumps and not any(body.machine.tables(body.steps))
