"""The functions an object wants called when it is loaded, and whether they take arguments.

They lie in DT_INIT_ARRAY (gABI "Initialization and Termination Functions"), which says nothing of arguments. A
function that reads an argument register before it has written it was given arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from muslint.elf.image import Image
from muslint.elf.machine import EM_AARCH64, EM_X86_64
from muslint.elf.object import DT_RELA, DT_RELASZ

DT_INIT_ARRAY, DT_INIT_ARRAYSZ = 25, 27
_MOST = 4096  # functions of one object
_STEPS = 96  # instructions looked at in one function

Step = tuple[int, frozenset[str], frozenset[str], int | None, bool]
"""An instruction: address behind it, argument registers read, and written, where it may jump, whether it goes on."""


def initialisers(image: Image) -> list[int]:
    """Addresses of the functions in DT_INIT_ARRAY, in order; what cannot be told is left out."""
    obj, word = image.object, image.word_size
    start, size = obj.tag(DT_INIT_ARRAY), obj.tag(DT_INIT_ARRAYSZ)
    if not start or not size:
        return []
    table = _addends(image)
    found = []
    for slot in range(start, start + min(size, _MOST * word), word):
        # Linkers for RELA may leave the word itself 0.
        address = image.number(slot, word) or _addend(table, slot, image)
        if address and address != (1 << 8 * word) - 1:
            found.append(address)
    return found


def _addends(image: Image) -> bytes:
    start, size = image.object.tag(DT_RELA), image.object.tag(DT_RELASZ)
    return (image.at(start, size) or b"") if start and size else b""


def _addend(table: bytes, slot: int, image: Image) -> int:
    """The addend of the relocation of one word, 0 without one."""
    word, order = image.word_size, image.order
    wanted = slot.to_bytes(word, order)
    at = table.find(wanted)
    while at >= 0:
        if at % (3 * word) == 0:
            return int.from_bytes(table[at + 2 * word : at + 3 * word], order)
        at = table.find(wanted, at + 1)
    return 0


def takes_arguments(image: Image, address: int) -> bool | None:
    """Whether the function at ``address`` reads one of its first three arguments; None where that cannot be told.

    Known for x86-64 and AArch64. What stands behind the first call is not looked at: a call may change the registers.
    """
    decode = _decoder(image)
    if decode is None:
        return None
    todo: list[tuple[int, frozenset[str]]] = [(address, frozenset())]
    seen: set[int] = set()
    while todo and len(seen) < _STEPS:
        at, written = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        step = decode(at)
        if step is None:
            continue
        end, reads, writes, target, goes_on = step
        if reads - written:
            return True
        written |= writes
        if target is not None:
            todo.append((target, written))
        if goes_on:
            todo.append((end, written))
    return False


def _decoder(image: Image) -> Callable[[int], Step | None] | None:
    machine = image.object.ident.machine
    try:
        if machine == EM_X86_64 and image.word_size == 8:
            return _x86(image)
        if machine == EM_AARCH64 and image.little:
            return _aarch64(image)
    except ImportError:
        pass  # a platform that the disassembler has no wheel for
    return None


def _x86(image: Image) -> Callable[[int], Step | None]:
    from iced_x86 import Decoder, FlowControl, InstructionInfoFactory, Mnemonic, OpAccess, Register, RegisterExt

    names = {Register.RDI: "0", Register.RSI: "1", Register.RDX: "2"}
    reading = (OpAccess.READ, OpAccess.READ_WRITE, OpAccess.COND_READ, OpAccess.READ_COND_WRITE)
    factory = InstructionInfoFactory()

    def decode(address: int) -> Step | None:
        code = image.at(address, 15) or image.at(address, 1)
        instruction = Decoder(64, code or b"", ip=address).decode()
        if not code or instruction.is_invalid:
            return None
        flow = instruction.flow_control
        if flow in (FlowControl.CALL, FlowControl.INDIRECT_CALL):
            return None
        reads: set[str] = set()
        writes: set[str] = set()
        # What is pushed may be any register, to align the stack; an argument is kept by a mov.
        pushes = instruction.mnemonic == Mnemonic.PUSH
        for used in () if pushes else factory.info(instruction).used_registers():
            name = names.get(RegisterExt.full_register(used.register))
            if name is not None:
                (reads if used.access in reading else writes).add(name)
        jumps = flow in (FlowControl.UNCONDITIONAL_BRANCH, FlowControl.CONDITIONAL_BRANCH)
        goes_on = flow in (FlowControl.NEXT, FlowControl.CONDITIONAL_BRANCH)
        target = instruction.near_branch_target if jumps else None
        return instruction.next_ip, frozenset(reads), frozenset(writes), target, goes_on

    return decode


def _aarch64(image: Image) -> Callable[[int], Step | None]:
    import capstone

    machine = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_LITTLE_ENDIAN)
    machine.detail = True
    names = {f"{kind}{number}": str(number) for kind in "xw" for number in range(3)}

    def decode(address: int) -> Step | None:
        code = image.at(address, 4)
        found = next(machine.disasm(code, address, 1), None) if code else None
        if found is None or found.mnemonic in ("bl", "blr", "br", "ret") or found.mnemonic.startswith(("ret", "br")):
            return None
        read, write = _registers(found)
        reads, writes = _named(found, read, names), _named(found, write, names)
        jump = found.mnemonic == "b" or found.mnemonic.startswith(("b.", "cb", "tb"))
        target = found.operands[-1].imm if jump else None
        return address + 4, reads, writes, target, found.mnemonic != "b"

    return decode


_READ_ONLY = ("st", "cmp", "cmn", "tst", "ccm", "fcm", "cbz", "cbnz", "tb", "prfm", "dmb", "msr")
_BOTH = ("movk", "bfi", "bfm", "bfx", "ins")


def _registers(instruction: Any) -> tuple[list[int], list[int]]:
    """(read, written) registers of an AArch64 instruction, by its operands: capstone's own lists are wrong for shifts
    and compares."""
    name, operands = instruction.mnemonic, instruction.operands
    written = 0 if name.startswith(_READ_ONLY) else 2 if name.startswith(("ldp", "ldnp", "ldxp", "ldaxp")) else 1
    reads: list[int] = []
    writes: list[int] = []
    for number, operand in enumerate(operands):
        if operand.type == 3:  # memory
            reads += [operand.mem.base, operand.mem.index]
        elif operand.type == 1:
            if number < written:
                writes.append(operand.reg)
            if number >= written or name.startswith(_BOTH):
                reads.append(operand.reg)
    return [register for register in reads if register], writes


def _named(instruction: Any, registers: Iterable[int], names: dict[str, str]) -> frozenset[str]:
    found = (instruction.reg_name(register) for register in registers)
    return frozenset(names[name] for name in found if name in names)
