"""x86-64 and i386: instructions by iced-x86, calls and PLT stubs by their bytes (psABI "Procedure Linkage Table")."""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Container, Iterator, Sequence
from itertools import chain

from iced_x86 import ConditionCode, Decoder, FlowControl, Instruction, Mnemonic, OpKind, Register

from muslint.elf.code import NOTHING, Effect, Expr, Flow, Step, Store, Table, binary, const, reg
from muslint.elf.fields import Lead, Pairs, Spans, addresses, distances, numbers
from muslint.elf.image import Range
from muslint.elf.values import signed
from muslint.elf.x86_effects import ARGUMENTS, IMMEDIATES, NAMES, SIZES, address_of, effect_of, read
from muslint.elf.x86_takers import takers

_FLOWS = {
    FlowControl.NEXT: Flow.NEXT, FlowControl.UNCONDITIONAL_BRANCH: Flow.JUMP,
    FlowControl.INDIRECT_BRANCH: Flow.JUMP_INDIRECT, FlowControl.CONDITIONAL_BRANCH: Flow.BRANCH,
    FlowControl.RETURN: Flow.STOP, FlowControl.CALL: Flow.CALL, FlowControl.INDIRECT_CALL: Flow.CALL_INDIRECT,
    FlowControl.INTERRUPT: Flow.NEXT, FlowControl.XBEGIN_XABORT_XEND: Flow.NEXT, FlowControl.EXCEPTION: Flow.STOP,
}  # fmt: skip
_NEXT, _CALL, _CALL_INDIRECT, _JUMP_INDIRECT = Flow.NEXT, Flow.CALL, Flow.CALL_INDIRECT, Flow.JUMP_INDIRECT
_LEA_MNEMONIC = Mnemonic.LEA
_TO_TARGET = frozenset((Flow.BRANCH, Flow.JUMP, Flow.CALL))
_step = tuple.__new__  # `Step` itself takes twice as long, and there are millions
_THUNKS = {
    b"\x8b\x04\x24\xc3": "rax", b"\x8b\x1c\x24\xc3": "rbx", b"\x8b\x0c\x24\xc3": "rcx", b"\x8b\x14\x24\xc3": "rdx",
    b"\x8b\x34\x24\xc3": "rsi", b"\x8b\x3c\x24\xc3": "rdi", b"\x8b\x2c\x24\xc3": "rbp",
}  # fmt: skip
"""``__x86.get_pc_thunk.*``: what i386 code calls to learn its own address."""
_RELATIVE = b"\x05\x0d\x15\x1d\x25\x2d\x35\x3d"
"""ModRM of a distance from the next instruction, whatever the register."""
_BRANCHES = (Lead(b"\xe8"), Lead(b"\xe9"), Lead(bytes(range(0x80, 0x90)), 0x0F))
"""``call``, ``jmp`` and ``jcc``."""
_ANY_BRANCH = tuple(re.compile(lead.pattern + rb"(?=(....))", re.S) for lead in _BRANCHES)
_JUMPS_THROUGH = tuple(re.compile(form + rb"(?=(....))", re.S) for form in (rb"\xff\x25", rb"\xff\xa3"))
"""``jmp *slot``, and ``jmp *slot(%ebx)``."""
_CODES = rb"[\x05\x24\x63\x68\x81\x8b\x8d\xb8-\xbf\xc7\xff]"  # of instructions that have an address
_BEFORE_ADDRESS = (_CODES, _CODES + rb".", _CODES + rb"..")
_BEFORE_ABSOLUTE = (
    rb"[\x24\x68\xb8-\xbf]", rb"[\x48\x49]\x05",
    rb"[\x24\x63\x81\x8b\x8d\xc7\xff][^" + re.escape(_RELATIVE) + rb"]", rb"[\x63\x81\x8b\x8d\xc7\xff]..",
)  # fmt: skip
"""The same on x86-64, where most of these codes can have a distance in its place."""
_APART = 4
"""Slots that are searched for one by one."""
_SHORT = 1 << 12
"""Bytes of code up to which one search for all of them is quicker than three."""
_distance = struct.Struct("<i").unpack
_READS = (Lead(_RELATIVE, 0xFF), Lead(_RELATIVE, 0x8B))
_WRITES = (Lead(_RELATIVE, 0x89), Lead(_RELATIVE, 0x09), Lead(b"\x0d", 0x83), Lead(b"\x0d", 0x80), Lead(b"\x0d", 0x81),
           Lead(b"\x05", 0xC7))  # fmt: skip
