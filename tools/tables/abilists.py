"""Reader of the binary ``abilists`` that the ziglang wheel carries.

Format (zig, ``src/libs/glibc.zig`` and glibc-abi-tool's README): counted lists of
library names, version triples and target names, then three runs of inclusions:
functions, objects and TLS objects. An inclusion names its symbol only when the one
before it was the last of its symbol; it holds the set of targets, for objects the
size in bytes, the library, and version indexes of which the last has bit 7 set.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.tables.glibc import ARCHES, Inclusion

_RUNS = "FOT"
_LAST_INCLUSION = 1 << 7  # of the library byte
_LAST_VERSION = 1 << 7


@dataclass(slots=True)
class _Cursor:
    data: bytes
    at: int = 0

    def byte(self) -> int:
        value = self.data[self.at]
        self.at += 1
        return value

    def short(self) -> int:
        return self.byte() | self.byte() << 8

    def text(self) -> str:
        end = self.data.index(0, self.at)
        value = self.data[self.at : end].decode()
        self.at = end + 1
        return value

    def leb128(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value


def read(path: Path) -> list[Inclusion]:
    """Return every inclusion of the file, one row an architecture.

    Raises ``ValueError`` when the bytes do not end where the format says, and
    ``KeyError`` for a target that ``ARCHES`` lacks.
    """
    cursor = _Cursor(path.read_bytes())
    libs = [cursor.text() for _ in range(cursor.byte())]
    versions = [_version(cursor) for _ in range(cursor.byte())]
    arches = [ARCHES[cursor.text()] for _ in range(cursor.byte())]
    found: list[Inclusion] = []
    for kind in _RUNS:
        if cursor.at < len(cursor.data):
            found += _run(cursor, kind, libs, versions, arches)
    if cursor.at != len(cursor.data):
        raise ValueError(f"{len(cursor.data) - cursor.at} bytes left over in {path.name}")
    return found


def _version(cursor: _Cursor) -> str:
    major, minor, patch = cursor.byte(), cursor.byte(), cursor.byte()
    return f"{major}.{minor}.{patch}" if patch else f"{major}.{minor}"


def _run(cursor: _Cursor, kind: str, libs: list[str], versions: list[str], arches: list[str]) -> Iterator[Inclusion]:
    name = None
    for _ in range(cursor.short()):
        if name is None:
            name = cursor.text()
        targets = cursor.leb128()
        if kind != "F":
            cursor.leb128()  # object size, which the table leaves out
        library = cursor.byte()
        nodes: list[str] = []
        while True:
            index = cursor.byte()
            nodes.append(versions[index & ~_LAST_VERSION])
            if index & _LAST_VERSION:
                break
        for bit, arch in enumerate(arches):
            if targets >> bit & 1:
                yield name, kind, arch, libs[library & ~_LAST_INCLUSION], tuple(nodes)
        if library & _LAST_INCLUSION:
            name = None
