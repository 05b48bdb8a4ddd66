"""What an archive is, and the walk through one: its ELF files, and the archives inside it, to any depth.

A format is one module with a constant ``ARCHIVE`` (`ArchiveFormat`), a compression one with ``COMPRESSIONS``.
Everything is found by content. The bytes are passed once: an ELF file that lies in its archive as it is, is read
where it lies; one that comes out of a compressed stream is set aside, and nothing else is kept.
"""

from __future__ import annotations

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import BinaryIO, NamedTuple, Protocol

from muslint.elf.header import MAGIC
from muslint.elf.object import Readable
from muslint.errors import LimitReached, MalformedArchive, MalformedElf
from muslint.sources.brotli import brotli_by_name
from muslint.sources.bytes import EMPTY, Spool
from muslint.sources.entry import Content, Entry, EntryKind, Held, Passing
from muslint.sources.installed import kept
from muslint.sources.labels import claims_of, label_files
from muslint.sources.limits import Budget, Limits
from muslint.sources.metered import Counted, Metered
from muslint.sources.packed import Node, PackedTree
from muslint.sources.resolve import is_root
from muslint.sources.source import Member, Skipped, Source
from muslint.sources.tree import Opened

DAMAGED = (OSError, EOFError, ValueError, RuntimeError, struct.error, zlib.error, lzma.LZMAError, zipfile.BadZipFile,
           MalformedArchive, MalformedElf)  # fmt: skip
"""What the unpackers raise for bytes that are not what they should be."""

BUFFER = 1 << 12
"""Bytes that are unpacked at a time: as much may be lost before a damaged place."""

_LOADED = ("wheel", "jar", "npm", "gem", "nupkg", "android")
"""Packages whose files are loaded as they are: a static library in one serves nobody."""

MAX_TEXT = 1 << 20
"""Largest file that is kept for what it says, in bytes: package metadata, a path file, a linker script."""


Whole = Callable[[Iterator[Entry], "Packing"], tuple[Source | None, Iterator[Entry]]]
"""Tells whether the entries of an archive are those of an image; gives the image, or all entries back.

A format may have one under the name ``whole``.
"""


class ArchiveFormat(Protocol):
    """One kind of archive."""

    name: str  # "zip", "tar" …
    order: int  # lower is asked first
    starts: tuple[bytes, ...]  # how its bytes begin, one of them; empty where `accepts` must look further in
    seeks: bool  # it can only be read out of order: a stream of it is set aside first
    installs: bool  # its files are put into ``/`` of a system

    def accepts(self, head: bytes) -> bool:
        """Whether bytes that begin with ``head`` (up to `HEAD` of them) are of this kind."""
        ...

    def entries(self, content: Content, packing: Packing) -> Iterator[Entry]:
        """The entries in file order. Each content is read before the next is asked for, or never.

        Raises any of `DAMAGED` where the bytes turn out to be broken, LimitReached where a limit is.
        """
        ...


class Compression(NamedTuple):
    """One way to compress a single stream."""

    name: str
    suffixes: tuple[str, ...]
    starts: tuple[bytes, ...]
    accepts: Callable[[bytes], bool]
    unpacked: Callable[[BinaryIO], BinaryIO]


