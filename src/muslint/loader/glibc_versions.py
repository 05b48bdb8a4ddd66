"""Whether every required symbol version is there (glibc ``dl-version.c``).

Each DT_VERNEED entry names a file and versions of it. The file must be loaded under that name, and must define each
version; a file without version definitions is let off with a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from muslint.elf.object import DT_NEEDED, DT_RELR, DT_STRTAB, DT_VERDEF, ElfObject, Version
from muslint.loader.glibc_map import Fatal, LinkMap, Mode, Namespace
from muslint.loader.target import Message

RELR_MARK = "GLIBC_ABI_DT_RELR"
_INDEX = 0x7FFF
_LINE_OF_ASSERTION = ((2, 36), 204), ((2, 0), 205)


Defines = Callable[[str, str], bool]
"""Whether a library known only by name (its file name) is taken to define a version."""


def check_versions(space: Namespace, maps: Sequence[LinkMap], defines: Defines) -> None:
    """Check what each object requires, adding to `Namespace.messages`; raises Fatal where the loader gives up."""
    for loaded in list(maps):
        obj = loaded.object
        if obj is not None and (obj.tag(DT_STRTAB) is not None or obj.version_needs):
            _check(space, loaded, obj, defines)


def _check(space: Namespace, loaded: LinkMap, obj: ElfObject, defines: Defines) -> None:
    highest, complete, marked = 0, True, False
    by_file: dict[str, LinkMap] = {}
    for index, version in obj.version_needs:
        needed = by_file.get(version.library)
        if needed is None:
            needed = by_file[version.library] = _find_needed(space, version.library)
        if needed.missing:
            complete = False
            continue
        marked = marked or version.name == RELR_MARK
        highest = max(highest, index & _INDEX)
        _match(space, loaded, version, needed, defines)
    if not complete and space.mode is Mode.TRACE:
        loaded.highest = max((index for index, _ in obj.version_definitions), default=0)
        loaded.highest = max(loaded.highest, highest)
    _check_relr(space, loaded, obj, marked)


def _find_needed(space: Namespace, name: str) -> LinkMap:
    for loaded in space.chain:
        if loaded.is_called(name):
            return loaded
    line = next(line for since, line in _LINE_OF_ASSERTION if space.rtld.release >= since)
    text = (
        f"Inconsistency detected by ld.so: dl-version.c: {line}: _dl_check_map_versions: "
        "Assertion `needed != NULL' failed!"
    )
    raise Fatal(Message(text, "assertion", "", name))


def _match(space: Namespace, loaded: LinkMap, version: Version, needed: LinkMap, defines: Defines) -> None:
    """One version of one file (``match_symbol``)."""
    obj = needed.object
    requester = space.shown(loaded)
    if obj is None:
        found = not needed.assumed or defines(needed.names[0], version.name)
    elif obj.tag(DT_VERDEF) is None and not obj.versions_defined:
        text = f"no version information available (required by {requester})"
        _say(space, needed, text, "version-warning", version)
        return
    else:
        found = version.name in obj.versions_defined
    if found:
        return
    if version.weak:
        text = f"weak version `{version.name}' not found (required by {requester})"
        _say(space, needed, text, "version-warning", version)
        return
    _say(space, needed, f"version `{version.name}' not found (required by {requester})", "version", version, requester)


def _say(space: Namespace, needed: LinkMap, text: str, kind: str, version: Version, requester: str = "") -> None:
    line = f"{'' if space.opening else f'{space.argv0}: '}{space.shown(needed)}: {text}"
    space.messages.append(Message(line, kind, requester or space.shown(needed), version.name, 0, version.library))


def _check_relr(space: Namespace, loaded: LinkMap, obj: ElfObject, marked: bool) -> None:
    """An object with DT_RELR must say so to a libc that might not know it (2.36 and later)."""
    if space.rtld.release < (2, 36) or marked or obj.tag(DT_RELR) is None or not obj.version_needs:
        return
    if obj.tag(DT_NEEDED) is not None and any(name.startswith("libc.so.") for name in obj.needed):
        text = "DT_RELR without GLIBC_ABI_DT_RELR dependency"
        raise space.fail("relr", text, space.shown(loaded))
