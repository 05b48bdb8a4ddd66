"""What x86 instructions change (Intel SDM volume 2), for those that move constants about; the rest make unknowns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from iced_x86 import (
    Code,
    Instruction,
    InstructionInfoFactory,
    MemorySizeExt,
    Mnemonic,
    OpAccess,
    OpKind,
    Register,
    RegisterExt,
)  # fmt: skip

from muslint.elf.code import NOTHING, Effect, Expr, Store, binary, const, load, reg

_WHOLE = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15")
ARGUMENTS = ("rdi", "rsi", "rdx", "rcx", "r8", "r9")
"""Where a call on x86-64 has its arguments (psABI, "Parameter Passing")."""
NAMES: dict[int, str] = {}
"""Number of a register → the name of the whole one."""
SIZES: dict[int, int] = {}
"""Number of a register → its bytes."""
_HIGH = frozenset((Register.AH, Register.BH, Register.CH, Register.DH))
for _number in range(1, Register.MM7 + 1):
    _full = int(RegisterExt.full_register(cast(Any, _number)))
    if Register.RAX <= _full <= Register.R15:
        NAMES[_number] = _WHOLE[_full - Register.RAX]
    else:
        NAMES[_number] = f"other{_full}"
    SIZES[_number] = RegisterExt.size(cast(Any, _number))

_INFO = InstructionInfoFactory()
_WRITES = (OpAccess.WRITE, OpAccess.COND_WRITE, OpAccess.READ_WRITE, OpAccess.READ_COND_WRITE)
IMMEDIATES = frozenset(
    (
        OpKind.IMMEDIATE8, OpKind.IMMEDIATE16, OpKind.IMMEDIATE32, OpKind.IMMEDIATE64, OpKind.IMMEDIATE8TO16,
        OpKind.IMMEDIATE8TO32, OpKind.IMMEDIATE8TO64, OpKind.IMMEDIATE32TO64,
    )
)  # fmt: skip
"""Kinds of operands that are numbers."""
_ALL = (1 << 64) - 1


def address_of(raw: Instruction, word: int) -> Expr | None:
    """The address of the memory operand; None for one in another segment (thread-local storage)."""
    if raw.is_ip_rel_memory_operand:
        return const(raw.ip_rel_memory_address)
    if raw.segment_prefix in (Register.FS, Register.GS):
        return None
    found: Expr | None = const(raw.memory_displacement & (1 << 8 * word) - 1)
    if raw.memory_index != Register.NONE:
        scaled = binary("mul", reg(NAMES[raw.memory_index]), const(raw.memory_index_scale), word)
        found = binary("add", scaled, found, word)
    if raw.memory_base != Register.NONE:
        found = binary("add", reg(NAMES[raw.memory_base]), found, word)
    return found


def read(raw: Instruction, operand: int, word: int) -> Expr | None:
    """The value of an operand."""
    kind = raw.op_kind(operand)
    if kind == OpKind.REGISTER:
        number = raw.op_register(operand)
        if number in _HIGH or number not in SIZES or SIZES[number] > 8:
            return None
        size = SIZES[number]
        whole = reg(NAMES[number])
        return whole if size >= word else Expr("and", None, whole, const((1 << 8 * size) - 1))
    if kind == OpKind.MEMORY:
        return load(address_of(raw, word), MemorySizeExt.size(raw.memory_size))
    return const(raw.immediate(operand) & _ALL) if kind in IMMEDIATES else None


def _write(raw: Instruction, value: Expr | None, word: int) -> Effect:
    """Put a value where operand 0 says."""
    if raw.op0_kind == OpKind.MEMORY:
        return Effect({}, (Store(address_of(raw, word), MemorySizeExt.size(raw.memory_size), value),))
    number = raw.op0_register
    name, size = NAMES.get(number, "other"), SIZES.get(number, 16)
    if number in _HIGH or size > 8:
        return Effect({name: None})
    if size < 4:
        return Effect({name: binary("insert", reg(name), value, size)})
    return Effect({name: value if size >= word else binary("and", value, const(0xFFFFFFFF))})


def _size(raw: Instruction) -> int:
    if raw.op0_kind == OpKind.REGISTER:
        return SIZES.get(raw.op0_register, 16)
    return MemorySizeExt.size(raw.memory_size)


def _move(raw: Instruction, word: int) -> Effect:
    return _write(raw, read(raw, 1, word), word)


def _sign_extend(raw: Instruction, word: int) -> Effect:
    source = MemorySizeExt.size(raw.memory_size) if raw.op1_kind == OpKind.MEMORY else SIZES[raw.op1_register]
    value = read(raw, 1, word)
    return _write(raw, None if value is None else Expr("sext", source, value, None, _size(raw)), word)


def _convert(raw: Instruction, word: int) -> Effect:
    """CBW, CWDE and CDQE: %rax from its own lower half."""
    half = {Mnemonic.CBW: 1, Mnemonic.CWDE: 2, Mnemonic.CDQE: 4}[raw.mnemonic]
    value: Expr | None = Expr("sext", half, reg("rax"), None, 2 * half)
    del word
    return Effect({"rax": value if half > 1 else None})


def _lea(raw: Instruction, word: int) -> Effect:
    return _write(raw, address_of(raw, word), word)


_KINDS = {
    Mnemonic.ADD: "add", Mnemonic.SUB: "sub", Mnemonic.AND: "and", Mnemonic.OR: "or", Mnemonic.XOR: "xor",
    Mnemonic.SHL: "shl", Mnemonic.SHR: "shr", Mnemonic.SAR: "sar", Mnemonic.IMUL: "mul",
}  # fmt: skip


def _arithmetic(raw: Instruction, word: int) -> Effect:
    kind, size = _KINDS[raw.mnemonic], _size(raw)
    same = raw.op0_kind == raw.op1_kind == OpKind.REGISTER and raw.op0_register == raw.op1_register
    if same and kind in ("xor", "sub"):
        return _write(raw, const(0), word)
    if raw.op_count == 1:  # one-operand imul
        return Effect({"rax": None, "rdx": None})
    if raw.op0_register in _HIGH and raw.op0_kind == OpKind.REGISTER and raw.op1_kind in IMMEDIATES and kind == "or":
        whole = NAMES[raw.op0_register]  # how flags from 0x100 on are set: orb $4, %ah
        return Effect({whole: binary(kind, reg(whole), const((raw.immediate(1) & 0xFF) << 8), 4)})
    first = 1 if raw.op_count == 3 else 0
    left, right = read(raw, first, word), read(raw, first + 1, word)
    if kind == "and" and right == const(0):
        return _write(raw, const(0), word)
    if kind == "or" and raw.op1_kind in IMMEDIATES and raw.immediate(1) & (1 << 8 * size) - 1 == (1 << 8 * size) - 1:
        return _write(raw, right, word)  # or $-1: a short way to write -1
    return _write(raw, binary(kind, left, right, size), word)


def _step_by_one(raw: Instruction, word: int) -> Effect:
    kind = "add" if raw.mnemonic == Mnemonic.INC else "sub"
    return _write(raw, binary(kind, read(raw, 0, word), const(1), _size(raw)), word)


def _negate(raw: Instruction, word: int) -> Effect:
    value, size = read(raw, 0, word), _size(raw)
    result = binary("sub", const(0), value, size)
    return _write(raw, result if raw.mnemonic == Mnemonic.NEG else binary("sub", result, const(1), size), word)


def _borrow(raw: Instruction, word: int) -> Effect:
    """SBB and ADC of a number: with the carry or without, how compilers choose between two neighbours."""
    same = raw.op0_kind == raw.op1_kind == OpKind.REGISTER and raw.op0_register == raw.op1_register
    if same and raw.mnemonic == Mnemonic.SBB:
        return _write(raw, Expr("either", None, const(0), const(_ALL)), word)
    value, size = read(raw, 0, word), _size(raw)
    if value is None or raw.op1_kind not in IMMEDIATES:
        return _write(raw, None, word)
    kind, number = "add" if raw.mnemonic == Mnemonic.ADC else "sub", raw.immediate(1) & _ALL
    without, carried = (binary(kind, value, const(by & _ALL), size) for by in (number, number + 1))
    return _write(raw, Expr("either", None, without, carried), word)


def _push(raw: Instruction, word: int) -> Effect:
    size = -raw.stack_pointer_increment
    top = binary("sub", reg("rsp"), const(size), word)
    return Effect({"rsp": top}, (Store(top, size, read(raw, 0, word)),))


def _pop(raw: Instruction, word: int) -> Effect:
    size = raw.stack_pointer_increment
    if raw.op0_kind != OpKind.REGISTER or raw.op0_register not in NAMES:
        return Effect({"rsp": binary("add", reg("rsp"), const(size), word)}, (Store(None, size, None),))
    return Effect(
        {"rsp": binary("add", reg("rsp"), const(size), word), NAMES[raw.op0_register]: load(reg("rsp"), size)}
    )


def _leave(raw: Instruction, word: int) -> Effect:
    del raw
    return Effect({"rsp": binary("add", reg("rbp"), const(word), word), "rbp": load(reg("rbp"), word)})


def _exchange(raw: Instruction, word: int) -> Effect:
    if raw.op0_kind == raw.op1_kind == OpKind.REGISTER and raw.op0_register == raw.op1_register:
        return NOTHING
    return _other(raw, word)


def _other(raw: Instruction, word: int) -> Effect:
    """An instruction that is not followed: whatever it writes becomes unknown."""
    info = _INFO.info(raw)
    sets: dict[str, Expr | None] = {
        NAMES[used.register]: None
        for used in info.used_registers()
        if used.access in _WRITES and used.register in NAMES
    }  # fmt: skip
    if "rsp" in sets:
        increment = raw.stack_pointer_increment
        sets["rsp"] = binary("add", reg("rsp"), const(increment & _ALL), word) if increment else None
    stores = []
    for used in info.used_memory():
        if used.access in _WRITES:
            told = used.base == raw.memory_base and not raw.is_string_instruction
            stores.append(Store(address_of(raw, word) if told else None, MemorySizeExt.size(used.memory_size), None))
    return Effect(sets, tuple(stores))


def _either(raw: Instruction, word: int) -> Effect:
    old, new = read(raw, 0, word), read(raw, 1, word)
    return _write(raw, None if old is None or new is None else Expr("either", None, old, new), word)


def _set_flag(raw: Instruction, word: int) -> Effect:
    return _write(raw, Expr("either", None, const(0), const(1)), word)


def _nothing(raw: Instruction, word: int) -> Effect:
    del raw, word
    return NOTHING


_FOLLOWED: dict[int, Callable[[Instruction, int], Effect]] = {
    Mnemonic.MOV: _move, Mnemonic.MOVZX: _move, Mnemonic.MOVSX: _sign_extend, Mnemonic.MOVSXD: _sign_extend,
    Mnemonic.LEA: _lea, Mnemonic.PUSH: _push, Mnemonic.POP: _pop, Mnemonic.LEAVE: _leave,
    Mnemonic.INC: _step_by_one, Mnemonic.DEC: _step_by_one, Mnemonic.NEG: _negate, Mnemonic.NOT: _negate,
    Mnemonic.SBB: _borrow, Mnemonic.ADC: _borrow, Mnemonic.XCHG: _exchange,
    Mnemonic.CBW: _convert, Mnemonic.CWDE: _convert, Mnemonic.CDQE: _convert,
    Mnemonic.CMP: _nothing, Mnemonic.TEST: _nothing, Mnemonic.NOP: _nothing,
    **dict.fromkeys(_KINDS, _arithmetic),
}  # fmt: skip
for _name, _number in vars(Mnemonic).items():
    if isinstance(_number, int) and _name.startswith("CMOV"):
        _FOLLOWED[_number] = _either
    elif isinstance(_number, int) and _name.startswith("SET") and _name not in ("SETSSBSY",):
        _FOLLOWED[_number] = _set_flag


def effect_of(raw: Instruction, word: int) -> Effect:
    """What one instruction changes; for a call only what it does itself to the stack is left out."""
    if raw.code == Code.INVALID:
        return NOTHING
    return _FOLLOWED.get(raw.mnemonic, _other)(raw, word)
