"""The join of the line: source → objects → links → findings → verdicts → report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from muslint.advice.way_out import WayOut
from muslint.elf.facts import built_for, mapped_end, requires
from muslint.elf.object import ElfObject, Kind, Reader
from muslint.elf.relocatable import LinkNames, linkable
from muslint.elf.system import foreign_system
from muslint.errors import MalformedElf, UnreadableSource
from muslint.hosts import host_of, host_of_package
from muslint.hosts.host import Host, nearest
from muslint.libc.sonames import Sonames
from muslint.loader.environment import UNTOLD, Environment, environment_of
from muslint.loader.faults import Links, faults_of, links_of
from muslint.loader.glibc import GlibcLoader
from muslint.loader.musl import MuslLoader
from muslint.loader.named import Target, opener
from muslint.loader.needed import needed
from muslint.loader.placed import Targets, check_own
from muslint.loader.target import NOT_STARTED, Link, Message
from muslint.policy.selection import EVERYTHING, Selection
from muslint.policy.verdict import Verdict, fold
from muslint.report.report import Judged, JudgedImage, Report, TargetFacts
from muslint.report.started import judged_image
from muslint.rules import rules
from muslint.rules.finding import Finding, Severity
from muslint.rules.findings import together
from muslint.rules.label_mismatch import broken
from muslint.rules.rule import Case
from muslint.run.cache import Cache, Known, Rows, users_cache
from muslint.run.heap import give_back
from muslint.run.pool import in_order
from muslint.sources.installed import owners
from muslint.sources.labels.label import Claim
from muslint.sources.limits import Limits
from muslint.sources.memory import Memory
from muslint.sources.source import (
    Member,
    Skipped,
    Source,
    basenames,
    bytes_of,
    content_of,
    hung,
    nested,
    open_source,
    shared,
)

_IDLE = ("ar", "cpio")
"""Archives in a whole file system whose files nothing in it loads: static libraries, the kernel's initramfs."""

_FAILING = (Verdict.FAILS, Verdict.FAILS_ON_USE)

_LINKED = (Kind.EXECUTABLE, Kind.SHARED_LIBRARY)

_LARGE = 16 << 20
"""Bytes of code and data that are much: of such a file nothing is kept while remedies are tried, which seldom ask for
it."""

_HELD = 8 << 20
"""Bytes of facts that a loader keeps once everything is linked: only what a remedy is tried with is asked again."""


@dataclass(slots=True, eq=False)
class _Work:
    """One member on its way through."""

    member: Member
    object: ElfObject
    loader: MuslLoader | GlibcLoader | None
    link: Link | None = None
    host: Host | None = None
    environment: Environment = UNTOLD
    secure: bool = False
    interpreter_error: int = 0
    names: LinkNames | None = None  # of an object file

    def let_go(self) -> None:
        """Drop what only judging needed: thousands of others may follow."""
        self.object.forget()
        self.link = None


Watch = Callable[[str, int, int], object]
"""Told how far the work is: the phase, how much of it is done, and of how much."""


