"""Whether a file may be loaded (glibc ``dl-load.c``: ``open_verify``, ``_dl_map_object_from_fd``)."""

from __future__ import annotations

import errno
import struct
from typing import TYPE_CHECKING

from muslint.elf.header import HEAD_SIZE, LAYOUTS, MAGIC, PAGE, read_header
from muslint.elf.object import (
    DF_1_PIE,
    DT_FLAGS_1,
    ET_DYN,
    ET_EXEC,
    PT_DYNAMIC,
    PT_LOAD,
    PT_NOTE,
    ElfObject,
    Segment,
)
from muslint.loader.glibc_search import Fault
from muslint.loader.mapped import cut_short
from muslint.loader.scope import SIGBUS, SIGSEGV
from muslint.loader.written import writable

if TYPE_CHECKING:
    from muslint.elf.object import Readable
    from muslint.loader.glibc_rtld import Rtld

_OSABI_SYSV, _OSABI_GNU = 0, 3
_ABI_MAX = {"riscv64": 5}
_ABI_TAG_LINUX = 0


def verify(data: Readable | None, rtld: Rtld) -> Fault | bool | None:
    """Look at the header of an opened file (None: a directory), as ``open_verify`` does.

    None: it may be mapped. True or False: it is passed over, being of the other class or another machine.
    """
    if data is None:
        return Fault("cannot read file data", errno.EISDIR)
    ident, layout = rtld.object.ident, LAYOUTS[rtld.object.ident.bits, rtld.object.ident.little]
    head = data.at(0, 4096)
    if len(head) < layout.header.size:
        return Fault("file too short")
    machine = struct.unpack_from(layout.order + "H", head, 18)[0]
    if not _valid(head, ident.bits, ident.little, rtld):
        return _wrong_ident(head, machine, rtld)
    raw = layout.header.unpack_from(head)
    if raw[3] != 1:
        return Fault("ELF file version does not match current one")
    if machine != ident.machine:
        return False
    if raw[1] not in (ET_EXEC, ET_DYN):
        return Fault("only ET_DYN and ET_EXEC can be loaded")
    if raw[9] != layout.segment.size:
        return Fault("ELF file's phentsize not the expected size")
    size = raw[10] * raw[9]
    if len(data.at(raw[5], size)) != size:
        return Fault("cannot read file data")
    if rtld.release < (2, 36) and _other_system(data, raw[5], raw[10], rtld):
        return False
    return None


