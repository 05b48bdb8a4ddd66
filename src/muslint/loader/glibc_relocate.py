"""What the loader says when it relocates (glibc ``dl-reloc.c``, ``dl-lookup.c``, ``dl-machine.h``).

Whether a name is found depends only on whether *some* object of the scope has it, so the test is on sets of names;
the entries are walked one by one only where something is missing, or where which object answers matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from muslint.elf.object import STB_WEAK, ElfObject
from muslint.loader.glibc_bind import HIDDEN_REFERENCE, GlibcFacts, Missing, Needed, References, Wanted, binds_here
from muslint.loader.glibc_map import Fatal, LinkMap, Mode, Namespace
from muslint.loader.glibc_types import Types
from muslint.loader.scope import SIGSEGV
from muslint.loader.target import Message
from muslint.loader.written import Pages

Assume = Callable[[ElfObject, str, "str | None", tuple[str, ...]], bool]
"""Whether libraries known only by name (their sonames) may be taken to give an object a name of some version."""

_PROTECTED = 3  # STV_PROTECTED


class Scope:
    """The search list of the program: what every object of one link gives."""

    def __init__(self, maps: list[LinkMap]) -> None:
        self.maps = [m for m in maps if m.facts is not None]
        self.facts = {m.facts.serial: m.facts for m in self.maps if m.facts is not None}
        self.serials = frozenset(self.facts)
        self.unseen = tuple(m for m in maps if m.assumed)
        """Objects known only by name."""
        self.untabled = [m for m in self.maps if m.facts is not None and not m.facts.versioned]
        """Objects without version tables of any kind."""


def missing(facts: GlibcFacts, types: Types, scope: Scope) -> Missing:
    """What the scope leaves unresolved of an object's needs.

    The same library meets the same others in link after link, so each pair is tested once, and what stays missing is
    worked out once for each set of givers (`GlibcFacts.settled`).
    """
    wanted = facts.references(types)
    if not wanted.calls and not wanted.data:
        return _NOTHING
    fresh = scope.serials - facts.tested
    if fresh:
        facts.tested |= fresh
        facts.givers.update(serial for serial in fresh if _gives(scope.facts[serial], wanted.calls, wanted.data))
    givers = scope.serials & facts.givers
    found = facts.settled.get(givers)
    if found is None:
        calls, data = dict(wanted.calls), dict(wanted.data)
        for serial in givers:
            _take(calls, scope.facts[serial], False)
            _take(data, scope.facts[serial], True)
        found = facts.settled[givers] = Missing(calls, data)
    return found


_NOTHING = Missing({}, {})


def _gives(giver: GlibcFacts, calls: Needed, data: Needed) -> bool:
    """Whether an object gives any of these names."""
    for needed, addresses in ((calls, False), (data, True)):
        for version, names in needed.items():
            sets = giver.definitions.of(version)
            if addresses:
                sets += giver.undefined.of(version)
            if not all(names.isdisjoint(found) for found in sets):
                return True
    return False


def _take(needed: dict[str | None, frozenset[str]], giver: GlibcFacts, addresses: bool) -> None:
    for version, names in list(needed.items()):
        for found in giver.definitions.of(version) + (giver.undefined.of(version) if addresses else ()):
            names = names - found
        if names:
            needed[version] = names
        else:
            del needed[version]


class Found(NamedTuple):
    """The definition a look-up ends at."""

    loaded: LinkMap
    at: int  # index of the symbol


def find(scope: Scope, wanted: Wanted, requester: LinkMap) -> Found | None:
    """The definition one reference binds to, object by object in search order (``do_lookup_x``)."""
    maps = scope.maps
    if requester.facts is not None and requester.facts.symbolic and not requester.program:
        maps = [requester, *maps]
    for loaded in maps:
        if wanted.handled == "COPY" and loaded.program:
            continue
        facts = loaded.facts
        assert facts is not None
        sets = facts.definitions.of(wanted.version)
        if wanted.handled != "PLT":
            sets += facts.undefined.of(wanted.version)
        if any(wanted.name in names for names in sets):
            return Found(loaded, _index(facts, wanted))
    return None


def _index(facts: GlibcFacts, wanted: Wanted) -> int:
    """Which entry of an object's table it is, of those with the name."""
    symbols = facts.object.symbols
    chain = [i for i in symbols.chain(wanted.name) if facts.own[i] or (wanted.handled != "PLT" and symbols.values[i])]
    versyms = symbols.versyms
    if versyms is not None and facts.versioned:
        version = wanted.version.rstrip(HIDDEN_REFERENCE) if wanted.version else None
        exact = [i for i in chain if facts.version_of(versyms[i]) == version]
        chain = exact or [i for i in chain if versyms[i] < 0x8000] or chain
    return chain[0] if chain else 0


