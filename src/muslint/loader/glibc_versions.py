"""Whether every required symbol version is there (glibc ``dl-version.c``).

Each DT_VERNEED entry names a file and versions of it. The file must be loaded under that name, and must define each
version; a file without version definitions is let off with a warning.
"""

from __future__ import annotations

from muslint.elf.object import DT_NEEDED, DT_RELR, DT_STRTAB, DT_VERDEF, ElfObject, Version
from muslint.loader.glibc_map import Fatal, LinkMap, Namespace
from muslint.loader.target import Message

RELR_MARK = "GLIBC_ABI_DT_RELR"
_INDEX = 0x7FFF
_LINE_OF_ASSERTION = ((2, 36), 204), ((2, 0), 205)


def check_versions(space: Namespace) -> bool:
    """Check every loaded object, adding to `Namespace.messages`; whether a real start would go on.

    Raises Fatal where the loader gives up at once.
    """
    good = True
    for loaded in list(space.chain):
        obj = loaded.object
        if obj is not None and obj.tag(DT_STRTAB) is not None:
            good = _check(space, loaded, obj) and good
    return good


def _check(space: Namespace, loaded: LinkMap, obj: ElfObject) -> bool:
    good, highest, complete, marked = True, 0, True, False
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
        good = _match(space, loaded, version, needed) and good
    if not complete:
        loaded.highest = max((index for index, _ in obj.version_definitions), default=0)
        loaded.highest = max(loaded.highest, highest)
    _check_relr(space, loaded, obj, marked)
    return good


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


def _match(space: Namespace, loaded: LinkMap, version: Version, needed: LinkMap) -> bool:
    """One version of one file (``match_symbol``); a library known only by name is taken to have it."""
    obj = needed.object
    if obj is None:
        return True
    requester = space.shown(loaded)
    if obj.tag(DT_VERDEF) is None:
        _say(space, needed, f"no version information available (required by {requester})", "version-warning", version)
        return True
    if version.name in obj.versions_defined:
        return True
    if version.weak:
        text = f"weak version `{version.name}' not found (required by {requester})"
        _say(space, needed, text, "version-warning", version)
        return True
    _say(space, needed, f"version `{version.name}' not found (required by {requester})", "version", version, requester)
    return False


def _say(space: Namespace, needed: LinkMap, text: str, kind: str, version: Version, requester: str = "") -> None:
    line = f"{space.argv0}: {space.shown(needed)}: {text}"
    space.messages.append(Message(line, kind, requester or space.shown(needed), version.name, 0, version.library))


def _check_relr(space: Namespace, loaded: LinkMap, obj: ElfObject, marked: bool) -> None:
    """An object with DT_RELR must say so to a libc that might not know it (2.36 and later)."""
    if space.rtld.release < (2, 36) or marked or obj.tag(DT_RELR) is None or not obj.version_needs:
        return
    if obj.tag(DT_NEEDED) is not None and any(name.startswith("libc.so.") for name in obj.needed):
        text = "DT_RELR without GLIBC_ABI_DT_RELR dependency"
        raise space.fail("relr", text, space.shown(loaded))
