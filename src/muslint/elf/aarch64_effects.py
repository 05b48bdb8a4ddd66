"""What AArch64 instructions change, as capstone decodes them; those that do not move constants make unknowns."""

from __future__ import annotations

from typing import Any

from capstone import CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, Cs
from capstone import arm64 as a64

from muslint.elf.code import NOTHING, Effect, Expr, Store, binary, const, load, reg

_LOADS = {
    "ldr": (0, False), "ldur": (0, False), "ldrb": (1, False), "ldurb": (1, False), "ldrh": (2, False),
    "ldurh": (2, False), "ldrsb": (1, True), "ldursb": (1, True), "ldrsh": (2, True), "ldursh": (2, True),
    "ldrsw": (4, True), "ldursw": (4, True),
}  # fmt: skip
"""Mnemonic → bytes (0: of the register), signed."""
_STORES = {"str": 0, "stur": 0, "strb": 1, "sturb": 1, "strh": 2, "sturh": 2}
_ARITHMETIC = {
    "add": "add", "sub": "sub", "and": "and", "orr": "or", "eor": "xor", "mul": "mul",
    "lsl": "shl", "lsr": "shr", "asr": "sar",
}  # fmt: skip
_EXTENSIONS = {
    a64.ARM64_EXT_UXTB: (1, False), a64.ARM64_EXT_UXTH: (2, False), a64.ARM64_EXT_UXTW: (4, False),
    a64.ARM64_EXT_SXTB: (1, True), a64.ARM64_EXT_SXTH: (2, True), a64.ARM64_EXT_SXTW: (4, True),
}  # fmt: skip
_FIELDS = ("ubfiz", "sbfiz", "ubfx", "sbfx")
_PRODUCTS = ("madd", "umaddl", "smaddl", "umull", "smull")
_SHIFTS = {a64.ARM64_SFT_LSL: "shl", a64.ARM64_SFT_LSR: "shr", a64.ARM64_SFT_ASR: "sar"}
_ALONE = frozenset(("cmp", "cmn", "tst", "ccmp", "ccmn", "nop", "hint", "bti", "paciasp", "autiasp", "dmb", "prfm"))
_LARGEST = 1 << 16  # remembered effects


class Effects:
    """Effects by instruction word; those of words that tell their own address are not remembered."""

    def __init__(self) -> None:
        self._capstone = Cs(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN)
        self._capstone.detail = True
        self._known: dict[int, Effect] = {}

    def of(self, word: int, address: int) -> Effect:
        """What the instruction ``word`` at ``address`` changes."""
        found = self._known.get(word)
        if found is None:
            raw = next(self._capstone.disasm(word.to_bytes(4, "little"), address), None)
            found = NOTHING if raw is None else _Instruction(raw).effect()
            if word & 0x1F000000 != 0x10000000 and word & 0x3B000000 != 0x18000000 and len(self._known) < _LARGEST:
                self._known[word] = found
        return found


