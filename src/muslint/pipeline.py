"""The join of the line: source → objects → links → findings → verdicts → report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from muslint.elf.facts import built_for, requires
from muslint.elf.object import ElfObject, Kind, Readable, Reader
from muslint.errors import MalformedElf, UnreadableSource
from muslint.hosts import host_of
from muslint.hosts.host import Host
from muslint.loader.musl import MuslLoader
from muslint.loader.named import Target, parse_target
from muslint.loader.target import NOT_STARTED, Link, Message
from muslint.policy.selection import EVERYTHING, Selection
from muslint.policy.verdict import Verdict, fold
from muslint.report.report import Judged, Report, TargetFacts
from muslint.rules import rules
from muslint.rules.finding import Finding, Severity
from muslint.rules.rule import Case
from muslint.sources.source import Member, Skipped, Source, open_source

_LINKED = (Kind.EXECUTABLE, Kind.SHARED_LIBRARY)


@dataclass(slots=True)
class _Work:
    """One member on its way through."""

    member: Member
    object: ElfObject
    loader: MuslLoader | None
    link: Link | None = None
    host: Host | None = None
    interpreter_error: int = 0


_Fault = tuple[str, str, str, int]
"""What a line is about, whatever path the loader calls the object by: canonical path, kind, name, number."""


@dataclass(slots=True)
class _Links:
    """For every object: the faults that occur in each link it takes part in."""

    always: dict[str, frozenset[_Fault]] = field(default_factory=dict)
    used_by_program: set[str] = field(default_factory=set)

    def add(self, link: Link, program: bool) -> None:
        faults = frozenset(faults_of(link))
        for mapped in link.scope:
            known = self.always.get(mapped.canonical)
            self.always[mapped.canonical] = faults if known is None else known & faults
        if program:
            self.used_by_program.update(mapped.canonical for mapped in link.scope[1:])


def faults_of(link: Link) -> list[_Fault]:
    """The lines of a link in a form that can be compared with another link's, in order."""
    canonical = {mapped.path: mapped.canonical for mapped in link.scope}
    return [(canonical.get(m.object, m.object), m.kind, m.name, m.number) for m in link.messages]


def check(
    source: str,
    on: str | None = None,
    *,
    reader: Reader | None = None,
    arch: str | None = None,
    selection: Selection = EVERYTHING,
) -> Report:
    """Judge every ELF object of ``source`` on target ``on``.

    ``arch`` leaves out objects of other architectures, ``selection`` those whose path is not wanted; both
    still count as what the others are loaded with. Raises UnreadableSource and UnknownTarget.
    """
    opened = open_source(source)
    target = parse_target(on, opened.tree if _is_root(opened) else None, reader)
    if target.name != "self":
        if opened.closed:
            opened = _hung(opened)
        target.extra = ((opened.mount, opened.tree),)
    skipped: list[Skipped] = list(opened.skipped)
    work = list(_read(opened, target, skipped, arch))
    links = _link_all(opened, target, work)
    names = _basenames(opened)
    wanted = [item for item in work if selection.wants(item.member.display)]
    judged = tuple(_judge(opened, target, item, links, names) for item in wanted)
    unread = tuple(item for item in skipped if selection.wants(item.path))
    model = target.any_model
    facts = TargetFacts(target.name, "musl", model.version if model else None, model.provenance if model else "")
    return Report(source, opened.kind, facts, judged, unread)


def _is_root(source: Source) -> bool:
    from muslint.sources.directory import DirectoryTree
    from muslint.sources.folder import is_root

    return isinstance(source.tree, DirectoryTree) and source.closed and is_root(source.tree)


def _hung(source: Source) -> Source:
    """A whole file system asked about on another target: it hangs in that like any directory."""
    members = tuple(Member(m.path, m.path[1:], m.parents) for m in source.members)
    return Source(source.name, source.kind, source.tree, members, source.skipped, False, source.shown)


def _read(source: Source, target: Target, skipped: list[Skipped], arch: str | None) -> Iterator[_Work]:
    from muslint.elf.dynamic import read

    reader = target.reader or read
    for member in source.members:
        found = source.tree.open(member.path)
        if isinstance(found, int) or found.data is None:
            skipped.append(Skipped(member.display, "cannot be read", member.parents))
            continue
        try:
            obj = reader(found.data, member.path)
        except (MalformedElf, UnreadableSource) as error:
            skipped.append(Skipped(member.display, str(error), member.parents))
            continue
        finally:
            found.data.close()
        if arch is not None and obj.arch != arch:
            continue
        if source.closed and target.loads_with(obj.arch, member.path):
            continue  # the loader itself is the model, not a subject
        if obj.kind in (Kind.RELOCATABLE, Kind.CORE):
            what = "an object file (.o): no loader reads it" if obj.kind is Kind.RELOCATABLE else "a core dump"
            skipped.append(Skipped(member.display, what, member.parents))
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