def _valid(head: bytes, bits: int, little: bool, rtld: Rtld) -> bool:
    good = (MAGIC, bits // 32, 1 if little else 2, 1) == (head[:4], *head[4:7])
    return good and head[7] in (_OSABI_SYSV, _OSABI_GNU) and _abi_version(head, rtld) and not any(head[9:16])


def _abi_version(head: bytes, rtld: Rtld) -> bool:
    return head[8] == 0 or (head[7] == _OSABI_GNU and head[8] < _ABI_MAX.get(rtld.arch, 4))


def _wrong_ident(head: bytes, machine: int, rtld: Rtld) -> Fault | bool:
    little = rtld.object.ident.little
    if head[:4] != MAGIC:
        return Fault("invalid ELF header")
    if head[4] != rtld.object.ident.bits // 32:
        return True
    if head[5] != (1 if little else 2):
        # Debian passes over another machine before it looks at the byte order (until glibc 2.36).
        if rtld.debian and machine != rtld.object.ident.machine:
            return False
        return Fault(f"ELF file data encoding not {'little' if little else 'big'}-endian")
    if rtld.debian and machine != rtld.object.ident.machine:
        return False
    if head[6] != 1:
        return Fault("ELF file version ident does not match current one")
    if head[7] not in (_OSABI_SYSV, _OSABI_GNU):
        return Fault("ELF file OS ABI invalid")
    if not _abi_version(head, rtld):
        return Fault("ELF file ABI version invalid")
    return Fault("nonzero padding in e_ident")


def _other_system(data: Readable, start: int, count: int, rtld: Rtld) -> bool:
    """Whether NT_GNU_ABI_TAG names another system than Linux (looked at before 2.36)."""
    layout = LAYOUTS[rtld.object.ident.bits, rtld.object.ident.little]
    table = data.at(start, count * layout.segment.size)
    wide = layout.word_size == 8
    for row in layout.segment.iter_unpack(table):
        kind, offset, filesz, align = (row[0], row[2], row[4], row[6]) if wide else (row[0], row[1], row[3], row[6])
        if kind != PT_NOTE or filesz < 32 or align not in (4, 8):
            continue
        note, size, at = data.at(offset, filesz), filesz, 0
        while note[at : at + 16] != struct.pack(layout.order + "III4s", 4, 16, 1, b"GNU\0"):
            names, length = struct.unpack_from(layout.order + "II", note, at)
            step = (12 + names + align - 1) // align * align
            step = (step + length + align - 1) // align * align
            if size - 32 < step:
                break
            size, at = size - step, at + step
        else:
            return bool(struct.unpack_from(layout.order + "I", note, at + 16)[0] != _ABI_TAG_LINUX)
    return False


def killed(data: Readable, rtld: Rtld) -> Fault:
    """What becomes of a file whose tables lie behind its end: SIGBUS, unless it is refused before it is mapped."""
    if _no_dynamic(read_header(data, data.at(0, HEAD_SIZE)).segments, rtld):
        return Fault("object file has no dynamic section")
    return Fault("", signal=SIGBUS)


def _no_dynamic(segments: tuple[Segment, ...], rtld: Rtld) -> bool:
    """Whether a PT_DYNAMIC without bytes is told as soon as it is met (``_dl_map_object_from_fd``)."""
    return rtld.release >= (2, 34) and any(s.type == PT_DYNAMIC and s.filesz == 0 for s in segments)


def unmappable(obj: ElfObject, size: int, program: bool, rtld: Rtld) -> Fault | None:
    """What keeps a file that passed `verify` from being mapped; ``size`` is the file's, in bytes."""
    segments = obj.segments
    loads = [s for s in segments if s.type == PT_LOAD]
    for load in loads:
        fault = _misaligned(load, rtld)
        if fault is not None:
            return fault
    if not loads:
        return Fault("object file has no loadable segments")
    dynamic = [s for s in segments if s.type == PT_DYNAMIC]
    position_independent = obj.ident.type == ET_DYN
    if not position_independent and not program:
        return Fault("cannot dynamically load executable")
    if _no_dynamic(segments, rtld):
        return Fault("object file has no dynamic section")
    if cut_short(segments, size) and _beyond(segments, size):
        return Fault("", signal=SIGBUS)
    if position_independent and not any(s.filesz for s in dynamic):
        return Fault("object file has no dynamic section")
    if rtld.release < (2, 35) and position_independent and not writable(loads, dynamic[-1].vaddr, again=True):
        return Fault("", signal=SIGSEGV)  # addresses are put into the dynamic section (elf_get_dynamic_info)
    if (obj.tag(DT_FLAGS_1) or 0) & DF_1_PIE and not program:
        return Fault("cannot dynamically load position-independent executable")
    return None


def _misaligned(load: Segment, rtld: Rtld) -> Fault | None:
    if rtld.release >= (2, 35):
        if (load.vaddr - load.offset) % PAGE:
            return Fault("ELF load command address/offset not page-aligned")
    elif load.align % PAGE:
        return Fault("ELF load command alignment not page-aligned")
    elif load.align and (load.vaddr - load.offset) % load.align:
        return Fault("ELF load command address/offset not properly aligned")
    return None


def _beyond(segments: tuple[Segment, ...], size: int) -> bool:
    """Whether what is read or cleared while mapping lies beyond the file's last page."""
    end = (size + PAGE - 1) // PAGE * PAGE
    for s in segments:
        if s.type == PT_DYNAMIC and s.filesz and s.offset >= end:
            return True
        if s.type == PT_LOAD and s.memsz > s.filesz and s.offset + s.filesz > end and (s.vaddr + s.filesz) % PAGE:
            return True
    return False


UNREADABLE = Fault("", signal=SIGSEGV)
"""Tables that lie outside the mapped segments: the loader dies reading them."""
