"""What several checks of one opened source share: each file is read once, whatever the number of targets."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Any

from muslint.elf.object import ElfObject, Readable, Reader
from muslint.sources.source import Source
from muslint.sources.tree import Opened, Tree

MOST_KEPT = 384 << 20
"""How many bytes of tables are kept, of all files together; what is beyond is read again when it is asked for."""


class _Kept:
    """The bytes of a file, with what was once read of them kept."""

    __slots__ = ("_data", "_memory", "_parts", "size")

    def __init__(self, data: Readable, memory: Memory) -> None:
        self._data, self._memory, self.size = data, memory, data.size
        self._parts: dict[tuple[int, int], bytes] = {}

    def at(self, offset: int, size: int) -> bytes:
        """As of any bytes; the same part again costs nothing."""
        known = self._parts.get((offset, size))
        if known is None:
            known = self._data.at(offset, size)
            if self._memory.left >= len(known):
                self._memory.left -= len(known)
                self._parts[offset, size] = known
        return known

    def close(self) -> None:
        """Give back what reading holds open; the parts stay."""
        self._data.close()


class _KeptTree:
    """A tree whose files are opened once, with what was read of them kept."""

    def __init__(self, tree: Tree, memory: Memory) -> None:
        self._tree, self._memory = tree, memory
        self._files: dict[Hashable, _Kept] = {}

    def open(self, path: str) -> Opened | int:
        """Open as the tree does."""
        found = self._tree.open(path)
        if isinstance(found, int) or found.data is None:
            return found
        if found.identity not in self._files:
            self._files[found.identity] = _Kept(found.data, self._memory)
        return found._replace(data=self._files[found.identity])


@dataclass(slots=True, eq=False)
class Memory:
    """The objects read so far, known by the tree they lie in: valid as long as the source stays open.

    With ``keeps`` false it remembers nothing: a source that is judged once needs no file twice.
    """

    keeps: bool = False
    below: int | None = None
    """Only rules with an order below this are asked; None asks all."""
    left: int = MOST_KEPT
    _objects: dict[tuple[int, str], ElfObject] = field(default_factory=dict)
    _found: dict[tuple[int, str], dict[Any, Any]] = field(default_factory=dict)

    def held(self, source: Source) -> Source:
        """The source with every file read once; so are those of the archives in it.

        Of a whole file system only the objects are kept: who looks into it asks more of its tree than to open files.
        """
        inner = tuple(self.held(place) for place in source.inner)
        return replace(source, tree=source.tree if source.closed else _KeptTree(source.tree, self), inner=inner)

    def read(self, reader: Reader, tree: Tree, path: str, data: Readable) -> ElfObject:
        """The object at ``path``: the one read before, else read from ``data``. Raises as the reader does."""
        if not self.keeps:
            return reader(data, path)
        key = (id(tree), path)
        if key not in self._objects:
            self._objects[key] = reader(data, path)
        return self._objects[key]

    def found(self, tree: Tree, path: str, size: int) -> dict[Any, Any]:
        """Where to keep what is found out about a file of so many bytes whatever the target: its calls, its texts."""
        key = (id(tree), path)
        if not self.keeps or (key not in self._found and size > self.left):
            return {}
        if key not in self._found:
            self.left -= size
        return self._found.setdefault(key, {})

    def known(self, tree: Tree, path: str) -> ElfObject | None:
        """The object at ``path``, where it has been read."""
        return self._objects.get((id(tree), path))

    def asks(self, order: int) -> bool:
        """Whether the rule of this order is asked."""
        return self.below is None or order < self.below