class _Instruction:
    """One decoded instruction."""

    def __init__(self, raw: Any) -> None:
        self.raw, self.operands = raw, raw.operands
        self.name: str = raw.mnemonic

    def effect(self) -> Effect:
        if self.name in _ALONE:
            return NOTHING
        if self.name in _LOADS:
            return self.loaded()
        if self.name in _STORES:
            return self.stored()
        if self.name in ("stp", "ldp", "ldpsw", "ldnp", "stnp"):
            return self.pair()
        if self.name in ("movk",):
            return self.kept_move()
        value = self.value()
        if value is not None:
            return self.write(value)
        return self.other()

    def other(self) -> Effect:
        """Whatever it writes becomes unknown; a store that is not followed may be anywhere."""
        _, written = self.raw.regs_access()
        sets: dict[str, Expr | None] = {self.whole(number): None for number in written}
        sets.pop("zr", None)
        if self.name.startswith("st") or self.name.startswith(("swp", "cas", "ldadd", "ldset", "ldclr", "ldeor")):
            return Effect({**sets, **self.written_back()}, (Store(self.address(), 64, None),))
        return Effect({**sets, **self.written_back()})

    # --- operands -------------------------------------------------------------------------------------------

    def whole(self, number: int) -> str:
        """The name of the 64-bit register that holds a register; ``zr`` is always zero."""
        name: str = self.raw.reg_name(number) or ""
        if name in ("wzr", "xzr"):
            return "zr"
        if name == "wsp":
            return "sp"
        if name in ("fp", "lr"):
            return {"fp": "x29", "lr": "x30"}[name]
        return "x" + name[1:] if name[:1] == "w" and name[1:].isdigit() else name

    def size(self, operand: int = 0) -> int:
        """Bytes of a register operand; 16 for those of floating point and vectors."""
        name: str = self.raw.reg_name(self.operands[operand].reg) or ""
        return {"w": 4, "x": 8}.get(name[:1], 8 if name in ("sp", "fp", "lr") else 16)

    def read(self, operand: int) -> Expr | None:
        """The value of an operand, with its shift or extension."""
        what = self.operands[operand]
        if what.type == a64.ARM64_OP_IMM:
            value = const(what.imm & (1 << 64) - 1)
            return binary("shl", value, const(what.shift.value)) if what.shift.value else value
        if what.type != a64.ARM64_OP_REG:
            return None
        name = self.whole(what.reg)
        if name == "zr":
            return const(0)
        if not (name == "sp" or (name[1:].isdigit() and name[0] == "x")):
            return None
        found: Expr | None = reg(name)
        if self.size(operand) == 4:
            found = binary("and", found, const(0xFFFFFFFF))
        if what.ext in _EXTENSIONS:
            size, sign = _EXTENSIONS[what.ext]
            found = Expr("sext", size, found, None, 8) if sign else binary("and", found, const((1 << 8 * size) - 1))
        if what.shift.value:
            kind = _SHIFTS.get(what.shift.type)
            found = binary(kind, found, const(what.shift.value), self.size(operand)) if kind else None
        return found

    def memory(self) -> Any:
        return next((o.mem for o in self.operands if o.type == a64.ARM64_OP_MEM), None)

    def address(self) -> Expr | None:
        """Where the memory operand is; the base alone where the index is added afterwards."""
        memory = self.memory()
        if memory is None:
            last = self.operands[-1] if self.operands else None
            return const(last.imm) if last is not None and last.type == a64.ARM64_OP_IMM else None
        found: Expr | None = reg(self.whole(memory.base))
        if memory.index:
            operand = next(o for o in self.operands if o.type == a64.ARM64_OP_MEM)
            index: Expr | None = reg(self.whole(memory.index))
            if operand.ext in _EXTENSIONS:
                size, sign = _EXTENSIONS[operand.ext]
                index = Expr("sext", size, index, None, 8) if sign else binary("and", index, const((1 << 8 * size) - 1))
            if operand.shift.value:
                index = binary("shl", index, const(operand.shift.value))
            return binary("add", found, index)
        if memory.disp and not self.afterwards():
            found = binary("add", found, const(memory.disp & (1 << 64) - 1))
        return found

    def afterwards(self) -> bool:
        """Post-indexed: ``[x0], #16``."""
        return bool(self.operands and self.operands[-1].type == a64.ARM64_OP_IMM and self.memory() is not None)

    def written_back(self) -> dict[str, Expr | None]:
        memory = self.memory()
        if memory is None or not self.raw.writeback:
            return {}
        amount = self.operands[-1].imm if self.afterwards() else memory.disp
        base = self.whole(memory.base)
        return {base: binary("add", reg(base), const(amount & (1 << 64) - 1))}

    def write(self, value: Expr | None) -> Effect:
        """Put a value into the register of operand 0."""
        name = self.whole(self.operands[0].reg)
        if name == "zr":
            return NOTHING
        return Effect({name: binary("and", value, const(0xFFFFFFFF)) if self.size() == 4 else value})

    # --- instructions ---------------------------------------------------------------------------------------

    def loaded(self) -> Effect:
        size, sign = _LOADS[self.name]
        width = self.size()
        if width > 8:
            return Effect({self.whole(self.operands[0].reg): None, **self.written_back()})
        value = load(self.address(), size or width, sign, width)
        return Effect({**self.write(value).sets, **self.written_back()})

    def stored(self) -> Effect:
        width = self.size()
        size = _STORES[self.name] or width
        name: str = self.raw.reg_name(self.operands[0].reg) or ""
        if width > 8:
            size = {"b": 1, "h": 2, "s": 4, "d": 8}.get(name[:1], 16)
        value = self.read(0) if width <= 8 else None
        return Effect(self.written_back(), (Store(self.address(), size, value),))

    def pair(self) -> Effect:
        width = self.size()
        name: str = self.raw.reg_name(self.operands[0].reg) or ""
        size = width if width <= 8 else {"s": 4, "d": 8}.get(name[:1], 16)
        first = self.address()
        second = binary("add", first, const(size))
        if self.name.startswith("st"):
            values = [self.read(index) if width <= 8 else None for index in (0, 1)]
            return Effect(self.written_back(), (Store(first, size, values[0]), Store(second, size, values[1])))
        sets: dict[str, Expr | None] = {}
        for index, where in enumerate((first, second)):
            target = self.whole(self.operands[index].reg)
            signed = self.name == "ldpsw"
            sets[target] = load(where, 4 if signed else size, signed) if width <= 8 else None
        sets.pop("zr", None)
        return Effect({**sets, **self.written_back()})

    def kept_move(self) -> Effect:
        """``movk``: sixteen bits, the others stay."""
        shift = self.operands[1].shift.value
        old = binary("and", reg(self.whole(self.operands[0].reg)), const(~(0xFFFF << shift) & (1 << 64) - 1))
        return self.write(binary("or", old, const(self.operands[1].imm << shift)))

    def value(self) -> Expr | None:
        """What it computes, for the instructions that are followed."""
        name, count = self.name, len(self.operands)
        if not count or self.operands[0].type != a64.ARM64_OP_REG or self.size() > 8:
            return None
        if count == 1:
            return self.set() if name in ("cset", "csetm") else None
        if name in ("mov", "movz", "adr", "adrp"):
            return self.read(1)
        if name == "movn":
            value = self.read(1)
            return binary("xor", value, const((1 << 64) - 1))
        if name in _ARITHMETIC and count == 3:
            return binary(_ARITHMETIC[name], self.read(1), self.read(2), self.size())
        if name in _PRODUCTS and count == (4 if "add" in name else 3):
            times = binary("mul", self.extended(1), self.extended(2))
            return binary("add", times, self.read(3), self.size()) if count == 4 else times
        if name == "neg" and count == 2:
            return binary("sub", const(0), self.read(1), self.size())
        if name in ("mvn",):
            return binary("xor", self.read(1), const((1 << 64) - 1))
        if name in ("sxtb", "sxth", "sxtw"):
            value = self.read(1)
            size = {"b": 1, "h": 2, "w": 4}[name[-1]]
            return None if value is None else Expr("sext", size, value, None, self.size())
        if name in ("uxtb", "uxth", "uxtw"):
            return binary("and", self.read(1), const((1 << 8 * {"b": 1, "h": 2, "w": 4}[name[-1]]) - 1))
        if name in _FIELDS and count == 4:
            return self.moved()
        if name in ("bfi", "bfxil") and count == 4:
            return self.placed()
        return self.chosen()

    def placed(self) -> Expr | None:
        """``bfi`` and ``bfxil``: some bits of a register in place of bits of another."""
        low, size, mask = self.operands[2].imm, self.size(), (1 << self.operands[3].imm) - 1
        value, there = self.read(1), low if self.name == "bfi" else 0
        if self.name == "bfxil":
            value = binary("shr", value, const(low), size)
        value = binary("shl", binary("and", value, const(mask)), const(there), size)
        old = binary("and", self.read(0), const(~(mask << there) & (1 << 64) - 1))
        return binary("or", old, value, size)

    def moved(self) -> Expr | None:
        """``ubfiz`` and its kin: some bits of a register, moved up (an index times the size of a row) or down."""
        value, low, width = self.read(1), const(self.operands[2].imm), self.operands[3].imm
        if self.name.endswith("x"):
            value = binary("shr", value, low, self.size())
        if self.name.startswith("u"):
            value = binary("and", value, const((1 << width) - 1))
        else:
            value = None if value is None or width % 8 else Expr("sext", width // 8, value, None, self.size())
        return binary("shl", value, low, self.size()) if self.name.endswith("iz") else value

    def extended(self, operand: int) -> Expr | None:
        """A factor of a product; a signed one of 32 bits has its sign in the others too."""
        value = self.read(operand)
        return Expr("sext", 4, value, None, 8) if value is not None and self.name.startswith("sm") else value

    def set(self) -> Expr:
        """``cset`` and ``csetm``, whose condition is no operand."""
        return Expr("either", None, const(0), const(1 if self.name == "cset" else (1 << 64) - 1))

    def chosen(self) -> Expr | None:
        """``csel`` and its kin."""
        if self.name not in ("csel", "csinc", "csneg", "csinv", "cinc", "cneg", "cinv"):
            return None
        first, second = self.read(1), self.read(2 if self.name.startswith("cs") else 1)
        if self.name in ("csinc", "cinc"):
            second = binary("add", second, const(1), self.size())
        elif self.name in ("csneg", "cneg"):
            second = binary("sub", const(0), second, self.size())
        elif self.name in ("csinv", "cinv"):
            second = binary("xor", second, const((1 << 64) - 1))
        return None if first is None or second is None else Expr("either", None, first, second)
