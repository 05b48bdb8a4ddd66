"""Which calls may take an address that x86-64 code puts into a register."""

from collections.abc import Iterable

import pytest

from muslint.elf.image import Range
from muslint.elf.x86_takers import takers

START, A, B, STUB = 0x1000, 0x2000, 0x3000, 0x4000
KEPT = frozenset(("rbx", "rbp", "rsp", "r12", "r13", "r14", "r15"))
LEA_RDI, LEA_RBX, LEA_RAX = (bytes((0x48, 0x8D, modrm, 0, 1, 0, 0)) for modrm in (0x3D, 0x1D, 0x05))
RET = b"\xc3"


def code(*parts: bytes | tuple[int, int]) -> bytes:
    """Instructions; a pair is the operation of a call or a jump and its target."""
    made = b""
    for part in parts:
        if isinstance(part, tuple):
            operation, target = part
            distance = target - (START + len(made) + 5)
            made += bytes((operation,)) + distance.to_bytes(4, "little", signed=True)
        else:
            made += part
    return made


def call(target: int) -> tuple[int, int]:
    return 0xE8, target


def jump(target: int) -> tuple[int, int]:
    return 0xE9, target


def told(content: bytes, place: int, stubs: Iterable[int] = (STUB,)) -> frozenset[int] | None:
    return takers(Range(START, content), START + place, KEPT, frozenset(stubs))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((LEA_RDI, call(A), call(B), RET), {A}),  # a call keeps no argument
        ((LEA_RDI, b"\x85\xc0\x74\x05", call(A), call(B), RET), {A, B}),  # test; je over the first call
        ((LEA_RBX, call(A), b"\x48\x89\xdf", call(B), RET), {B}),  # in a register that calls keep
        ((LEA_RBX, b"\x48\x89\xdf", call(A), b"\xeb\xf6"), {A}),  # a loop ends
        ((LEA_RAX, RET), {0}),
        ((LEA_RDI, RET), set()),
        ((LEA_RDI, jump(STUB)), {STUB}),  # in place of a call
        ((LEA_RDI, b"\x31\xff", call(A), RET), set()),  # xor %edi, %edi
        ((LEA_RAX, b"\x48\x0f\x45\xf8", call(A), RET), {A}),  # cmovne %rax, %rdi
        ((LEA_RAX, b"\x48\x89\x04\x24", RET), None),  # stored
        ((LEA_RDI, b"\x48\x83\xc7\x08", call(A), RET), None),  # 8 is added
        ((LEA_RDI, b"\xff\xd0", RET), None),  # call *%rax
        ((LEA_RDI,), None),  # the end of the code
    ],
)
def test_who_takes_an_address(parts: tuple[bytes | tuple[int, int], ...], expected: set[int] | None) -> None:
    assert told(code(b"\x90", *parts), 2) == expected


def test_in_a_file_of_a_fixed_address() -> None:
    content = code(b"\x90\xbf\x66\x83\xfa\x01", call(A), RET)
    assert told(content, 2) == {A}
    content = code(b"\x90\x41\xb9\x66\x83\xfa\x01", call(A), RET)  # mov $0x1fa8366, %r9d
    assert told(content, 3) == {A}


@pytest.mark.parametrize(
    ("content", "place", "operand"),
    [
        (b"\x90\x90\xc7\x04\x24\x66\x83\xfa\x01\xc3", 5, True),  # movl $0x1fa8366, (%rsp)
        (b"\x90\x90\x48\x05\x66\x83\xfa\x01\xc3", 4, True),  # add $0x1fa8366, %rax
        (b"\x90\x90\x8b\x04\xc5\x66\x83\xfa\x01\xc3", 5, True),  # mov 0x1fa8366(, %rax, 8), %eax
        (b"\x90\x90\x8d\x50\xf2\x66\x83\xfa\x01\xc3", 5, False),  # lea -14(%rax), %edx; cmp $1, %dx
        (b"\x90\x90\x83\x3d\xfe\x66\xb1\x01\x01\xc3", 4, False),  # cmpl $1, 0x1b166fe(%rip)
    ],
)
def test_parts_of_other_instructions_are_no_address(content: bytes, place: int, operand: bool) -> None:
    """What is an operand may go anywhere; nothing takes the rest."""
    assert told(content, place) == (None if operand else frozenset())
