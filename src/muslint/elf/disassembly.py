"""Who reads the instructions of an object: its machine's disassembler, imported when there is something to read."""

from __future__ import annotations

from importlib import import_module

from muslint.elf.code import Machine
from muslint.elf.image import Image
from muslint.elf.machine import EM_386, EM_AARCH64, EM_X86_64
from muslint.elf.object import ET_EXEC

_MACHINES = {
    (EM_X86_64, 64): ("x86", "X86", 8), (EM_386, 32): ("x86", "X86", 4),
    (EM_AARCH64, 64): ("aarch64", "AArch64", 8),
}  # fmt: skip
"""(EM_*, bits) → module, class and the bytes of an address."""


def can_disassemble(image: Image) -> bool:
    """Whether calls can be found on this machine."""
    return machine_of(image) is not None


def machine_of(image: Image) -> Machine | None:
    """The machine of an object; None where its instructions cannot be read."""
    known = _MACHINES.get((image.object.ident.machine, image.object.ident.bits))
    if known is None or not image.little:
        return None
    module, name, word = known
    try:
        fixed = image.object.ident.type == ET_EXEC
        made: Machine = getattr(import_module(f"muslint.elf.{module}"), name)(word, fixed)
    except ImportError:
        return None  # a platform that iced-x86 or capstone has no wheel for
    return made
