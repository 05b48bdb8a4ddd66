"""AArch64: branches and PLT stubs by their encodings (Arm ARM, chapter C4), everything else by capstone."""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Container, Iterator, Sequence

from muslint.elf.aarch64_effects import Effects
from muslint.elf.code import NOTHING, Effect, Expr, Flow, Step, Table, reg
from muslint.elf.fields import Pairs, Spans
from muslint.elf.image import Range
from muslint.elf.values import signed

_BTI_C = b"\x5f\x24\x03\xd5"
_BR_X17 = b"\x20\x02\x1f\xd6"


class AArch64:
    """AArch64, little-endian. 32-bit registers go by the names of the 64-bit ones that hold them."""

    stack, frame = "sp", "x29"
    call_pushes = 0
    lists = True
    result = "x0"
    arguments: tuple[str | int, ...] = ("x0", "x1", "x2", "x3", "x4", "x5")
    kept = frozenset(("sp", *(f"x{number}" for number in range(19, 30))))

    def __init__(self, word: int, fixed: bool = False) -> None:
        del fixed  # addresses are always told by distance
        self.word = word
        self._effects = Effects()
        self._known_pages: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def steps(self, code: bytes, address: int, thumb: bool = False) -> list[Step]:
        """The instructions of some code."""
        del thumb
        found = []
        for (word,) in struct.iter_unpack("<I", code[: len(code) // 4 * 4]):
            flow, target = _flow(word, address)
            found.append(Step(address, address + 4, flow, target, word))
            address += 4
        return found

    def effect(self, step: Step) -> Effect:
        """What one instruction changes."""
        return self._effects.of(step.raw, step.address) if step.flow is Flow.NEXT else NOTHING

    def callee(self, step: Step) -> Expr | None:
        """Where ``blr`` or ``br`` goes."""
        return reg(f"x{step.raw >> 5 & 31}")

    def tables(self, steps: Sequence[Step]) -> Iterator[Table]:
        """What ``adrp`` and ``add`` name before a ``br``: entries count from an ``adr``, or from the table itself."""
        for number, step in enumerate(steps):
            if step.flow is not Flow.JUMP_INDIRECT:
                continue
            pages: dict[int, int] = {}
            bases, origins, sizes = [], [], []
            for before in steps[max(0, number - 24) : number]:
                word = before.raw
                if word & 0x9F000000 == 0x90000000:
                    pages[word & 31] = _page(word, before.address)
                elif word & 0xFFC00000 == 0x91000000 and word >> 5 & 31 in pages:
                    bases.append(pages[word >> 5 & 31] + (word >> 10 & 0xFFF))
                elif word & 0x9F000000 == 0x10000000:
                    origins.append(before.address + _immediate21(word))
                elif word & 0x3B000000 == 0x38000000 and word & 0xC00000:
                    sizes.append((1 << (word >> 30), bool(word & 0x800000)))
            for base in bases:
                for size, sign in sizes or [(4, True)]:
                    for origin in origins:
                        yield Table(base, size, origin, 4, sign)
                        yield Table(base, size, origin, 4, not sign)
                    yield Table(base, size, base if size == 4 else 0, 1, size == 4)

    def moves_stack(self, step: Step) -> bool:
        """Whether it may write sp, or set x29 (loads, stores with write-back, additions)."""
        if step.flow is not Flow.NEXT:
            return False
        word = step.raw
        if word & 0x1F000000 == 0x11000000:  # add, sub of an immediate
            return word & 31 in (29, 31)
        if word & 0x3E000000 == 0x28000000:  # pairs
            return bool(word & 0x800000 and word >> 5 & 31 == 31) or 29 in (word & 31, word >> 10 & 31)
        if word & 0x3B000000 == 0x38000000:
            return (word >> 5 & 31 == 31 and bool(word & 0x400)) or word & 31 == 29
        return word & 31 in (29, 31) and word & 0x1F000000 in (0x0B000000, 0x0A000000)

    def leaks(self, step: Step) -> Expr | None:
        """The address in the frame that ``add`` or ``mov`` puts into another register."""
        word = step.raw
        if step.flow is Flow.NEXT and word & 0x9F000000 == 0x91000000 & 0x9F000000:
            base, target = word >> 5 & 31, word & 31
            if base in (29, 31) and target != 31 and not (base == 31 and target == 29):
                amount = (word >> 10 & 0xFFF) << (12 if word & 0x400000 else 0)
                kind = "sub" if word & 0x40000000 else "add"
                return Expr(kind, None, reg("sp" if base == 31 else "x29"), Expr("const", amount))
        if word & 0xFFFFFFE0 == 0xAA1D03E0:  # mov xN, x29
            return reg("x29")
        return None

    def returns(self, step: Step) -> bool:
        """``ret``, with its pointer authenticated or not."""
        return step.flow is Flow.STOP and step.raw & 0xFFFFF000 == 0xD65F0000

    def compared(self, step: Step, signed: bool = False) -> Expr | None:
        """What ``cbz``, ``cbnz`` or ``cmp #0`` looks at; where the sign counts, ``cmp #1``, ``cmn #1``, their forms
        that keep the difference, and ``tbz`` of the highest bit too."""
        word: int = step.raw
        if word & 0x7E000000 == 0x34000000:
            return reg(f"x{word & 31}")
        if signed and word & 0x7E000000 == 0x36000000:
            return reg(f"x{word & 31}") if word >> 19 & 31 == 31 else None  # bit 31 or 63
        less = word & 0x7FC00000
        if not signed and (less != 0x71000000 or word & 31 != 31):
            return None
        number = word >> 10 & 0xFFF
        known = number <= signed if less == 0x71000000 else less == 0x31000000 and number == 1
        return reg(f"x{word >> 5 & 31}") if known else None

    def equal(self, before: Step, branch: Step) -> tuple[str, int] | None:
        """``cmp r, #n; b.eq`` and ``cbz r``."""
        here, there = branch.raw, before.raw
        if here & 0x7F000000 == 0x34000000:
            return f"x{here & 31}", 0
        if here & 0xFF00001F == 0x54000000 and there & 0x7FC0001F == 0x7100001F and there >> 5 & 31 != 31:
            return f"x{there >> 5 & 31}", there >> 10 & 0xFFF
        return None

    def loads(self, step: Step) -> Expr | None:
        """``ldr w, [x]`` and its like."""
        values = [value for value in self.effect(step).sets.values() if value is not None]
        parts = [value.left if value.kind == "and" and value.left is not None else value for value in values]
        return next((part.left for part in parts if part.kind == "load" and part.size == 4), None)

    # --- calls ----------------------------------------------------------------------------------------------

    def learn(self, code: Sequence[Range], tables: Sequence[int]) -> None:
        """Nothing here is the same in the whole object."""

    def stubs(self, code: Range, slots: dict[int, str]) -> dict[int, int]:
        """``adrp x16; ldr x17, [x16, …]; add x16; br x17``, with ``bti c`` before it or not."""
        found = {}
        content = code.content
        at = content.find(_BR_X17)
        while at >= 0:
            if at % 4 == 0 and at >= 12:
                page, loaded = struct.unpack_from("<II", content, at - 12)
                if page & 0x9F00001F == 0x90000010 and loaded & 0xFFC003FF == 0xF9400211:
                    slot = _page(page, code.address + at - 12) + (loaded >> 10 & 0xFFF) * 8
                    if slot in slots:
                        found[code.address + at - 12] = slot
                        if content[at - 16 : at - 12] == _BTI_C:
                            found[code.address + at - 16] = slot
            at = content.find(_BR_X17, at + 4)
        return found

    def references(self, code: Range, target: int) -> Iterator[int]:
        """``bl`` and ``b`` to the target: one operation in six bits, the distance in words in twenty-six."""
        for operation in (0x94000000, 0x14000000):
            yield from self._branches(code, target, operation)

    def _branches(self, code: Range, target: int, operation: int) -> Iterator[int]:
        content, base = code.content, code.address
        start = 0
        while start < len(content):
            words = (target - (base + start)) >> 2
            low = words & 0xFFFF
            last = min(len(content), start + 4 * (low + 1))
            needle = ((operation >> 16) | (words >> 16 & 0x3FF)).to_bytes(2, "little")
            at = content.find(needle, start + 2, last + 2)
            while at >= 0:
                if (
                    at & 3 == 2
                    and int.from_bytes(content[at - 2 : at], "little") == (target - base - at + 2) >> 2 & 0xFFFF
                ):
                    yield base + at - 2
                at = content.find(needle, at + 1, last + 2)
            start = last

    def all_references(self, code: Range, first: int, last: int, only: Container[int] | None = None) -> Iterator[Pairs]:
        """Every ``bl`` and ``b`` to an address from first to last."""
        yield [pair for pair in self._all_branches(code, first, last) if only is None or pair[1] in only]

    def _all_branches(self, code: Range, first: int, last: int) -> Iterator[tuple[int, int]]:
        content, base = code.content, code.address
        for hit in re.finditer(rb"[\x14-\x17\x94-\x97]", content[3::4]):
            at = base + 4 * hit.start()
            (word,) = struct.unpack_from("<I", content, at - base)
            target = at + ((word & 0x3FFFFFF) - ((word & 0x2000000) << 1)) * 4
            if first <= target <= last:
                yield at, target

    def short_references(self, code: Range, target: int) -> Iterator[int]:  # noqa: ARG002
        """None: every branch has one size."""
        return iter(())

    def short_targets(self, code: Range) -> Iterator[int]:  # noqa: ARG002
        """None, as above."""
        return iter(())

    def slot_references(self, code: Range, slots: Collection[int]) -> Iterator[tuple[int, int]]:
        """``adrp`` of a slot's page with an ``ldr`` of the slot soon after."""
        pages = {slot & ~0xFFF for slot in slots}
        for at, page in self._pages(code):
            if page not in pages:
                continue
            following = code.content[at : at + 68]
            (first,) = struct.unpack_from("<I", following)
            read = set()
            for (loaded,) in struct.iter_unpack("<I", following[4 : len(following) // 4 * 4]):
                if loaded & 0xFFC00000 == 0xF9400000 and loaded >> 5 & 31 == first & 31:
                    read.add(page + (loaded >> 10 & 0xFFF) * 8)
            yield from ((code.address + at, slot) for slot in read if slot in slots)

    def writers(self, code: Range, address: int) -> Iterator[int]:
        """``adrp`` of its page, and ``adr`` of it."""
        yield from (code.address + at for at, page in self._pages(code) if page == address & ~0xFFF)
        yield from self.pointers(code, address, address)

    def may_write(self, step: Step, address: int) -> bool:  # noqa: ARG002
        """``str``, ``stur`` and ``stp`` not to the stack; compilers count from one variable of a section to others."""
        word: int = step.raw
        forms = ((0x3FC00000, 0x39000000), (0x3FE00C00, 0x38000000), (0x7FC00000, 0x29000000))
        return any(word & mask == form for mask, form in forms) and word >> 5 & 31 != 31

    def pointers(self, code: Range, first: int, last: int) -> Iterator[int]:
        """``adrp`` of the page with an ``add`` of the low bits soon after, and ``adr``, which linkers make of them."""
        return (place for place, target in self._all_pointers(code, first, last) if first <= target <= last)

    def all_pointers(self, code: Range, spans: Spans) -> Iterator[Pairs]:
        """Every such place, the ``add`` within eight instructions."""
        yield list(self._all_pointers(code, spans[0][0], max(last for _, last in spans)))

    def _all_pointers(self, code: Range, first: int, last: int) -> Iterator[tuple[int, int]]:
        content, base = code.content, code.address
        for at, page in self._pages(code):
            if not first - 0x1000 < page <= last:
                continue
            (origin,) = struct.unpack_from("<I", content, at)
            for place in range(at + 4, min(at + 36, len(content) - 3), 4):
                (word,) = struct.unpack_from("<I", content, place)
                if word & 0xFFC003E0 == 0x91000000 | (origin & 31) << 5:
                    yield base + at, page + (word >> 10 & 0xFFF)
                    break
        for hit in re.finditer(rb"[\x10\x30\x50\x70]", content[3::4]):
            at = 4 * hit.start()
            (word,) = struct.unpack_from("<I", content, at)
            target = base + at + _immediate21(word)
            if first <= target <= last:
                yield base + at, target

    def takers(self, code: Range, place: int, stubs: Container[int]) -> frozenset[int] | None:  # noqa: ARG002
        """Not told: searching is what takes time here."""
        return None

    def holding(self, code: Range, number: int) -> Iterator[int]:
        """``mov`` of it."""
        low = (number << 5 & 0xFF) | 0, number >> 3
        pattern = b"[\\x%02x-\\x%02x]\\x%02x[\\x80-\\x9f][\\x52\\xd2]" % (low[0], low[0] | 31, low[1])
        return (code.address + hit.start() for hit in re.finditer(pattern, code.content, re.S))

    def zeroes(self, before: bytes, argument: int) -> bool:
        """``mov`` of 0 or of the zero register to the argument's register."""
        ways = (0x52800000, 0xD2800000, 0x2A1F03E0, 0xAA1F03E0)
        return any((way | argument).to_bytes(4, "little") in before for way in ways)

    def _pages(self, code: Range) -> list[tuple[int, int]]:
        """(place, page) of every ``adrp``."""
        part = code.address, code.end
        if part not in self._known_pages:
            found = []
            for hit in re.finditer(rb"[\x90\xb0\xd0\xf0]", code.content[3::4]):
                at = 4 * hit.start()
                (word,) = struct.unpack_from("<I", code.content, at)
                found.append((at, _page(word, code.address + at)))
            self._known_pages[part] = found
        return self._known_pages[part]


def _flow(word: int, address: int) -> tuple[Flow, int | None]:
    top = word >> 24
    if top & 0x7C == 0x14:
        target = address + 4 * signed((word & 0x3FFFFFF) << 6, 4) // 64
        return (Flow.CALL if top & 0x80 else Flow.JUMP), target
    if top == 0x54 or top & 0x7E == 0x34:
        return Flow.BRANCH, address + 4 * signed((word >> 5 & 0x7FFFF) << 13, 4) // (1 << 13)
    if top & 0x7E == 0x36:
        return Flow.BRANCH, address + 4 * signed((word >> 5 & 0x3FFF) << 18, 4) // (1 << 18)
    if top & 0xFE == 0xD6:
        kind = word >> 21 & 15
        return {0: Flow.JUMP_INDIRECT, 1: Flow.CALL_INDIRECT, 8: Flow.JUMP_INDIRECT, 9: Flow.CALL_INDIRECT}.get(
            kind, Flow.STOP
        ), None
    if word & 0xFFE0001F == 0xD4200000 or word < 0x10000:  # brk, udf
        return Flow.STOP, None
    return Flow.NEXT, None


def _immediate21(word: int) -> int:
    return signed(((word >> 5 & 0x7FFFF) << 2 | word >> 29 & 3) << 11, 4) // (1 << 11)


def _page(word: int, address: int) -> int:
    """What ``adrp`` computes."""
    return ((address & ~0xFFF) + (_immediate21(word) << 12)) & (1 << 64) - 1
