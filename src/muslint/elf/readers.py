"""The three readings of ELF, by name: muslint's own, and two independent ones it is held against."""

from __future__ import annotations

from importlib import import_module

from muslint.elf.object import Reader
from muslint.errors import WrongUse

READERS = {"muslint": "muslint.elf.dynamic", "pyelftools": "muslint.elf.pyelftools", "lief": "muslint.elf.lief"}


def named_reader(name: str) -> Reader:
    """The reader called ``name``; its library is imported only now. Raises WrongUse for another name."""
    if name not in READERS:
        raise WrongUse(f"--reader {name}: known are {', '.join(READERS)}")
    reader: Reader = import_module(READERS[name]).read
    return reader