class Relocation:
    """The relocation of all objects of one link, in order."""

    def __init__(
        self, space: Namespace, scope: Scope, types: Types, repeats: bool = False, assume: Assume | None = None
    ) -> None:
        """``repeats``: a line for each look-up that fails, as the loader prints them, not one a cause."""
        self.space, self.scope, self.types, self.repeats, self.assume = space, scope, types, repeats, assume

    def lines(self, loaded: LinkMap) -> Iterator[Message]:
        """What is said about one object, in order; raises Fatal where the loader gives up or dies."""
        facts = loaded.facts
        if facts is None:
            return
        if facts.headless:
            raise Fatal(None, -SIGSEGV)
        lacking = missing(facts, self.types, self.scope)
        if lacking and self.scope.unseen and self.assume is not None:
            lacking = self._lean(loaded, facts, lacking, self.assume)
        wanted = facts.references(self.types)
        cut = loaded.highest is not None and facts.object.symbols.versyms is not None
        if cut and not loaded.highest:
            yield from self._without_table(loaded, facts, lacking)
            return
        if facts.astray is not None:
            yield from self._until_death(loaded, facts, facts.astray, lacking)
            return
        asserts = self._asserting(facts)
        special = bool(asserts or wanted.copies or wanted.odd or loaded.program)
        if not lacking and not special:
            return
        for want, fresh in self._walk(facts, wanted):
            if asserts:
                self._check(loaded, want, asserts)
            yield from self._entry(loaded, want, lacking, fresh)

    def _until_death(self, loaded: LinkMap, facts: GlibcFacts, mapping: Pages, lacking: Missing) -> Iterator[Message]:
        """The lines of an object some relocation of which lies where nothing can be written, up to that one.

        What is not found is told and written too, as 0.
        """
        total = len(facts.object.symbols)
        known = {(want.type, want.at): want for want in facts.references(self.types).order}
        for table in self.types.tables(facts.object):
            for entry in table:
                want = known.get((entry.type, entry.symbol if entry.symbol < total else 0))
                if want is not None:
                    yield from self._entry(loaded, want, lacking, True)
                signal = mapping.killed_at(entry.offset) if entry.type else 0
                if signal:
                    raise Fatal(None, -signal)

    def _lean(self, loaded: LinkMap, facts: GlibcFacts, lacking: Missing, assume: Assume) -> Missing:
        """Take out what libraries known only by name are taken to give, and remember who leans on them."""
        sonames = tuple(m.names[0] for m in self.scope.unseen)
        left = [
            {v: frozenset(n for n in names if not assume(facts.object, n, v, sonames)) for v, names in needed.items()}
            for needed in lacking
        ]
        if left != list(lacking):
            loaded.leans = True
        calls, data = ({v: names for v, names in needed.items() if names} for needed in left)
        return Missing(calls, data)

    def _leans(self, loaded: LinkMap, want: Wanted) -> bool:
        """Whether a library known only by name is taken to give the one name, as a copied ``std::cout`` needs."""
        if not self.scope.unseen or self.assume is None or loaded.object is None:
            return False
        version = want.version.rstrip(HIDDEN_REFERENCE) if want.version else None
        given = self.assume(loaded.object, want.name, version, tuple(m.names[0] for m in self.scope.unseen))
        loaded.leans |= given
        return given

    def _walk(self, facts: GlibcFacts, wanted: References) -> Iterator[tuple[Wanted, bool]]:
        """The references in order, and whether each is looked up: the loader remembers the last symbol's answer."""
        if not self.repeats:
            yield from ((want, True) for want in wanted.order)
            return
        known = {(want.type, want.at): want for want in wanted.order}
        symbols, total = facts.object.symbols, len(facts.object.symbols)
        last = (-1, "")
        for table in self.types.tables(facts.object):
            for kind, index in table.all_references():
                at = index if index < total else 0
                handled = self.types.classes.get(kind)
                if handled == "NONE":
                    continue
                fresh = False
                if total and not binds_here(symbols.infos[at], symbols.others[at]):
                    # Until 2.34 GLOB_DAT was a class of its own (ELF_RTYPE_CLASS_EXTERN_PROTECTED_DATA).
                    apart = kind == self.types.glob_dat and self.space.rtld.release < (2, 35)
                    this = at, handled if handled in ("PLT", "COPY") else "GLOB_DAT" if apart else "DATA"
                    fresh, last = this != last, this
                want = known.get((kind, at))
                if want is not None:
                    yield want, fresh

    def _entry(self, loaded: LinkMap, want: Wanted, lacking: Missing, fresh: bool) -> Iterator[Message]:
        if want.handled not in ("PLT", "DATA"):
            yield from self._odd(loaded, want, fresh)
        elif want.name and not want.weak and lacking.has(want):
            if fresh:
                yield self.undefined(loaded, want)
        elif fresh and loaded.program and want.handled == "PLT" and self.space.rtld.release >= (2, 35):
            yield from self._direct(loaded, want)

    def undefined(self, loaded: LinkMap, want: Wanted) -> Message:
        """The line for a name that nothing gives."""
        version = f", version {want.version.rstrip(HIDDEN_REFERENCE)}" if want.version else ""
        shown = self.space.shown(loaded)
        text = f"undefined symbol: {want.name}{version}"
        if self.space.mode is Mode.TRACE:
            text = f"{text}\t({shown})"
        else:
            text = f"{'' if self.space.opening else f'{self.space.argv0}: symbol lookup error: '}{shown}: {text}"
        return Message(text, "symbol", shown, want.name, 0, self._reference(want))

    def _reference(self, want: Wanted) -> str:
        if want.type == self.types.jump_slot:
            return "PLT"
        return {"PLT": "TLS", "DATA": "GOT"}.get(want.handled or "", want.handled or "")

    def _odd(self, loaded: LinkMap, want: Wanted, fresh: bool) -> Iterator[Message]:
        """Copies, sizes, 32-bit addresses, and types the loader does not know."""
        found = find(self.scope, want, loaded) if want.name else None
        if found is None and want.name and not want.weak and fresh and not self._leans(loaded, want):
            yield self.undefined(loaded, want)
        if want.handled is None:
            raise self._bad_type(loaded, want.type)
        if want.handled == "SIZE" and found is None and want.name:
            raise Fatal(None, -SIGSEGV)
        if want.handled == "NARROW":
            yield from self._narrow(loaded, want, found)
        if want.handled != "COPY" or found is None or found.loaded.object is None:
            return
        if self.space.rtld.release >= (2, 35) and _visibility(found.loaded.object, found.at) == _PROTECTED:
            text = f"copy relocation against non-copyable protected symbol `{want.name}' in `{found.loaded.name}'"
            yield self._warning(f"warning: {text}", loaded, want)
        theirs = _size(found.loaded.object, found.at)
        ours = _size(loaded.object, want.at) if loaded.object is not None else theirs
        if found.loaded.object.segments and (theirs > ours or (theirs < ours and self.space.mode is Mode.TRACE)):
            text = f"Symbol `{want.name}' has different size in shared object, consider re-linking"
            yield self._warning(f"{self.space.argv0}: {text}", loaded, want)

    def _narrow(self, loaded: LinkMap, want: Wanted, found: Found | None) -> Iterator[Message]:
        """A 32-bit relocation: libraries lie above 4 GiB and near each other, a program at a fixed address far off."""
        relative = want.type == 2  # R_X86_64_PC32
        low = found is None or (found.loaded.object is not None and found.loaded.object.ident.type == 2)
        here = loaded.object is not None and loaded.object.ident.type == 2
        if want.name and (low != here if relative else not low):
            kind = "R_X86_64_PC32" if relative else "R_X86_64_32"
            text = f"{self.space.argv0}: Symbol `{want.name}' causes overflow in {kind} relocation"
            yield self._warning(text, loaded, want)

    def _direct(self, loaded: LinkMap, want: Wanted) -> Iterator[Message]:
        """The program has its own address for a function that a library keeps to itself (``dl-protected.h``)."""
        obj = loaded.object
        if obj is None or not obj.symbols.values[want.at] or obj.symbols.shndxs[want.at] or not want.name:
            return
        found = find(self.scope, want, loaded)
        if found is None or found.loaded.object is None or _visibility(found.loaded.object, found.at) != _PROTECTED:
            return
        owner = found.loaded.name
        text = f"direct reference to protected function `{want.name}' in `{owner}' may break pointer equality"
        yield self._warning(f"warning: {text}", loaded, want)

    def _warning(self, text: str, loaded: LinkMap, want: Wanted) -> Message:
        return Message(text, "warning", self.space.shown(loaded), want.name, want.type, self._reference(want))

    def _bad_type(self, loaded: LinkMap, kind: int) -> Fatal:
        digits = f"{kind & 0xFFFFFFFF:08x}" if kind > 0xFF else f"{kind:02x}"
        failure = self.space.fail("type", f"unexpected reloc type 0x{digits}", loaded.name, 0)
        assert failure.message is not None
        shown = self.space.shown(loaded)
        return Fatal(failure.message._replace(object=shown, number=kind))

    # --- version tables that are not there ------------------------------------------------------------------

    def _without_table(self, loaded: LinkMap, facts: GlibcFacts, lacking: Missing) -> Iterator[Message]:
        """Every needed file with versions is missing: no table is made, and the first use of one kills the loader."""
        symbols = facts.object.symbols
        versyms = symbols.versyms or ()
        for table in self.types.tables(facts.object):
            for kind, index in table.references():
                if index >= len(symbols):
                    continue
                if self.types.classes.get(kind) == "NONE" or binds_here(symbols.infos[index], symbols.others[index]):
                    continue
                if versyms[index] & 0x7FFF:
                    raise Fatal(None, -SIGSEGV)
                weak = symbols.infos[index] >> 4 == STB_WEAK
                want = Wanted(symbols.names_of([index])[0], None, self.types.classes.get(kind), kind, index, weak)
                if want.handled in ("PLT", "DATA") and not weak and lacking.has(want):
                    yield self.undefined(loaded, want)

    def _asserting(self, facts: GlibcFacts) -> list[LinkMap]:
        """Objects without version tables that a DT_VERNEED of ``facts`` names (``check_match`` before 2.41)."""
        if self.space.rtld.release >= (2, 41) or not self.scope.untabled or not facts.files:
            return []
        return [m for m in self.scope.untabled if any(m.is_called(name) for name in facts.files)]

    def _check(self, loaded: LinkMap, want: Wanted, suspects: list[LinkMap]) -> None:
        if want.version is None or not want.name or loaded.facts is None:
            return
        found = find(self.scope, want, loaded)
        if found is None or found.loaded not in suspects:
            return
        files = {
            v.library for _, v in loaded.facts.object.version_needs if v.name == want.version.rstrip(HIDDEN_REFERENCE)
        }
        if any(found.loaded.is_called(name) for name in files):
            line = 111 if self.space.rtld.release < (2, 35) else 107
            text = (
                f"Inconsistency detected by ld.so: dl-lookup.c: {line}: check_match: Assertion "
                "`version->filename == NULL || ! _dl_name_match_p (version->filename, map)' failed!"
            )
            raise Fatal(Message(text, "assertion", self.space.shown(loaded), want.name))


def _visibility(obj: ElfObject, index: int) -> int:
    return obj.symbols.others[index] & 3


def _size(obj: ElfObject, index: int) -> int:
    return obj.symbols[index].size
