"""Who takes an address that x86-64 code puts into a register: forward from there, along every way."""

from __future__ import annotations

from collections.abc import Container

from iced_x86 import ConditionCode, Decoder, FlowControl, Instruction, Mnemonic, OpKind, Register

from muslint.elf.image import Range
from muslint.elf.x86_effects import ARGUMENTS, NAMES, SIZES

_MOST = 128  # instructions
_FAR = 1 << 10  # bytes of code without a jump
_BEFORE = 10  # bytes of an instruction before its number: prefixes, operation, ModRM, SIB, distance
_SETS = frozenset((Mnemonic.MOV, Mnemonic.MOVZX, Mnemonic.MOVSX, Mnemonic.MOVSXD, Mnemonic.POP, Mnemonic.LEA))
_NONE: frozenset[str] = frozenset()


def takers(code: Range, place: int, kept: frozenset[str], stubs: Container[int]) -> frozenset[int] | None:
    """The targets of the calls at which a register may still hold what ``lea`` or ``mov`` puts into one, and the
    ``stubs`` that are jumped to then; 0 where it may be returned. ``place`` is that of the byte before its distance or
    number, less one for ``lea``; calls leave ``kept`` as they were.

    None where that cannot be told: it is stored, or something is made of it. Nothing takes what is no operand: parts of
    others may look like an address.
    """
    content, at = code.content, place - code.address
    wide = at > 1 and content[at - 1] in (0x48, 0x4C) and content[at] == 0x8D
    if at < 2 or wide is (0xB8 <= content[at - 1] <= 0xBF):
        return None if wide or at < 2 or _holds(content, at) else frozenset()
    first = at - 1 if wide or content[at - 2] != 0x41 else at - 2
    raw = next(iter(Decoder(64, content[first : first + 15], ip=code.address + first)))
    name = NAMES.get(raw.op0_register, "") if raw.op0_kind == OpKind.REGISTER else ""
    if not name or raw.flow_control != FlowControl.NEXT:
        return None
    return _Walk(code, kept, stubs).followed(raw.next_ip, frozenset((name,)))


def _holds(content: bytes, at: int) -> bool:
    """Whether the four bytes there may be an operand of some instruction: a number, or an address with or without a
    register. What may be a distance from the next instruction is taken for that."""
    found = False
    for size in range(1, min(at, _BEFORE) + 1):
        decoder = Decoder(64, content[at - size : at - size + 15])
        raw = next(iter(decoder))
        parts = decoder.get_constant_offsets(raw)
        if parts.displacement_offset == size and parts.displacement_size == 4:
            if raw.is_ip_rel_memory_operand:
                return False
            found = True
        elif parts.immediate_offset == size and parts.immediate_size == 4:
            found |= raw.flow_control == FlowControl.NEXT
    return found


class _Walk:
    """One search; no instruction is looked at again with registers it was reached with before."""

    def __init__(self, code: Range, kept: frozenset[str], stubs: Container[int]) -> None:
        self._code, self._kept, self._stubs = code, kept, stubs
        self._waiting: list[tuple[int, frozenset[str]]] = []
        self._seen: dict[int, frozenset[str]] = {}
        self._found = set[int]()

    def followed(self, address: int, holding: frozenset[str]) -> frozenset[int] | None:
        """See `takers`."""
        self._waiting.append((address, holding))
        while self._waiting:
            if not self._straight(*self._waiting.pop()):
                return None
        return frozenset(self._found)

    def _straight(self, address: int, holding: frozenset[str]) -> bool:
        """Follow one way until nothing holds the address, or another way is met; false where that cannot be told."""
        at, seen = address - self._code.address, self._seen
        for raw in Decoder(64, self._code.content[at : at + _FAR] if at >= 0 else b"", ip=address):
            known = seen.get(raw.ip, _NONE)
            if holding <= known:
                return True
            if len(seen) >= _MOST:
                return False
            seen[raw.ip] = holding | known
            flow = raw.flow_control
            behind = _moved(raw, holding) if flow == FlowControl.NEXT else self._led(raw, flow, holding)
            if not behind:
                return behind is not None
            holding = behind
        return False

    def _led(self, raw: Instruction, flow: int, holding: frozenset[str]) -> frozenset[str] | None:
        """What still holds it behind a call or a jump; none where control does not go on there."""
        target = raw.near_branch_target
        if flow in (FlowControl.CALL, FlowControl.INDIRECT_CALL):
            if not holding.isdisjoint(ARGUMENTS):
                if not target:
                    return None
                self._found.add(target)
            return holding & self._kept
        if flow in (FlowControl.CONDITIONAL_BRANCH, FlowControl.UNCONDITIONAL_BRANCH):
            if target in self._stubs:
                self._found.add(target)
            else:  # the start of a function too: what is jumped to in place of a call
                self._waiting.append((target, holding))
            return holding if flow == FlowControl.CONDITIONAL_BRANCH else _NONE
        if flow == FlowControl.RETURN and "rax" in holding:
            self._found.add(0)
        return _NONE if flow in (FlowControl.RETURN, FlowControl.EXCEPTION) else None


def _moved(raw: Instruction, holding: frozenset[str]) -> frozenset[str] | None:
    """What holds the address behind an instruction; None where it is stored or something is made of it."""
    mnemonic = raw.mnemonic
    into = NAMES.get(raw.op0_register, "") if raw.op0_kind == OpKind.REGISTER else ""
    source = NAMES.get(raw.op1_register, "") if raw.op1_kind == OpKind.REGISTER else ""
    if mnemonic == Mnemonic.LEA and any(NAMES.get(part) in holding for part in (raw.memory_base, raw.memory_index)):
        return None
    if into not in holding and source not in holding:
        third = raw.op2_register if raw.op_count > 2 and raw.op2_kind == OpKind.REGISTER else Register.NONE
        return None if NAMES.get(third) in holding else holding
    if mnemonic in (Mnemonic.CMP, Mnemonic.TEST):
        return holding
    if mnemonic == Mnemonic.MOV and source in holding:
        return holding | {into} if into else None
    if mnemonic in _SETS or (mnemonic in (Mnemonic.XOR, Mnemonic.SUB) and into == source):
        return holding - {into} if SIZES.get(raw.op0_register, 0) >= 4 and source not in holding - {into} else None
    if raw.condition_code != ConditionCode.NONE and into:  # cmov may leave what was there
        return holding | {into} if source in holding else holding
    return None
