"""Changes to a binary that can be made soundly: which, and how they are made and proven.

LIEF writes (`rewrite`), muslint's own reader reads the result again (`unharmed`); what came out otherwise than asked
for is refused, whatever the reason.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from muslint.advice import dynamic
from muslint.advice.appended import Plan, append
from muslint.advice.rewrite import WAYS, Changes
from muslint.advice.unharmed import harm, hash_size, loads, mapped
from muslint.elf.dynamic import read
from muslint.elf.facts import built_for
from muslint.elf.object import DT_GNU_HASH, DT_STRSZ, DT_STRTAB, ElfObject, Kind
from muslint.errors import CannotFix, MalformedElf, UnreadableSource
from muslint.libc import glibc
from muslint.rules.finding import Finding
from muslint.sources.bytes import FileBytes

_RUN_LIMIT = 120.0  # seconds of LIEF for one file
_LARGEST = 1 << 30

APPENDED = "APPENDED"
"""The last way, without LIEF: everything new at the end of the file (`appended`)."""


class Rewritten(NamedTuple):
    """A changed copy that was read again and found to be what was asked for."""

    before: ElfObject
    after: ElfObject
    told: tuple[str, ...]  # what changed, for people


def object_at(path: str) -> ElfObject:
    """Read the object at ``path``. Raises UnreadableSource."""
    if not os.path.isfile(path):
        raise UnreadableSource(f"{path}: {'not a regular file' if os.path.exists(path) else 'no such file'}")
    if not os.access(path, os.R_OK):
        raise UnreadableSource(f"{path}: permission denied")
    data = FileBytes(path)
    try:
        return read(data, path)
    except MalformedElf as error:
        raise UnreadableSource(f"{path}: {error}") from None
    finally:
        data.close()


def check_possible(obj: ElfObject, changes: Changes) -> None:
    """Raise CannotFix where a change makes no sense for the object, with the reason."""
    if obj.kind in (Kind.STATIC_EXECUTABLE, Kind.STATIC_PIE):
        raise CannotFix("it is static: no loader takes part, so there is nothing to change")
    if obj.kind not in (Kind.EXECUTABLE, Kind.SHARED_LIBRARY) or not obj.dynamic:
        raise CannotFix("it is not a dynamic program or library")
    if changes.interpreter is not None and obj.interpreter is None:
        raise CannotFix("a library has no interpreter: the program that loads it has")
    if changes.interpreter is not None and obj.arch.startswith("powerpc") and built_for(obj) == "glibc":
        # glibc sysdeps/powerpc/libc-start.c: (argc, argv, envp, auxv, rtld_fini, stinfo, stack), no main first.
        raise CannotFix("on powerpc glibc's start-up code calls __libc_start_main otherwise than musl does: it dies")
    held = ", ".join(obj.needed) or "nothing"
    for name in (*changes.drop_needed, *(old for old, _ in changes.replace_needed)):
        if name not in obj.needed:
            raise CannotFix(f"it does not need {name}; it needs {held}")
    for name in (*changes.add_needed, *(new for _, new in changes.replace_needed)):
        if name in obj.needed:
            raise CannotFix(f"it needs {name} already")
    if changes.stack_size is not None and obj.gnu_stack is None:
        raise CannotFix("it has no PT_GNU_STACK that could hold a stack size")


def rewrite(path: str, out: str, changes: Changes) -> Rewritten:
    """Write the changed copy of ``path`` to ``out``, with mode and, where allowed, ownership kept.

    Raises CannotFix where no way of writing leaves everything else as it was; ``out`` is removed then.
    """
    before = object_at(path)
    check_possible(before, changes)
    if os.path.getsize(path) > _LARGEST:
        raise CannotFix("it is larger than 1 GiB")
    reasons: list[str] = []
    for way in (*WAYS, APPENDED):
        reason = _attempt(path, out, before, changes, way)
        if reason is None:
            _keep_mode(path, out)
            after = object_at(out)
            return Rewritten(before, after, tuple(differences(before, after)))
        reasons.append(reason)
        if os.path.exists(out):
            os.unlink(out)
    raise CannotFix(f"it cannot be changed without harm: {'; '.join(dict.fromkeys(filter(None, reasons)))}")


def _written(path: str, out: str, before: ElfObject, changes: Changes, way: str) -> str | None:
    """Write ``out`` in one way; the reason where that does not work."""
    if changes.names and way == "KEEP":
        return ""  # LIEF would shift the image to make room
    old = FileBytes(path)
    try:
        table = mapped(before, old, before.tag(DT_STRTAB) or 0, before.tag(DT_STRSZ) or 0)
    finally:
        old.close()
    offsets: dict[str, int] = {}
    longer = table
    for name in changes.names:
        offsets[name] = len(longer)
        longer += name.encode("utf-8", "surrogateescape") + b"\0"
    strings = longer if changes.names else b""
    address: int | None = None
    if way == APPENDED:
        wanted = dynamic.entries(before, changes, table, address, offsets)
        room = dynamic.room(before)
        plan = Plan(strings, 0 if len(wanted) < room else len(wanted) + 1)
        address = append(path, out, before, changes, plan)
    else:
        reason = _run(path, out, _request(before, changes, strings), way)
        if reason is not None:
            return reason
    data = FileBytes(out)
    try:
        after = read(data, out)
        if changes.names and way != APPENDED:
            new = (s for s in loads(after) if s not in loads(before) and data.at(s.offset, len(longer)) == longer)
            address = next((segment.vaddr for segment in new), None)
            if address is None:
                return "the new segment is not where it should be"
    finally:
        data.close()
    new_table = address if changes.names else None
    dynamic.write(out, before, after, dynamic.entries(before, changes, table, new_table, offsets))
    return None


def _request(before: ElfObject, changes: Changes, strings: bytes) -> dict[str, object]:
    return {
        "interpreter": changes.interpreter, "stack_size": changes.stack_size, "strings": strings.hex(),
        "align": max((segment.align for segment in loads(before)), default=4096),
    }  # fmt: skip


def _run(path: str, out: str, request: Mapping[str, object], way: str) -> str | None:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "muslint.advice.rewrite", path, out, way],
            input=json.dumps(request), capture_output=True, text=True, timeout=_RUN_LIMIT, check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"it took more than {_RUN_LIMIT:.0f} s"
    if done.returncode or not os.path.exists(out):
        return (done.stdout.strip() or f"it ended with code {done.returncode}").splitlines()[-1]
    return None


def _restore_hash(path: str, out: str, before: ElfObject) -> None:
    """Put the GNU hash table back: LIEF makes it anew even where the symbols, which it speaks of, stayed in order."""
    address = before.tag(DT_GNU_HASH)
    old, new = FileBytes(path), FileBytes(out)
    try:
        after = read(new, out)
        if address is None or after.tag(DT_GNU_HASH) != address:
            return
        table = mapped(before, old, address, hash_size(before, old))
        place = next((s for s in loads(after) if s.vaddr <= address < s.vaddr + s.filesz), None)
    finally:
        old.close()
        new.close()
    if place is not None:
        with open(out, "r+b") as stream:
            stream.seek(place.offset + address - place.vaddr)
            stream.write(table)


def _attempt(path: str, out: str, before: ElfObject, changes: Changes, way: str) -> str | None:
    try:
        reason = _written(path, out, before, changes, way)
        return reason if reason is not None else _harm(path, out, before, changes)
    except (CannotFix, MalformedElf) as error:
        return str(error)


def _harm(path: str, out: str, before: ElfObject, changes: Changes) -> str | None:
    try:
        _restore_hash(path, out, before)
    except MalformedElf as error:
        return f"it cannot be read again: {error}"
    old, new = FileBytes(path), FileBytes(out)
    try:
        return harm(before, read(new, out), old, new, changes)
    except MalformedElf as error:
        return f"it cannot be read again: {error}"
    finally:
        old.close()
        new.close()


def _keep_mode(path: str, out: str) -> None:
    """Give the copy mode, owner and extended attributes of the original; the latter two where the system lets us."""
    status = os.stat(path)
    try:
        os.chown(out, status.st_uid, status.st_gid)
    except PermissionError:
        os.chmod(out, status.st_mode & 0o777)  # without set-user-id: the owner is another now
    else:
        os.chmod(out, status.st_mode & 0o7777)
    for name in os.listxattr(path) if hasattr(os, "listxattr") else ():
        with suppress(OSError):
            os.setxattr(out, name, os.getxattr(path, name))


def differences(before: ElfObject, after: ElfObject) -> Iterable[str]:
    """What a change did, a line each."""
    if before.interpreter != after.interpreter:
        yield f"interpreter   {before.interpreter} → {after.interpreter}"
    for name in before.needed:
        if name not in after.needed:
            yield f"needed        {name} dropped"
    for name in after.needed:
        if name not in before.needed:
            yield f"needed        {name} added"
    old, new = before.runpath or before.rpath or "none", after.runpath or after.rpath or "none"
    if old != new:
        yield f"rpath         {old} → {new}"
    if before.versions_needed and not after.versions_needed:
        yield f"versions      {len(before.versions_needed)} requirements dropped"
    one, other = (o.gnu_stack.memsz if o.gnu_stack else 0 for o in (before, after))
    if one != other:
        yield f"stack size    {one or 'default'} → {other}"


def suggested(obj: ElfObject, findings: Iterable[Finding], loader: str, directories: dict[str, str]) -> Changes:
    """The changes that would help an object with these findings.

    ``loader`` is the path of the target's musl loader, ``directories`` says where beside the file (``$ORIGIN/…``) a
    library lies that the loader does not find. Of the missing libraries only glibc's own are dropped: whatever the
    file takes from another one would be missing afterwards.
    """
    told = list(findings)
    missing = [f.library for f in told if f.rule == "library-missing" and f.library in obj.needed]
    loaders = ("ld-linux", "ld64.so", "ld.so.")
    dropped = [n for n in missing if n and (n.startswith(loaders) or n in glibc.library_names())]
    lost = [f.library for f in told if f.rule in ("library-off-path", "library-missing") and f.library not in dropped]
    places = [directories[name] for name in lost if name in directories]
    rpath = ":".join(dict.fromkeys([*filter(None, [obj.runpath or obj.rpath or ""]), *places])) if places else None
    wrong = any(f.rule == "interpreter-missing" for f in told)
    return Changes(
        interpreter=loader if wrong and obj.interpreter is not None else None,
        rpath=rpath,
        drop_needed=tuple(dict.fromkeys(dropped)),
    )