@dataclass(slots=True)
class Packing:
    """One archive while it is read."""

    unpacker: Unpacker
    parents: tuple[str, ...]  # this archive and what it lies in, outermost first
    depth: int
    tree: PackedTree = field(default_factory=PackedTree)
    skipped: list[Skipped] = field(default_factory=list)
    inner: list[Source] = field(default_factory=list)
    texts: dict[str, bytes] = field(default_factory=dict)  # what it says of itself, by path or by a name of the format
    layer: int = 0
    scripts: bool = False  # keep scripts: an image may start one
    kept: re.Pattern[str] | None = None  # further files that are kept for what they say
    shown: str = ""  # what paths begin with as people are shown them

    def skip(self, path: str, reason: str) -> None:
        """Note what was not read."""
        self.skipped.append(Skipped(self.shown + path, reason, self.parents))

    def unpacked(self, content: Content, compression: Compression) -> Passing:
        """The stream inside a compressed one, its growth watched."""
        packed = Counted(content.stream())
        stream = Metered(compression.unpacked(packed), packed, self.unpacker.budget)  # type: ignore[arg-type]
        return Passing(io.BufferedReader(stream, BUFFER), None)

    def add(self, entry: Entry) -> None:
        """Put one entry into the tree, and open what is inside it."""
        self.unpacker.budget.member()
        path = plain(entry.path)
        if not path:
            if path is None:
                self.skip(entry.path, "its name leads out of the archive")
            return
        limit = self.unpacker.budget.limits.path
        if limit and len(path) > limit:
            self.skip(path[:80] + "…", f"its path is longer than {limit} bytes (--limit path=N)")
            return
        if entry.kind is EntryKind.HARDLINK:
            self._link(path, entry)
            return
        node = Node(entry.kind, None, entry.target, self.layer)
        if entry.kind is EntryKind.FILE:
            node.data, node.mode = EMPTY, entry.mode
            if entry.trouble is not None:
                self.skip(path, entry.trouble)
            elif entry.content is not None:
                self._file(path, entry.content, node)
        before = self.tree.add(path, node)
        if before is not None and before.elf and before.layer == self.layer:
            self.skip(path, "a later entry has the same name")

    def _link(self, path: str, entry: Entry) -> None:
        target = plain(entry.target)
        node = self.tree.find(target, self.layer) if target else None
        if node is None or node.children is not None:
            self.skip(path, f"a hard link to {entry.target or 'nothing'}, which is not in the archive")
        elif target != path:
            self.tree.add(path, node if node.layer == self.layer else node.again(self.layer))

    def _file(self, path: str, content: Content, node: Node) -> None:
        limits = self.unpacker.budget.limits
        try:
            head = content.head()
            if not head:
                if ".so" in path.rpartition("/")[2]:
                    self.skip(path, "empty")
                return
            elf = head.startswith(MAGIC)
            if elf:
                reason = _unfit(path, content, limits)
                if reason is not None:
                    self.skip(path, reason)
                    return
                node.data = self.unpacker.held(content)
                node.elf = True
                content = Held(node.data)
            if self.unpacker.may_hold(head):
                inside = self.unpacker.unpack(self.shown + path, content, self.parents, self.depth + 1)
                if inside is not None:
                    self.inner.append(inside)
                elif self.scripts and head.startswith(b"#!") and (content.size or 0) <= MAX_TEXT:
                    node.data = content.held(self.unpacker.spool)
            elif not elf and (reason := brotli_by_name(path)) is not None:
                self.skip(path, reason)
            elif not elf and (kept(path) or ((content.size or 0) <= MAX_TEXT and (_kept(path) or self._wanted(path)))):
                node.data = content.held(self.unpacker.spool)
                if path.rpartition("/")[2] in label_files():
                    self.texts[path] = node.data.at(0, MAX_TEXT)
        except DAMAGED as error:
            self.skip(path, f"cannot be unpacked ({said(error)})")
            if isinstance(content, Passing):
                raise  # what follows in the stream cannot be found any more

    def _wanted(self, path: str) -> bool:
        return self.kept is not None and self.kept.search(path) is not None


class Unpacker:
    """Opens archives within limits, which hold for all archives of one source together."""

    def __init__(self, limits: Limits) -> None:
        self.budget = Budget(limits)
        self.spool = Spool()

    def may_hold(self, head: bytes) -> bool:
        """Whether what begins with this head may be an archive, or hold something compressed."""
        if head.startswith(MAGIC):
            return head[8:10] == b"AI"
        return head.startswith(_starts()) or any(form.accepts(head) for form in _without_start())

    def held(self, content: Content) -> Readable:
        """The bytes of a content for reading in any order; raises LimitReached where they are too many."""
        limit = self.budget.limits.member
        if content.size is not None or not limit:
            return content.held(self.spool)
        kept = self.spool.keep(content.stream(), limit + 1)
        if kept.size > limit:
            raise LimitReached(f"more than {limit} bytes unpacked (--limit member=N)")
        return kept

    def unpack(self, path: str, content: Content, outer: tuple[str, ...], depth: int = 0) -> Source | None:
        """Read an archive that lies at ``path`` of what ``outer`` names.

        None when it is not one after all: a compressed text, say. What is broken or goes beyond a limit comes
        out as a Skipped of the source, with what was read until then.
        """
        packing = Packing(self, (*outer, path), depth)
        name = path.rpartition("/")[2]
        kind = "archive"
        try:
            while (found := compression_of(content.head())) is not None:
                self._check_depth(packing)
                packing.depth += 1
                content, kind = packing.unpacked(content, found), found.name
                name = _without(name, found.suffixes)
            head = content.head()
            if head.startswith(MAGIC) and kind != "archive":
                packing.add(Entry(name, EntryKind.FILE, content))
                return packed_source(packing, kind, False)
            form = format_of(head, content)
            if form is None:
                return None
            self._check_depth(packing)
            if form.seeks and not isinstance(content, Held):
                content = Held(self.held(content))
        except LimitReached as error:
            packing.skip(path, str(error))
            return packed_source(packing, kind, False)
        except DAMAGED as error:
            packing.skip(path, f"cannot be unpacked ({said(error)})")
            return packed_source(packing, kind, False)
        whole = getattr(form, "whole", None)
        image = self.fill(packing, form.entries(content, packing), whole)
        return packed_source(packing, form.name, form.installs) if image is None else image

    def fill(self, packing: Packing, entries: Iterator[Entry], whole: Whole | None = None) -> Source | None:
        """Put every entry of an archive into the tree; what stops the reading becomes a Skipped.

        ``whole`` is asked first whether the entries are those of an image, which is then what comes back.
        """
        try:
            if whole is not None:
                image, entries = whole(entries, packing)
                if image is not None:
                    return image
            for entry in entries:
                packing.add(entry)
        except LimitReached as error:
            packing.skip(packing.parents[-1], str(error))
        except DAMAGED as error:
            packing.skip(packing.parents[-1], f"cannot be read to its end ({said(error)})")
        except RecursionError:
            packing.skip(packing.parents[-1], "nested too deeply to be read")
        return None

    def _check_depth(self, packing: Packing) -> None:
        limit = self.budget.limits.depth
        if limit and packing.depth >= limit:
            raise LimitReached(f"more than {limit} archives inside one another (--limit depth=N)")


