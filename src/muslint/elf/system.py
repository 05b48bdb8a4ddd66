"""The operating system an object is made for, where it is not Linux: a package may carry a file for each."""

from __future__ import annotations

import re

from muslint.elf.object import ElfObject

_OSABI = {1: "HP-UX", 2: "NetBSD", 6: "Solaris", 7: "AIX", 8: "IRIX", 9: "FreeBSD", 12: "OpenBSD", 13: "OpenVMS"}
"""EI_OSABI (gABI "ELF Identification"). Linux has 0 or 3; so have OpenBSD and most of Solaris."""
_NOTES = {"FreeBSD": "FreeBSD", "NetBSD": "NetBSD", "OpenBSD": "OpenBSD", "DragonFly": "DragonFly BSD"}
"""Owners of the note that says a BSD's release (type 1, as GNU's NT_GNU_ABI_TAG)."""
_INTERPRETERS = {
    "/libexec/ld-elf.so.1": "FreeBSD", "/libexec/ld.elf_so": "NetBSD", "/usr/libexec/ld.elf_so": "NetBSD",
    "/usr/libexec/ld.so": "OpenBSD", "/usr/libexec/ld-elf.so.2": "DragonFly BSD", "/usr/lib/ld.so.1": "Solaris",
    "/lib/amd64/ld.so.1": "Solaris", "/usr/lib/amd64/ld.so.1": "Solaris", "/lib/64/ld.so.1": "Solaris",
    "/usr/lib/64/ld.so.1": "Solaris", "/lib/sparcv9/ld.so.1": "Solaris", "/system/runtime_loader": "Haiku",
}  # fmt: skip
_VERSIONS = re.compile(r"(?P<FreeBSD>FBSD_\d)|(?P<Solaris>SUNW_\d)|(?P<DragonFly>DF\d+\.\d)")
"""Families of their C libraries' symbol versions (SUNWprivate_1.1 is also the JVM's own, anywhere)."""
_LIBRARIES = re.compile(
    r"(?P<FreeBSD>libc\.so\.7|libthr\.so\.3)|(?P<Solaris>libm\.so\.2|lib(socket|kstat|door)\.so\.1)"
    r"|(?P<DragonFly>libc\.so\.8)|(?P<NetBSD>libc\.so\.12)|(?P<OpenBSD>libc\.so\.[1-9]\d+\.\d+)|(?P<Haiku>libroot\.so)"
)
"""Names of their libraries; glibc's is libc.so.6 or .6.1, uClibc's libc.so.0 or .1, the Hurd's libc.so.0.3."""


def foreign_system(obj: ElfObject) -> str | None:
    """The name of the system an object is made for; None where that is Linux, or nothing says another.

    musl's loader does not ask (``map_library`` looks at neither EI_OSABI nor notes): what such a file would do there
    is nobody's question, and its libraries have other names or the same names with another meaning.
    """
    said = _OSABI.get(obj.ident.osabi) or _INTERPRETERS.get(obj.interpreter or "")
    if said is not None:
        return said
    for note in obj.notes:
        if note.type == 1 and note.owner in _NOTES:
            return _NOTES[note.owner]
    named = [_VERSIONS.match(version.name) for version in obj.versions_needed]
    named += [_LIBRARIES.fullmatch(name) for name in obj.needed]
    return next((_NOTES.get(found.lastgroup, found.lastgroup) for found in named if found and found.lastgroup), None)