def check(
    source: str | Source,
    on: str | Target | None = None,
    *,
    reader: Reader | None = None,
    arch: str | None = None,
    selection: Selection = EVERYTHING,
    limits: Limits | None = None,
    jobs: int = 1,
    sonames: Sonames | None = None,
    watch: Watch = lambda *_: None,
    platform: str | None = None,
    memory: Memory | None = None,
    advise: bool = True,
    keep: bool = False,
) -> Report:
    """Judge every ELF object of ``source``, and of the archives inside it, on target ``on``, by ``jobs`` processes.

    ``arch`` leaves out objects of other architectures, ``selection`` those whose path is not wanted; both
    still count as what the others are loaded with. ``limits`` bound what is unpacked, ``platform``
    ("linux/arm64") names which images of several are meant; ``sonames`` is a package index that says which package
    gives a missing library; ``watch`` is told what goes on: phase, done, of how many. ``memory`` is what several
    checks of one opened source share; without ``advise`` no remedies are tried. To ``keep`` is to
    take what is proved of a file from the user's cache folder, and to put it there.
    Raises UnreadableSource, UnknownTarget and WrongUse.
    """
    limits = replace(limits or Limits(), platform=platform) if platform else limits
    opened = open_source(source, limits) if isinstance(source, str) else source
    targets = Targets(on, reader)
    cache = users_cache() if keep and reader is None else None
    asked = _Asked(jobs, reader, arch, selection, opened.name, sonames, watch, memory or Memory(), advise, cache)
    every: list[Judged] = []
    skipped: list[Skipped] = []
    images: list[JudgedImage] = []
    used: list[Target] = []

    for place, root in opened.places():
        if root is not None and place.kind in _IDLE:
            continue
        target = targets.of(place, root)
        elsewhere = target.name != "self" and place.closed
        environment = environment_of(place if root is None else root, elsewhere, target.name == "self")
        found = list(
            _check_place(hung(place) if elsewhere else place, target, environment, skipped, asked, root is not None)
        )
        if on == "self":
            check_own(target, opened.name, (judged.arch for judged in found if judged.kind in _LINKED))
        if place.image is not None:
            images.append(judged_image(place, _facts(target), found))
        every += found
        if found or not used:
            used.append(target)
    if not opened.members and len({target.name for target in used[1:]}) == 1:
        del used[0]  # nothing lies in the source itself: what is in it has one target
    unread = tuple(item for item in skipped if asked.wants(item.parents, item.path))
    return Report(opened.name, opened.kind, _facts(used[0]), tuple(every), unread, tuple(images))


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What the user asked for, beside the source and the target."""

    jobs: int
    reader: Reader | None
    arch: str | None
    selection: Selection
    source: str
    sonames: Sonames | None
    watch: Watch
    memory: Memory
    advise: bool
    cache: Cache | None

    def wants(self, parents: tuple[str, ...], path: str) -> bool:
        return self.selection.wants(nested(self.source, parents, path))


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """One source or archive with what its objects are judged by."""

    source: Source
    target: Target
    links: Links
    names: dict[str, tuple[str, ...]]
    lies: dict[str, tuple[Claim, ...]]
    owners: dict[str, str]
    defined: frozenset[str]  # by the object files together
    asked: _Asked
    way_out: WayOut
    shared: dict[str, dict[str, Rows]]  # what is proved of files with several names


def _check_place(
    source: Source,
    target: Target,
    environment: Environment,
    skipped: list[Skipped],
    asked: _Asked,
    in_root: bool,
) -> Iterator[Judged]:
    """Judge the objects of one source or of one archive inside it."""
    skipped += source.skipped
    work = list(_read(source, target, skipped, asked, in_root))
    if sum(mapped_end(item.object) for item in work) > _LARGE:
        give_back()
    _link_all(source, target, environment, work, asked.watch)
    links = links_of((w.link, w.object.kind is Kind.EXECUTABLE) for w in work if w.link is not None)
    defined = frozenset().union(*(item.names.defined for item in work if item.names is not None))
    lies = broken(source.claims, ((w.member.path, w.object.arch, built_for(w.object), w.object.kind) for w in work))
    place = _Place(
        source, target, links, basenames(source), lies, owners(source.tree), defined, asked,
        WayOut(target), shared(source),
    )  # fmt: skip
    wanted = [item for item in work if asked.wants(item.member.parents, item.member.display)]
    told = partial(asked.watch, "judging")
    yield from in_order(lambda item: _judge(place, item), wanted, asked.jobs, told)


def _facts(target: Target) -> TargetFacts:
    model = target.any_model
    family = model.family if model else "musl"
    return TargetFacts(target.name, family, model.version if model else None, model.provenance if model else "")


def _read(source: Source, target: Target, skipped: list[Skipped], asked: _Asked, in_root: bool) -> Iterator[_Work]:
    from muslint.elf.dynamic import read

    reader = target.reader or read
    for number, member in enumerate(source.members):
        asked.watch("reading", number, len(source.members))
        found = source.tree.open(member.path)
        if isinstance(found, int) or found.data is None:
            skipped.append(Skipped(member.display, "cannot be read", member.parents))
            continue
        try:
            obj = asked.memory.read(reader, source.tree, member.path, found.data)
        except (MalformedElf, UnreadableSource) as error:
            skipped.append(Skipped(member.display, str(error), member.parents))
            continue
        finally:
            found.data.close()
        if asked.arch is not None and obj.arch != asked.arch:
            continue
        if source.closed and target.loads_with(obj.arch, member.path):
            continue  # the loader itself is the model, not a subject
        if (system := foreign_system(obj)) is not None:
            skipped.append(Skipped(member.display, f"made for {system}, not for Linux", member.parents))
        elif obj.kind is Kind.CORE:
            skipped.append(Skipped(member.display, "a core dump", member.parents))
        elif obj.kind is Kind.RELOCATABLE:
            names, reason = linkable(found.data, source.closed or in_root)
            if names is not None:
                yield _Work(member, obj, target.loader(obj.arch), names=names)
            elif reason:
                skipped.append(Skipped(member.display, reason, member.parents))
        elif obj.kind in _LINKED and not obj.has_dynamic:
            skipped.append(Skipped(member.display, "no dynamic section", member.parents))
        elif obj.kind in _LINKED and not obj.dynamic:
            skipped.append(
                Skipped(member.display, "a separate debug file: its dynamic section holds nothing", member.parents)
            )
        else:
            loader = target.loader(obj.arch)
            if loader is not None and obj.kind in _LINKED:
                loader.remember(found, obj)
            yield _Work(member, obj, loader)


def _link_all(source: Source, target: Target, given: Environment, work: list[_Work], watch: Watch) -> None:
    done = 0
    for program in (True, False):
        for item in work:
            if item.loader is None or item.object.kind not in _LINKED:
                continue
            if (item.object.kind is Kind.EXECUTABLE) is not program:
                continue
            watch("linking", done := done + 1, len(work))
            path = source.mount + item.member.path
            if program:
                found = item.loader.tree.open(item.object.interpreter or "")
                item.interpreter_error = found if isinstance(found, int) else 0
                item.environment, item.secure = given, given.secure(item.member)
                name, stub = target.stub(item.object.interpreter, item.object.arch) or (None, "")
                item.link = item.loader.start(
                    path, library_path=given.library_path, preload=" ".join(filter(None, (stub, given.preload))),
                    loader_name=name, secure=item.secure,
                )  # fmt: skip
            else:
                item.host = _host(item)
                lazy = item.host is not None and item.host.lazy
                told = item.environment = _in_host(source, given, work, item)
                item.link = item.loader.open(
                    None, path, lazy=lazy, library_path=told.library_path, preload=told.preload, loaded=told.loaded
                )
    for loader in {item.loader for item in work if item.loader is not None}:
        loader.forget(_HELD)


def _in_host(source: Source, given: Environment, work: list[_Work], item: _Work) -> Environment:
    """What the loader is told in the process a plugin is for, with what is loaded before it, where that lies here."""
    host, arch = item.host, item.object.arch
    if host is None or not host.loads:
        return given
    others = (other for other in work if other is not item and other.object.arch == arch)
    theirs = {source.mount + o.member.path: o.object for o in others if o.object.soname in host.loads}
    if not theirs:
        return given
    path = nearest(source.mount + item.member.path, theirs)
    first = host.library_path(path) if built_for(theirs[path]) == "musl" else ""
    return replace(given, library_path=":".join(filter(None, (first, given.library_path))), loaded=(path,))


def _host(item: _Work) -> Host | None:
    symbols = item.object.symbols
    exports: list[str] = []
    imports: list[str] = []
    for name, shndx in zip(symbols.names, symbols.shndxs):
        (exports if shndx else imports).append(name)
    return host_of(item.member.path, exports, imports, item.object.needed)


def _judge(place: _Place, item: _Work) -> Judged:
    source, target = place.source, place.target
    obj, loader = item.object, item.loader
    if loader is None:
        return _unjudged(target, item)
    if item.link is not None and item.link.exit == NOT_STARTED and not item.link.scope:
        return _judged(item, Verdict.UNKNOWN, (), (), f"the loader does not take it: {item.link.errors[0]}")
    messages: tuple[Message, ...] = ()
    canonical = ""
    if item.link is not None:
        canonical = item.link.scope[_place(source, item)].canonical if item.link.scope else ""
        every = obj.kind is Kind.EXECUTABLE
        messages = tuple(
            message for message, fault in zip(item.link.messages, faults_of(item.link))
            if every or (item.link.scope and place.links.counts(canonical, fault))
        )  # fmt: skip
    proved = Known(
        place.asked.cache, lambda: content_of(source, item.member.path), place.shared.get(item.member.path, {})
    )
    case = Case(
        source.mount + item.member.path, obj, source, target.name, target.release, loader.model, item.link, messages,
        item.interpreter_error, item.host or host_of_package(source.kind),
        environment=item.environment, secure=item.secure,
        plugin=obj.kind is Kind.SHARED_LIBRARY and canonical not in place.links.used_by_program,
        basenames=place.names, sonames=place.asked.sonames, belied=place.lies.get(item.member.path, ()),
        wanted=tuple(sorted(item.names.wanted - place.defined)) if item.names is not None else (),
        data=lambda: bytes_of(source, item.member), opens=_opener(source, item),
        lasting=place.asked.memory.found(source.tree, item.member.path, mapped_end(obj)),
        proved=proved,
    )  # fmt: skip
    findings = tuple(f for rule in rules() if place.asked.memory.asks(rule.order) for f in rule.find(case))
    verdict = fold(findings)
    if not place.asked.memory.keeps and mapped_end(obj) > _LARGE:
        case.forget()
    tried = place.way_out.of(case, findings, item.member) if place.asked.advise and verdict in _FAILING else ()
    assumed = [source.display(path) for path in item.link.assumed] if item.link else []
    if item.host is not None and any(f.severity is Severity.INFO and f.rule == "symbol-unresolved" for f in findings):
        assumed.append(item.host.title)
    loaded = tuple(needed(item.link, source.display)) if item.link is not None else ()
    done = _judged(item, verdict, tuple(assumed), findings)
    proved.keep()
    if not place.asked.memory.keeps:
        case.let_go()
        item.let_go()
    return replace(done, loaded=loaded, package=place.owners.get(item.member.path), remedies=tried)


def _opener(source: Source, item: _Work) -> Callable[[str], bool] | None:
    if item.loader is None or item.link is None:
        return None
    program = source.mount + item.member.path if item.object.kind is Kind.EXECUTABLE else None
    return opener(item.loader, program, item.environment, item.secure)


def _place(source: Source, item: _Work) -> int:
    """Index of the object itself in its link: the program is first, a plugin follows its host and libc."""
    if item.object.kind is Kind.EXECUTABLE or item.link is None:
        return 0
    path = source.mount + item.member.path
    return next((n for n, m in enumerate(item.link.scope) if m.path == path), min(2, len(item.link.scope) - 1))


def _unjudged(target: Target, item: _Work) -> Judged:
    if item.object.kind in (Kind.STATIC_EXECUTABLE, Kind.STATIC_PIE):
        return _judged(item, Verdict.RUNS, (), ())
    family = "musl" if target.image is None else "glibc"
    return _judged(item, Verdict.UNKNOWN, (), (), f"{target.name} has no {family} loader for {item.object.arch}")


def _judged(
    item: _Work,
    verdict: Verdict,
    assumed: tuple[str, ...],
    findings: tuple[Finding, ...],
    reason: str | None = None,
) -> Judged:
    obj, member = item.object, item.member
    return Judged(
        member.display, member.parents, obj.arch, str(obj.kind), built_for(obj), verdict, requires(obj),
        obj.interpreter, assumed, together(findings), reason, member.layer,
    )  # fmt: skip
