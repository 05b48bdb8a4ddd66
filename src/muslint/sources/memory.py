"""What several checks of one opened source share: each file is read once, whatever the number of targets."""

from __future__ import annotations

from dataclasses import dataclass, field

from muslint.elf.object import ElfObject, Readable, Reader
from muslint.sources.tree import Tree


@dataclass(slots=True)
class Memory:
    """The objects read so far. Valid as long as the source stays open: files are known by the tree they lie in."""

    below: int | None = None
    """Only rules with an order below this are asked; None asks all."""
    _objects: dict[tuple[int, str], ElfObject] = field(default_factory=dict)

    def read(self, reader: Reader, tree: Tree, path: str, data: Readable) -> ElfObject:
        """The object at ``path``: the one read before, else read from ``data``. Raises as the reader does."""
        key = (id(tree), path)
        if key not in self._objects:
            self._objects[key] = reader(data, path)
        return self._objects[key]

    def share(self, other: Memory) -> None:
        """Know what another knows, now and later."""
        self._objects = other._objects

    def known(self, tree: Tree, path: str) -> ElfObject | None:
        """The object at ``path``, where it has been read."""
        return self._objects.get((id(tree), path))

    def asks(self, order: int) -> bool:
        """Whether the rule of this order is asked."""
        return self.below is None or order < self.below
