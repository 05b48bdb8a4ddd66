"""Writes a changed copy of an ELF file with LIEF; run as a program of its own.

``python -m muslint.advice.rewrite FILE OUT WAY`` reads what to do as JSON from standard input. LIEF reads files that
may be hostile with native code: a crash of it ends this process, not muslint's.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

WAYS = ("KEEP", "SEGMENT_GAP", "BSS_END", "FILE_END")
"""Where the program headers go when one more is wanted; never LIEF's own shift of the whole image."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be changed in a binary; None and empty leave things as they are."""

    interpreter: str | None = None
    rpath: str | None = None
    """New DT_RUNPATH; an empty text removes it."""

    drop_needed: tuple[str, ...] = ()
    replace_needed: tuple[tuple[str, str], ...] = ()
    add_needed: tuple[str, ...] = ()
    drop_versions: bool = False
    """Drop what versions the symbols must have, not those it defines."""

    stack_size: int | None = None
    """Bytes of PT_GNU_STACK's p_memsz, which musl takes as the default size of a thread's stack."""

    def __bool__(self) -> bool:
        return self != Changes()

    @property
    def names(self) -> tuple[str, ...]:
        """Texts that the string table must hold."""
        held = (*self.add_needed, *(new for _, new in self.replace_needed), *([self.rpath] if self.rpath else []))
        return tuple(dict.fromkeys(held))


def main() -> int:
    """Write the file with room made and segments changed; exit code 1 and a reason when LIEF cannot.

    Names that are new are put behind a copy of the string table in a segment of its own, so that every offset into
    the old table stays good. The dynamic section itself is left to `muslint.advice.dynamic`.
    """
    file, out, way = sys.argv[1:4]
    import lief

    lief.logging.disable()
    binary = lief.ELF.parse(file)
    if binary is None:
        print("LIEF cannot read it")
        return 1
    request = json.loads(sys.stdin.read())
    if way != "KEEP" and not binary.relocate_phdr_table(getattr(lief.ELF.Binary.PHDR_RELOC, way)):
        print("it has no room for another program header")
        return 1
    if request["interpreter"] is not None:
        binary.interpreter = request["interpreter"]
    if request["strings"]:
        segment = lief.ELF.Segment()
        segment.type, segment.flags = lief.ELF.Segment.TYPE.LOAD, lief.ELF.Segment.FLAGS.R
        segment.alignment = request["align"]
        segment.content = list(bytes.fromhex(request["strings"]))
        binary.add(segment)
    if request["stack_size"] is not None:
        for part in binary.segments:
            if part.type == lief.ELF.Segment.TYPE.GNU_STACK:
                part.virtual_size = request["stack_size"]
    # Nothing is built anew but the interpreter: all else stays byte for byte.
    config = lief.ELF.Builder.config_t()
    for name in (name for name in dir(config) if not name.startswith("_")):
        setattr(config, name, name == "interpreter" and request["interpreter"] is not None)
    binary.write(out, config)
    return 0


if __name__ == "__main__":
    sys.exit(main())
