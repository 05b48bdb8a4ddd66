"""The files of an archive, or of the layers of an image, as a file tree."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping

from muslint.elf.object import Readable
from muslint.sources.entry import EntryKind
from muslint.sources.resolve import ResolvingTree
from muslint.sources.tree import Opened

_MAX_LINKS = 40


class Node:
    """One file, directory or link of a `PackedTree`. Two names of one file share one node."""

    __slots__ = ("children", "data", "elf", "file", "kind", "layer", "mode", "target")

    def __init__(self, kind: EntryKind, data: Readable | None = None, target: str = "", layer: int = 0) -> None:
        self.kind = kind
        self.data = data  # of a file
        self.target = target  # of a symbolic link
        self.layer = layer  # index of the layer it came with
        self.elf = False
        self.mode = 0  # permission bits of a file, where the archive says them
        self.file: Node = self  # what tells it from other files
        self.children: dict[str, Node] | None = {} if kind is EntryKind.DIRECTORY else None

    def again(self, layer: int) -> Node:
        """The same file under a name that a later layer adds."""
        node = Node(self.kind, self.data, self.target, layer)
        node.elf, node.mode, node.file = self.elf, self.mode, self.file
        return node

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002
        """Whether it is a directory."""
        return self.children is not None

    def is_symlink(self) -> bool:
        """Whether it is a symbolic link."""
        return self.kind is EntryKind.SYMLINK


class PackedTree(ResolvingTree[Node]):
    """A `Tree` built entry by entry. Symbolic links resolve inside it, as under ``chroot``.

    Entries are placed as container engines place them (containerd ``archive.Apply``): the directory of an entry
    is found through the links that are there; an entry replaces what has its name, but for a directory over a
    directory. Each layer of an image is laid over those below as overlayfs does it: a link of a lower layer is not
    followed, a directory takes its place.
    """

    def __init__(self) -> None:
        super().__init__()
        self.root = Node(EntryKind.DIRECTORY)
        self._parents: dict[str, Node] = {}
        self._opened: dict[str, Opened | int] = {}

    # --- building ---

    def add(self, path: str, node: Node) -> Node | None:
        """Put ``node`` at a plain path (no leading slash, no dots); gives what it replaced."""
        directory, _, name = path.rpartition("/")
        children = self.directory(directory, node.layer).children
        assert children is not None
        before = children.get(name)
        if before is not None:
            if before.children is not None and node.children is not None:
                before.layer = node.layer
                return None
            if before.children is not None or before.is_symlink():
                self._parents.clear()
        children[name] = node
        return before

    def directory(self, path: str, layer: int = 0) -> Node:
        """The directory at a plain path, made where it is missing; links on the way are followed."""
        known = self._parents.get(path)
        if known is None:
            known = self._parents[path] = self._reach(path, layer)
        return known

    def _reach(self, path: str, layer: int) -> Node:
        chain = [self.root]
        pending = [part for part in reversed(path.split("/")) if part]
        links = 0
        while pending:
            part = pending.pop()
            if part == ".":
                continue
            if part == "..":
                if len(chain) > 1:
                    chain.pop()
                continue
            children = chain[-1].children
            assert children is not None
            child = children.get(part)
            if child is not None and child.is_symlink() and child.layer == layer and links < _MAX_LINKS:
                links += 1
                if child.target.startswith("/"):
                    del chain[1:]
                pending.extend(piece for piece in reversed(child.target.split("/")) if piece)
                continue
            if child is None or child.children is None:
                child = children[part] = Node(EntryKind.DIRECTORY, layer=layer)
            chain.append(child)
        return chain[-1]

    def find(self, path: str, layer: int = 0) -> Node | None:
        """What lies at a plain path now, the last name not followed when it is a link."""
        directory, _, name = path.rpartition("/")
        node = self._parents.get(directory)
        if node is None:
            chain = self.root
            for part in directory.split("/") if directory else ():
                following = chain.children.get(part) if chain.children is not None else None
                if following is not None and following.is_symlink() and following.layer == layer:
                    return (self.directory(directory, layer).children or {}).get(name)
                if following is None or following.children is None:
                    return None
                chain = following
            node = chain
        return (node.children or {}).get(name)

    def next_layer(self) -> None:
        """Forget through which links the directories of the layer before were found."""
        self._parents.clear()

    def hide(self, path: str, layer: int) -> None:
        """Take away what layers below ``layer`` put at a plain path and under it (a whiteout)."""
        directory, _, name = path.rpartition("/")
        children = self.directory(directory, layer).children or {}
        node = children.get(name)
        if node is not None and _hidden(node, layer):
            del children[name]
        self._parents.clear()

    def hide_below(self, path: str, layer: int) -> None:
        """Take away what layers below ``layer`` put into the directory at a plain path (an opaque whiteout)."""
        children = self.directory(path, layer).children or {}
        for name in [name for name, node in children.items() if _hidden(node, layer)]:
            del children[name]
        self._parents.clear()

    def settled(self) -> None:
        """Forget what was looked up while the tree was being built."""
        self._parents.clear()
        self._found.clear()
        self._directories.clear()
        self._opened.clear()

    # --- looking up ---

    def open(self, path: str) -> Opened | int:
        """Open a file for reading; an error number when the kernel would give one."""
        known = self._opened.get(path)
        if known is None:
            known = self._opened[path] = self._open(path)
        return known

    def _open(self, path: str) -> Opened | int:
        found = self.resolve(path)
        if isinstance(found, int):
            return found
        canonical, node, _ = found
        if node is None or node.children is not None or node.kind is EntryKind.OTHER:
            return Opened(canonical, canonical, True, None)
        return Opened(canonical, node.file, False, node.data) if node.data is not None else errno.ENOENT

    def _listing(self, directory: str) -> Mapping[str, Node] | int:
        node: Node | None = self.root
        for part in directory.split("/")[1:]:
            node = node.children.get(part) if node is not None and node.children is not None else None
        return node.children if node is not None and node.children is not None else errno.ENOENT

    def _link(self, directory: str, name: str) -> str:
        listing = self._listing(directory)
        assert not isinstance(listing, int)
        return listing[name].target

    def files(self) -> set[Node]:
        """Every file there is, whatever its names."""
        found: set[Node] = set()
        stack = [self.root]
        while stack:
            for child in (stack.pop().children or {}).values():
                if child.children is not None:
                    stack.append(child)
                else:
                    found.add(child.file)
        return found

    def elf_files(self) -> Iterator[tuple[str, Node]]:
        """Every name of an ELF file, links not followed, in path order."""
        found: list[tuple[str, Node]] = []
        stack: list[tuple[str, Node]] = [("", self.root)]
        while stack:
            directory, node = stack.pop()
            for name, child in (node.children or {}).items():
                if child.children is not None:
                    stack.append((f"{directory}/{name}", child))
                elif child.elf:
                    found.append((f"{directory}/{name}", child))
        found.sort(key=lambda pair: pair[0])
        return iter(found)


def _hidden(node: Node, layer: int) -> bool:
    """Take out of a directory all that came with layers below ``layer``; whether nothing of this layer is left."""
    for name in [name for name, child in (node.children or {}).items() if _hidden(child, layer)]:
        del (node.children or {})[name]
    return node.layer < layer and not node.children