_LEA = (Lead(_RELATIVE, 0x8D),)
_STACKS = (Register.RSP, Register.ESP)
_FRAMES = (Register.RBP, Register.EBP)
_POINTERS = frozenset((*_STACKS, *_FRAMES))
_PUSHING: dict[int, bool] = {}
"""Code of an instruction → whether it changes the stack pointer by itself."""


_ZEROES = tuple(
    (prefix + bytes((0x31, 0xC0 | number * 9)), prefix_b + bytes((0xB8 | number, 0, 0, 0, 0)),
     prefix + bytes((0x29, 0xC0 | number * 9)), bytes((0xC7, 0xC0 | number, 0, 0, 0, 0)),
     bytes((0x31, 0xC0, 0x41 if prefix else 0x89, 0x89 if prefix else 0xC0 | number)))
    for prefix, prefix_b, number in (
        (b"", b"", 7), (b"", b"", 6), (b"", b"", 2), (b"", b"", 1), (b"\x45", b"\x41", 0), (b"\x45", b"\x41", 1),
    )
)  # fmt: skip
"""The ways to put 0 into %rdi, %rsi, %rdx, %rcx, %r8 and %r9: ``xor``, ``mov``, ``sub``, ``movq``, and by way of
%eax."""


class X86:
    """x86-64, and i386 with ``word`` 4. 32-bit registers go by the names of the 64-bit ones that hold them."""

    stack, frame = "rsp", "rbp"
    result = "rax"

    def __init__(self, word: int, fixed: bool = False) -> None:
        self.word, self.fixed = word, fixed
        self.call_pushes = word
        self.lists = word == 8 and not fixed
        self.kept = frozenset(("rbx", "rbp", "rsp") + (("r12", "r13", "r14", "r15") if word == 8 else ("rsi", "rdi")))
        self.arguments: tuple[str | int, ...] = ARGUMENTS if word == 8 else (0, 4, 8, 12, 16, 20)
        self._thunks: dict[int, str] = {}
        self._ebx_bases: tuple[int, ...] = ()

    # --- instructions ---------------------------------------------------------------------------------------

    def steps(self, code: bytes, address: int, thumb: bool = False) -> list[Step]:
        """The instructions of some code."""
        del thumb
        found = []
        for raw in Decoder(8 * self.word, code, ip=address):
            flow, end = _FLOWS[raw.flow_control], raw.next_ip
            target = None
            if flow is not _NEXT and flow in _TO_TARGET:
                target = raw.near_branch_target
                if flow is _CALL and (target == end or target in self._thunks):
                    flow = _NEXT  # only to learn its own address
            found.append(_step(Step, (address, end, flow, target, raw)))
            address = end
        return found

    def effect(self, step: Step) -> Effect:
        """What one instruction changes."""
        if step.flow is Flow.NEXT and step.target is not None:
            if step.target in self._thunks:
                return Effect({self._thunks[step.target]: const(step.end)})
            pushed = binary("sub", reg("rsp"), const(self.word), self.word)
            return Effect({"rsp": pushed}, (Store(pushed, self.word, const(step.end)),))
        if step.flow in (Flow.CALL, Flow.CALL_INDIRECT):
            return NOTHING
        return effect_of(step.raw, self.word)

    def callee(self, step: Step) -> Expr | None:
        """Where an indirect call or jump goes."""
        raw: Instruction = step.raw
        if raw.op0_kind == OpKind.REGISTER:
            return reg(NAMES[raw.op0_register])
        where = address_of(raw, self.word)
        return None if where is None else Expr("load", None, where, None, self.word)

    def tables(self, steps: Sequence[Step]) -> Iterator[Table]:
        """Every constant address that ``lea`` takes, and what ``jmp *table(,%reg,8)`` and its like name."""
        everywhere = self.word == 4
        for _, _, flow, _, raw in steps:
            if raw.mnemonic == _LEA_MNEMONIC and raw.is_ip_rel_memory_operand:
                yield Table(raw.ip_rel_memory_address, 4, raw.ip_rel_memory_address)
            elif everywhere or flow is _JUMP_INDIRECT:
                if OpKind.MEMORY not in (raw.op0_kind, raw.op1_kind) or raw.memory_index == Register.NONE:
                    continue
                if raw.memory_base == Register.NONE:
                    yield Table(raw.memory_displacement, self.word, 0, signed=False)
                for base in self._ebx_bases:
                    yield Table((base + raw.memory_displacement) & 0xFFFFFFFF, 4, base)

    def moves_stack(self, step: Step) -> bool:
        """Whether it writes the stack pointer or the frame pointer."""
        raw: Instruction = step.raw
        pushes = _PUSHING.get(raw.code)
        if pushes is None:
            pushes = _PUSHING[raw.code] = bool(raw.stack_pointer_increment) or raw.mnemonic == Mnemonic.LEAVE
        if pushes:
            return step.flow is not _CALL and step.flow is not _CALL_INDIRECT
        return raw.op0_register in _POINTERS and raw.op0_kind == OpKind.REGISTER

    def leaks(self, step: Step) -> Expr | None:
        """The address in the frame that ``lea``, ``mov`` or ``push`` hands on."""
        raw: Instruction = step.raw
        if raw.mnemonic == Mnemonic.LEA and raw.op0_register not in _STACKS:
            return address_of(raw, self.word)
        if raw.mnemonic in (Mnemonic.MOV, Mnemonic.PUSH):
            source = raw.op0_register if raw.mnemonic == Mnemonic.PUSH else raw.op1_register
            if source in _STACKS and not (raw.op0_kind == OpKind.REGISTER and raw.op0_register in _FRAMES):
                return reg(self.stack)
            if source in _FRAMES and raw.mnemonic == Mnemonic.MOV and raw.op0_register not in _STACKS:
                return reg(self.frame)
        return None

    def returns(self, step: Step) -> bool:
        """``ret``."""
        return step.flow is Flow.STOP and step.raw.flow_control == FlowControl.RETURN

    def compared(self, step: Step, signed: bool = False) -> Expr | None:
        """What ``test r, r`` or ``cmp $0`` looks at; ``cmp`` with -1 or 1 too where the sign counts."""
        raw: Instruction = step.raw
        if raw.mnemonic == Mnemonic.TEST and raw.op0_kind == raw.op1_kind == OpKind.REGISTER:
            return reg(NAMES[raw.op0_register]) if raw.op0_register == raw.op1_register else None
        if raw.mnemonic != Mnemonic.CMP or raw.op1_kind not in IMMEDIATES:
            return None
        number = raw.immediate(1) & 0xFFFFFFFF
        return read(raw, 0, self.word) if not number or (signed and number in (1, 0xFFFFFFFF)) else None

    def equal(self, before: Step, branch: Step) -> tuple[str, int] | None:
        """``cmp $n, %r; je`` and ``test %r, %r; je``."""
        raw: Instruction = before.raw
        register, size = NAMES.get(raw.op0_register), SIZES.get(raw.op0_register, 0)
        if (
            branch.raw.condition_code != ConditionCode.E
            or raw.op0_kind != OpKind.REGISTER
            or size < 4
            or register is None
        ):
            return None
        if raw.mnemonic == Mnemonic.CMP and raw.op1_kind in IMMEDIATES:
            return register, raw.immediate(1) & (1 << 8 * size) - 1
        return (register, 0) if raw.mnemonic == Mnemonic.TEST and raw.op0_register == raw.op1_register else None

    def loads(self, step: Step) -> Expr | None:
        """``mov (r), %e``, ``cmp``, ``test`` and their like."""
        raw: Instruction = step.raw
        operands = range(raw.op_count)
        memory = next((number for number in operands if raw.op_kind(number) == OpKind.MEMORY), None)
        if memory is None or (memory == 0 and raw.mnemonic not in (Mnemonic.CMP, Mnemonic.TEST, Mnemonic.PUSH)):
            return None
        found = read(raw, memory, self.word)
        return found.left if found is not None and found.kind == "load" and found.size == 4 else None

    # --- calls ----------------------------------------------------------------------------------------------

    def learn(self, code: Sequence[Range], tables: Sequence[int]) -> None:
        """Note what is the same in the whole object: i386's thunks, and the addresses %ebx may hold (the GOT)."""
        if self.word == 4:
            self._ebx_bases = tuple(tables)
            for part in code:
                for found in re.finditer(rb"\x8b[\x04\x1c\x0c\x14\x34\x3c\x2c]\x24\xc3", part.content):
                    self._thunks[part.address + found.start()] = _THUNKS[found.group()]

    def stubs(self, code: Range, slots: dict[int, str]) -> dict[int, int]:
        """``jmp *slot`` where it stands as a PLT entry: with ``endbr``, ``bnd`` before it, or what a table has."""
        found: dict[int, int] = {}
        # One form after the other: a pattern of two bytes is found much quicker.
        forms = _JUMPS_THROUGH[:1] if self.word == 8 else _JUMPS_THROUGH
        for hit in chain.from_iterable(form.finditer(code.content) for form in forms):
            at = hit.start()
            (distance,) = struct.unpack("<i", hit.group(1))
            for slot in self._slots_at(code, at, distance):
                if slot in slots:
                    start = at - 1 if code.content[at - 1 : at] == b"\xf2" else at
                    for mark in (b"\xf3\x0f\x1e\xfa", b"\xf3\x0f\x1e\xfb"):
                        if code.content[start - 4 : start] == mark:
                            start -= 4
                            break
                    if (code.address + start) % 8 == 0:
                        found[code.address + start] = slot
        return found

    def _slots_at(self, code: Range, at: int, distance: int) -> Iterator[int]:
        if self.word == 8:
            if code.content[at + 1] == 0x25:
                yield code.address + at + 6 + distance
        elif code.content[at + 1] == 0x25:
            yield distance & 0xFFFFFFFF
        else:
            yield from ((base + distance) & 0xFFFFFFFF for base in self._ebx_bases)

    def references(self, code: Range, target: int) -> Iterator[int]:
        """``call``, ``jmp`` and ``jcc`` with a 32-bit distance to the target."""
        return (address for pairs in self.all_references(code, target, target) for address, _ in pairs)

    def all_references(self, code: Range, first: int, last: int, only: Container[int] | None = None) -> Iterator[Pairs]:
        """Every ``call``, ``jmp`` and ``jcc`` with a 32-bit distance to an address from first to last."""
        if len(code.content) >= _SHORT:
            yield from distances(code.content, code.address, _BRANCHES, first, last, only)
            return
        # One way after the other: a pattern that begins with one byte is found much quicker.
        for hit in chain.from_iterable(branch.finditer(code.content) for branch in _ANY_BRANCH):
            target = code.address + hit.end() + 4 + _distance(hit[1])[0]
            if first <= target <= last and (only is None or target in only):
                yield [(code.address + hit.start(), target)]

    def short_references(self, code: Range, target: int) -> Iterator[int]:
        """``jmp`` and ``jcc`` with an 8-bit distance to the target."""
        first = max(target - 129 - code.address, 0)
        for hit in re.finditer(rb"[\xeb\x70-\x7f](?=(.))", code.content[first : target + 127 - code.address], re.S):
            address = code.address + first + hit.start()
            if address + 2 + signed(hit[1][0], 1) == target:
                yield address

    def short_targets(self, code: Range) -> Iterator[int]:
        """Of ``jmp`` and ``jcc`` with an 8-bit distance."""
        for hit in re.finditer(rb"[\xeb\x70-\x7f](?=(.))", code.content, re.S):
            yield code.address + hit.end() + 1 + signed(hit[1][0], 1)

    def slot_references(self, code: Range, slots: Collection[int]) -> Iterator[tuple[int, int]]:
        """``call *slot``, ``jmp *slot`` and ``mov slot, %reg``."""
        content = code.content
        if self.word == 8:
            spans = [(min(slots), max(slots))] if len(slots) > _APART else [(slot, slot) for slot in slots]
            for first, last in spans:
                for pairs in distances(content, code.address, _READS, first, last):
                    yield from (pair for pair in pairs if pair[1] in slots)
            return
        for slot in slots:
            for field in self._numbers(content, slot, slot):
                if field >= 2 and content[field - 2] in (0xFF, 0x8B):
                    form = content[field - 1]
                    if form & 0xC7 == 0x05 or form & 0xC0 == 0x80:
                        yield code.address + field - 2, slot

    def _numbers(self, content: bytes, first: int, last: int) -> Iterator[int]:
        """Places of such addresses themselves, and of their distances from what %ebx may hold."""
        for base in (0, *self._ebx_bases):
            yield from numbers(content, first - base, last - base)

    def writers(self, code: Range, address: int) -> Iterator[int]:
        """``mov`` and ``or`` to a distance; a number may stand behind it, which the distance does not count."""
        for pairs in distances(code.content, code.address, _WRITES, address - 4, address + 3) if self.word == 8 else ():
            yield from (place for place, _ in pairs)

    def may_write(self, step: Step, address: int) -> bool:
        """By the distance in it."""
        raw: Instruction = step.raw
        return raw.op0_kind == OpKind.MEMORY and 0 <= raw.memory_displacement - address < 8

    def pointers(self, code: Range, first: int, last: int) -> Iterator[int]:
        """``lea`` of the distance to such an address; in a file of a fixed address also every place of one."""
        if self.word == 8:
            for pairs in distances(code.content, code.address, _LEA, first, last):
                yield from (place for place, _ in pairs)
        if self.fixed or self.word == 4:
            yield from (code.address + at for at in self._numbers(code.content, first, last))

    def all_pointers(self, code: Range, spans: Spans) -> Iterator[Pairs]:
        """``lea`` of a distance; ``mov``, ``push`` and ``add`` of an address, or what is indexed from there.

        On i386 also by its distance from the GOT."""
        content, base = code.content, code.address
        if self.word == 8:
            yield from distances(content, base, _LEA, spans[0][0], max(last for _, last in spans))
        for got in self._ebx_bases:
            moved = [((first - got) & 0xFFFFFFFF, (last - got) & 0xFFFFFFFF) for first, last in spans]
            for pairs in addresses(content, _BEFORE_ADDRESS, moved):
                yield [(base + place, (got + distance) & 0xFFFFFFFF) for place, distance in pairs]
        if self.word == 4 or self.fixed:
            for pairs in addresses(content, _BEFORE_ADDRESS if self.word == 4 else _BEFORE_ABSOLUTE, spans):
                yield [(base + place, address) for place, address in pairs]

    def takers(self, code: Range, place: int, stubs: Container[int]) -> frozenset[int] | None:
        """On x86-64 by `muslint.elf.x86_takers`; on i386 arguments are on the stack."""
        return takers(code, place, self.kept, stubs) if self.word == 8 else None

    def holding(self, code: Range, number: int) -> Iterator[int]:
        """``mov`` or ``push`` of it."""
        content, wide = code.content, re.escape(number.to_bytes(4, "little"))
        for hit in re.finditer(wide, content):
            at = hit.start()
            if at and (0xB8 <= content[at - 1] <= 0xBF or b"\xc7" in content[max(at - 9, 0) : at - 1]):
                yield code.address + at - 1
        for hit in re.finditer(rb"\x6a" + re.escape(bytes((number,))), content):
            yield code.address + hit.start()

    def zeroes(self, before: bytes, argument: int) -> bool:
        """``xor``, ``sub`` or ``mov $0`` of the argument's register."""
        if self.word == 4:
            return b"\x00" in before or b"\x31" in before
        ways = _ZEROES[argument]
        return any(way in before for way in ways)