def packed_source(packing: Packing, kind: str, installs: bool) -> Source:
    """What was read of an archive, as a source."""
    packing.tree.settled()
    kind = package_kind(kind, packing.tree)
    closed = not installs and is_root(packing.tree)
    members = tuple(Member(path, path if closed else path[1:], packing.parents) for path, _ in packing.tree.elf_files())
    claims = tuple(claims_of(kind, packing.parents[-1], packing.texts, [member.path for member in members]))
    return Source(
        packing.parents[-1], kind, packing.tree, members, tuple(packing.skipped), closed, (("/", ""),),
        parents=packing.parents, installs=installs, claims=claims,
        inner=tuple(inside for inside in packing.inner if kind not in _LOADED or inside.kind != "ar"),
    )  # fmt: skip


def package_kind(kind: str, tree: PackedTree) -> str:
    """What an archive is by what lies at its root: a wheel or jar is a zip, an npm package a tar."""
    names = tree.names("/")
    if kind == "zip":
        if any(name.endswith(".dist-info") for name in names):
            return "wheel"
        if "AndroidManifest.xml" in names:
            return "android"
        if "META-INF" in names:
            return "jar"
        if any(name.endswith(".nuspec") for name in names):
            return "nupkg"
    if kind == "tar" and isinstance(tree.open("/package/package.json"), Opened):
        return "npm"
    return kind


@lru_cache(maxsize=1)
def archive_formats() -> tuple[ArchiveFormat, ...]:
    """Every archive format, most particular first."""
    found = (getattr(module, "ARCHIVE", None) for module in _modules())
    return tuple(sorted((form for form in found if form is not None), key=lambda form: (form.order, form.name)))


@lru_cache(maxsize=1)
def compressions() -> tuple[Compression, ...]:
    """Every compression."""
    return tuple(kind for module in _modules() for kind in getattr(module, "COMPRESSIONS", ()))


@lru_cache(maxsize=1)
def _starts() -> tuple[bytes, ...]:
    """How archives and compressed streams begin; a script may have an archive behind it."""
    of_formats = [start for form in archive_formats() for start in form.starts]
    return (b"#!", *of_formats, *(start for kind in compressions() for start in kind.starts))


@lru_cache(maxsize=1)
def _without_start() -> tuple[ArchiveFormat, ...]:
    return tuple(form for form in archive_formats() if not form.starts)


def _modules() -> list[object]:
    import muslint.sources as package

    names = sorted(module.name for module in iter_modules(package.__path__))
    return [import_module(f"muslint.sources.{name}") for name in names]


def compression_of(head: bytes) -> Compression | None:
    """The compression of a stream that begins with ``head``; None when there is none."""
    return next((kind for kind in compressions() if kind.accepts(head)), None)


def format_of(head: bytes, content: Content) -> ArchiveFormat | None:
    """The archive format of bytes that begin with ``head``; None where they are of none."""
    for form in archive_formats():
        if form.accepts(head):
            return form
        tail = getattr(form, "accepts_tail", None)
        if tail is not None and isinstance(content, Held) and tail(head, content.data):
            return form
    return None


def _unfit(path: str, content: Content, limits: Limits) -> str | None:
    """Why an ELF file is not read although its bytes could be."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    if limits.member and (content.size or 0) > limits.member:
        return f"{content.size} bytes unpacked: more than the limit of {limits.member} (--limit member=N)"
    return None


def _kept(path: str) -> bool:
    """Whether the loader, a label or the search for packages may want to read a file that is no ELF file."""
    if path.endswith("etc/alpine-release"):
        return True
    if ".so" in path or path.endswith(".path"):
        name = path.rpartition("/")[2]
        if ".so" in name or (name.startswith("ld-musl-") and name.endswith(".path")):
            return True
    return path.rpartition("/")[2] in label_files()


def plain(path: str) -> str | None:
    """A path as the tree knows it: no leading slash, no empty or dot part; None when it leads out."""
    if path.startswith("./"):
        path = path[2:]
    if "/." in path or "//" in path or path[:1] in ("/", ".") or path[-1:] == "/":
        parts = [part for part in path.split("/") if part not in ("", ".")]
        return None if ".." in parts else "/".join(parts)
    return path


def _without(name: str, suffixes: tuple[str, ...]) -> str:
    for suffix in suffixes:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def said(error: BaseException) -> str:
    """What an unpacker says is wrong, in one line."""
    return (str(error) or type(error).__name__).splitlines()[0]