def _link_all(source: Source, target: Target, work: list[_Work]) -> _Links:
    links = _Links()
    for program in (True, False):
        for item in work:
            if item.loader is None or item.object.kind not in _LINKED:
                continue
            if (item.object.kind is Kind.EXECUTABLE) is not program:
                continue
            path = source.mount + item.member.path
            if program:
                item.interpreter_error = _interpreter_error(item)
                name, preload = target.stub(item.object.interpreter, item.object.arch) or (None, "")
                item.link = item.loader.start(path, preload=preload, loader_name=name)
            else:
                item.host = _host(item)
                item.link = item.loader.open(None, path, lazy=item.host is not None and item.host.lazy)
            links.add(item.link, program)
    return links


def _interpreter_error(item: _Work) -> int:
    assert item.loader is not None
    found = item.loader.tree.open(item.object.interpreter or "")
    return found if isinstance(found, int) else 0


def _host(item: _Work) -> Host | None:
    symbols = item.object.symbols
    exports: list[str] = []
    imports: list[str] = []
    for name, shndx in zip(symbols.names, symbols.shndxs):
        (exports if shndx else imports).append(name)
    return host_of(item.member.path, exports, imports)


def _basenames(source: Source) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for member in source.members:
        found.setdefault(member.path.rpartition("/")[2], []).append(source.mount + member.path)
    return {name: tuple(paths) for name, paths in found.items()}


def _judge(source: Source, target: Target, item: _Work, links: _Links, names: dict[str, tuple[str, ...]]) -> Judged:
    obj, loader = item.object, item.loader
    if loader is None:
        return _unjudged(target, item)
    if item.link is not None and item.link.exit == NOT_STARTED:
        return _judged(item, Verdict.UNKNOWN, (), (), f"the loader does not take it: {item.link.errors[0]}")
    messages: tuple[Message, ...] = ()
    canonical = ""
    if item.link is not None:
        canonical = item.link.scope[_place(item)].canonical if item.link.scope else ""
        always = links.always.get(canonical, frozenset())
        every = obj.kind is Kind.EXECUTABLE
        messages = tuple(m for m, f in zip(item.link.messages, faults_of(item.link)) if every or f in always)
    case = Case(
        source.mount + item.member.path, obj, source, target.name, target.release, loader.model, item.link, messages,
        item.interpreter_error, item.host,
        plugin=obj.kind is Kind.SHARED_LIBRARY and canonical not in links.used_by_program,
        basenames=names, data=lambda: _bytes(source, item.member), opens=_opener(source, item),
    )  # fmt: skip
    findings = tuple(finding for rule in rules() for finding in rule.find(case))
    assumed = [source.display(path) for path in item.link.assumed] if item.link else []
    if item.host is not None and any(f.severity is Severity.INFO and f.rule == "symbol-unresolved" for f in findings):
        assumed.append(item.host.title)
    return _judged(item, fold(findings), tuple(assumed), findings)


def _opener(source: Source, item: _Work) -> Callable[[str], bool] | None:
    """Whether ``dlopen`` of a name finds a file, asked in the program; a library's program is not known."""
    loader, program = item.loader, item.object.kind is Kind.EXECUTABLE
    if loader is None or item.link is None:
        return None
    path = source.mount + item.member.path if program else None

    def opens(name: str) -> bool:
        link = loader.open(path, name, lazy=True, first_only=True)
        return not any(m.kind == "library" and m.name == name and not m.object for m in link.messages)

    return opens


def _bytes(source: Source, member: Member) -> Readable | None:
    found = source.tree.open(member.path)
    return None if isinstance(found, int) else found.data


def _place(item: _Work) -> int:
    """Index of the object itself in its link: the program is first, a plugin follows its host and libc."""
    if item.object.kind is Kind.EXECUTABLE or item.link is None:
        return 0
    return min(2, len(item.link.scope) - 1)


def _unjudged(target: Target, item: _Work) -> Judged:
    if item.object.kind in (Kind.STATIC_EXECUTABLE, Kind.STATIC_PIE):
        return _judged(item, Verdict.RUNS, (), ())
    reason = f"{target.name} has no musl loader for {item.object.arch}"
    return _judged(item, Verdict.UNKNOWN, (), (), reason)


def _judged(
    item: _Work, verdict: Verdict, assumed: tuple[str, ...], findings: tuple[Finding, ...], reason: str | None = None
) -> Judged:
    obj, member = item.object, item.member
    return Judged(
        member.display, member.parents, obj.arch, str(obj.kind), built_for(obj), verdict, requires(obj),
        obj.interpreter, assumed, findings, reason,
    )  # fmt: skip
