"""What a program needs, breadth-first, and the order of relocation (glibc ``dl-deps.c``, ``dl-sort-maps.c``)."""

from __future__ import annotations

from collections.abc import Sequence

from muslint.elf.object import DT_AUXILIARY, DT_FILTER, DT_NEEDED
from muslint.loader.glibc_map import Fatal, LinkMap, Namespace
from muslint.loader.glibc_search import expand


class _Node:
    """One place of the list that grows while it is worked through."""

    __slots__ = ("done", "loaded", "next")

    def __init__(self, loaded: LinkMap) -> None:
        self.loaded, self.done = loaded, False
        self.next: _Node | None = None


def map_dependencies(space: Namespace, program: LinkMap, preloads: Sequence[LinkMap]) -> None:
    """Load everything ``program`` needs and fill `Namespace.order` (``_dl_map_object_deps``).

    Raises Fatal for the first library that may not be loaded, after the lists are complete.
    """
    deps = _Deps(space, program, preloads)
    try:
        deps.run()
    finally:
        space.order = [node.loaded for node in deps.nodes() if not node.loaded.missing]


class _Deps:
    """One run of ``_dl_map_object_deps``."""

    def __init__(self, space: Namespace, program: LinkMap, preloads: Sequence[LinkMap]) -> None:
        self.space, self.program = space, program
        self.head = self.tail = _Node(program)
        self.listed = {program}
        for loaded in preloads:
            self.append(loaded)

    def nodes(self) -> list[_Node]:
        found, node = [], self.head
        while True:
            found.append(node)
            if node.next is None:
                return found
            node = node.next

    def append(self, loaded: LinkMap) -> None:
        if loaded in self.listed:
            return
        self.listed.add(loaded)
        self.tail.next = _Node(loaded)
        self.tail = self.tail.next

    def run(self) -> None:
        node: _Node | None = self.head
        while node is not None:
            node.done = True
            if node.loaded.object is not None and not node.loaded.itself:
                self.dependencies(node)
            while node is not None and node.done:
                node = node.next

    def dependencies(self, node: _Node) -> None:
        loaded = node.loaded
        obj = loaded.object
        assert obj is not None
        needed: list[LinkMap] = []
        names = iter(obj.needed)
        filters = iter(obj.filters)
        place = node
        for tag, _ in obj.dynamic:
            if tag == DT_NEEDED:
                dependency = self.space.load(expand(next(names, ""), loaded.origin, self.space.rtld), loaded)
                self.append(dependency)
                needed.append(dependency)
            elif tag in (DT_AUXILIARY, DT_FILTER):
                name = expand(next(filters, ""), loaded.origin, self.space.rtld)
                try:
                    filtee = self.space.load(name, loaded)
                except Fatal:
                    if tag == DT_AUXILIARY:
                        continue
                    raise
                needed.append(filtee)
                place = self.insert(place, filtee)
        if loaded is not self.program and loaded.deps is None:
            loaded.deps = needed

    def insert(self, place: _Node, filtee: LinkMap) -> _Node:
        """Put a filtee before the object that names it; gives the new place of that object."""
        later = _Node(place.loaded)
        later.done, later.next = place.done, place.next
        if filtee in self.listed:
            before = later
            while before.next is not None and before.next.loaded is not filtee:
                before = before.next
            if before.next is None:
                return place  # it stands earlier already
            if self.tail is before.next:
                self.tail = before
            before.next = before.next.next
        else:
            self.listed.add(filtee)
        if self.tail is place:
            self.tail = later
        place.loaded, place.done, place.next = filtee, False, later
        self.space.move(filtee, later.loaded)
        return later


def relocation_order(space: Namespace, maps: list[LinkMap]) -> list[LinkMap]:
    """The objects in the order they are relocated: the reverse of the order of initialisation.

    The program comes last, or what was opened, which is the first of ``maps`` then.
    """
    program = space.chain[0] if space.chain[0] in maps else maps[0]
    maps = [program, *(loaded for loaded in maps if loaded is not program)]
    ordered = _depth_first(maps) if space.rtld.release >= (2, 35) else [program, *_moved(maps[1:])]
    return ordered[::-1]


def _depth_first(maps: list[LinkMap]) -> list[LinkMap]:
    """Reverse postorder of a depth-first walk from the last object to the first (``_dl_sort_maps_dfs``)."""
    program, visited = maps[0], set[LinkMap]()
    found: list[LinkMap] = []
    for start in reversed(maps):
        if start in visited:
            continue
        visited.add(start)
        stack = [(start, iter(start.deps or ()))]
        while stack:
            loaded, rest = stack[-1]
            for dependency in rest:
                if dependency not in visited and dependency is not program and not dependency.missing:
                    visited.add(dependency)
                    stack.append((dependency, iter(dependency.deps or ())))
                    break
            else:
                found.append(loaded)
                stack.pop()
    return found[::-1]


def _moved(maps: list[LinkMap]) -> list[LinkMap]:
    """Each object is moved behind the last one that needs it, again and again (``_dl_sort_maps`` before 2.35)."""
    total = len(maps)
    if total <= 1:
        return maps
    deps = {loaded: frozenset(loaded.deps or ()) for loaded in maps}
    seen = [0] * total
    i = 0
    while True:
        seen[i] += 1
        this = maps[i]
        k = total - 1
        while k > i and this not in deps[maps[k]]:
            k -= 1
        if k > i:
            maps[i : k + 1] = [*maps[i + 1 : k + 1], this]
            if seen[i + 1] > total - i:
                i += 1
            else:
                seen[i : k + 1] = [*seen[i + 1 : k + 1], seen[i]]
                continue
        else:
            i += 1
            if i == total:
                return maps
        seen[i:] = [0] * (total - i)
