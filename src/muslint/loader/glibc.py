"""glibc's dynamic loader as a function: from a file and a tree to what it would print and do.

`GlibcLoader.list` is what ``ldd -r`` says (``LD_TRACE_LOADED_OBJECTS=1 LD_WARN=yes LD_BIND_NOW=yes ld.so FILE``);
`GlibcLoader.start` is the kernel starting a program; `GlibcLoader.open` is ``dlopen``. Source: glibc ``elf/``,
releases 2.31, 2.36, 2.41 and 2.43.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from muslint.elf.dynamic import read as read_dynamic
from muslint.elf.machine import word
from muslint.elf.object import ElfObject, Kind
from muslint.errors import MalformedElf
from muslint.loader.glibc_bind import GlibcFacts
from muslint.loader.glibc_map import Mode, Namespace
from muslint.loader.glibc_process import dlopen, start, trace
from muslint.loader.glibc_search import Fault, GlibcSearches
from muslint.loader.glibc_types import types_of
from muslint.loader.glibc_verify import UNREADABLE, killed, unmappable, verify
from muslint.loader.held import Held
from muslint.loader.mapped import KILLED_BY_SIGBUS, cut_short, read_as_mapped
from muslint.loader.target import Link, Opened, Tree

if TYPE_CHECKING:
    from muslint.elf.object import Reader
    from muslint.libc.model import LibcModel
    from muslint.loader.glibc_rtld import Rtld

MOST_HELD = 256 << 20
"""Bytes: see `GlibcLoader.most_held`."""


class GlibcLoader:
    """The loader of one target: its ``ld.so``, its file tree, and all objects read so far."""

    libc = "glibc"

    def __init__(self, tree: Tree, rtld: Rtld, reader: Reader | None = None) -> None:
        self.tree, self.rtld, self.arch = tree, rtld, rtld.arch
        self.path = rtld.path
        self.bits, self.little = word(rtld.arch)
        self.types = types_of(rtld.arch)
        self._reader = reader or read_dynamic
        self._held: Held[GlibcFacts | Fault] = Held()  # by identity and whether it is the program
        self._verdicts: dict[Hashable, Fault | bool | None] = {}
        self.most_held = MOST_HELD
        """About how many bytes of facts it keeps between links."""
        self._own = GlibcFacts(rtld.object)
        self._model: LibcModel | None = None
        self.assume: Callable[[ElfObject, str, str | None, tuple[str, ...]], bool] = _anything
        """Whether libraries known only by name (their sonames) may be taken to give a name of some version."""
        self.defines: Callable[[str, str], bool] = _has
        """Whether a library known only by name (its soname) is taken to define a version."""
        self._searches = GlibcSearches(tree, rtld, self.verify)

    @property
    def model(self) -> LibcModel:
        """What glibc of this release exports, from the tables: what rules ask to say why a name is missing."""
        if self._model is None:
            from muslint.libc.glibc import release_model

            self._model = release_model(self.rtld.release, self.arch, f"{self.rtld.path} of the root")
        return self._model

    @model.setter
    def model(self, model: LibcModel) -> None:
        """Set by a target from the tables."""
        self._model = model

    # --- files ----------------------------------------------------------------------------------------------

    def verify(self, found: Opened) -> Fault | bool | None:
        """Whether an opened file may be mapped at all; None for yes, a `bool` for one that is passed over."""
        if found.data is None:
            return None if not found.directory else Fault("cannot read file data", errno.EISDIR)
        if found.identity not in self._verdicts:
            self._verdicts[found.identity] = verify(found.data, self.rtld)
            found.data.close()
        return self._verdicts[found.identity]

    def accept(self, found: Opened, program: bool) -> GlibcFacts | Fault | None:
        """Map a file that passed `verify`: its facts, or what is wrong with it; None when it is known only by name."""
        if found.data is None and found.object is None:
            return None
        key = found.identity, program
        known = self._held.taken(key)
        if known is None:
            known = self._map(found, program)
        self._held.keep(key, known, self.most_held)
        if found.data is not None:
            found.data.close()
        return known

    def forget(self, most: int) -> None:
        """From now on keep ``most`` bytes of facts, and let go what is more."""
        self.most_held = most
        self._held.bound(most)

    def _map(self, found: Opened, program: bool) -> GlibcFacts | Fault:
        if found.object is not None:
            return GlibcFacts(found.object)
        assert found.data is not None
        data, path = found.data, found.path
        obj: ElfObject | int
        try:
            obj = self._reader(data, path)
        except MalformedElf:
            obj = read_as_mapped(self._reader, data, path, self.bits, self.little)
        fault = unmappable(obj, data.size, program, self.rtld) if isinstance(obj, ElfObject) else None
        if fault is not None:
            return fault
        if isinstance(obj, ElfObject) and cut_short(obj.segments, data.size):
            obj = read_as_mapped(self._reader, data, path, self.bits, self.little)
        if isinstance(obj, int):
            return killed(data, self.rtld) if obj == KILLED_BY_SIGBUS else UNREADABLE
        other = self._held.get((found.identity, not program))
        return other if isinstance(other, GlibcFacts) else GlibcFacts(obj, data.size)

    def is_itself(self, found: Opened | int) -> bool:
        """Whether a file of the tree is the loader's own."""
        itself = self.tree.open(self.path)
        return isinstance(found, Opened) and isinstance(itself, Opened) and itself.identity == found.identity

    def remember(self, found: Opened, obj: ElfObject) -> None:
        """Take an object that was read already from ``found``, so that it is read once."""
        program = obj.kind is Kind.EXECUTABLE
        if found.data is None or (found.identity, program) in self._held:
            return
        if not cut_short(obj.segments, found.data.size):
            fault = unmappable(obj, found.data.size, program, self.rtld)
            self._held.keep((found.identity, program), fault or GlibcFacts(obj), self.most_held)

    # --- what it is asked -----------------------------------------------------------------------------------

    def list(self, path: str, *, library_path: str = "", preload: str = "", repeats: bool = False) -> Link:
        """What ``ldd -r PATH`` prints, and its exit code.

        ``repeats`` asks for the error lines as printed: one a look-up that fails, not one a cause.
        """
        return trace(self, path, library_path, preload, repeats)

    def start(
        self,
        path: str,
        *,
        library_path: str = "",
        preload: str = "",
        loader_name: str | None = None,
        bind_now: bool = False,
        first_only: bool = False,
        secure: bool = False,
    ) -> Link:
        """What happens after the kernel has mapped program ``path`` and started this loader.

        All failures are told unless ``first_only``: the loader itself gives up at the first missing library, else
        after all missing versions, else at the first missing name. Functions that nothing gives are in
        `Link.deferred` unless the object binds at once: calling one ends the process. ``bind_now`` is LD_BIND_NOW.
        """
        if secure:  # AT_SECURE: ld.so forgets the path, and preloads that name a directory (ld.so(8))
            library_path = ""
            preload = ":".join(name for name in preload.replace(":", " ").split() if "/" not in name)
        return start(self, path, library_path, preload, loader_name, bind_now, first_only)

    def open(
        self,
        program: str | None,
        library: str,
        *,
        lazy: bool = False,
        first_only: bool = False,
        library_path: str = "",
        preload: str = "",
        loaded: Sequence[str] = (),
    ) -> Link:
        """What ``dlopen(library)`` does in a process that runs ``program``.

        ``program`` None stands for a host of which only libc is known, and what it has ``loaded`` before, by path: a
        needed name that is the soname of one is not searched for (``_dl_map_object``). With ``lazy`` (RTLD_LAZY)
        functions that nothing gives are in `Link.deferred`. `Link.exit` is 0 where a handle comes back and 127 where
        not.
        """
        return dlopen(self, program, library, lazy, first_only, preload, library_path, loaded)

    def namespace(self, path: str, mode: Mode) -> Namespace:
        """An empty process that runs ``path``."""
        if self._searches.tree is not self.tree:
            self._searches = GlibcSearches(self.tree, self.rtld, self.verify)
        return Namespace(self.rtld, self._searches, self.accept, path, mode)

    @property
    def own(self) -> GlibcFacts:
        """The loader's own symbols."""
        return self._own


def _anything(_obj: ElfObject, _name: str, _version: str | None, _sonames: tuple[str, ...]) -> bool:
    return True


def _has(_soname: str, _version: str) -> bool:
    return True
