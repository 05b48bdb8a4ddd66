"""What becomes of an object when something is changed: the same loader and the same rules, asked again.

A change is tried, not believed: the target gets the package, the file the other interpreter, and what the rules of
`check` find then is what is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from muslint.advice.rewrite import Changes
from muslint.elf.object import ElfObject
from muslint.errors import UnknownTarget
from muslint.loader.faults import faults_of
from muslint.loader.glibc import GlibcLoader
from muslint.loader.musl import MuslLoader
from muslint.loader.named import Target, opener, parse_target
from muslint.loader.scope import Facts
from muslint.loader.target import NOT_STARTED, Link, Opened, Tree
from muslint.rules import rules
from muslint.rules.finding import Finding, Severity, When
from muslint.rules.rule import Case, Rule
from muslint.sources.source import MOUNT

_NOT_OURS = frozenset({"label-mismatch", "link-missing", "static-glibc"})
"""What a label says, and what is not loaded, changes with none of these."""

_HELD = 4 << 20
"""Bytes of facts that the loader of a changed target keeps: there may be a dozen of them, each asked now and then."""

_TAKES_OVER = {"gnu-libiconv": "iconv", "gcompat": "abi-strerror-r-gnu"}
"""Shims whose functions behave as glibc's do, and the behaviour rules about those."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something to do to the target or to the file."""

    packages: tuple[str, ...] = ()  # added to those the target has
    release: str | None = None  # another Alpine release
    preload: tuple[str, ...] = ()  # paths for LD_PRELOAD
    edit: Changes = field(default_factory=Changes)
    image: str | None = None  # another base image altogether
    libraries: tuple[str, ...] = ()  # sonames that the packages bring to another image, taken to give what is asked

    def __or__(self, other: Change) -> Change:
        edit = Changes(
            other.edit.interpreter or self.edit.interpreter,
            other.edit.rpath or self.edit.rpath,
            _both(self.edit.drop_needed, other.edit.drop_needed),
            stack_size=other.edit.stack_size or self.edit.stack_size,
        )
        packages, preload = _both(self.packages, other.packages), _both(self.preload, other.preload)
        libraries = _both(self.libraries, other.libraries)
        return Change(packages, other.release or self.release, preload, edit, other.image or self.image, libraries)


def _both(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))


class _Edited:
    """A tree in which one file is another."""

    def __init__(self, tree: Tree, path: str, opened: Opened) -> None:
        self._tree, self._path, self._opened = tree, path, opened

    def open(self, path: str) -> Opened | int:
        """Open the changed file under its path, any other as it is."""
        found = self._tree.open(path)
        if isinstance(found, Opened) and found.path == self._path:
            if found.data is not None:
                found.data.close()
            return self._opened
        return found


@dataclass(slots=True, eq=False)
class Trials:
    """The changed targets of one place, shared by all its objects."""

    target: Target
    _targets: dict[object, Target] = field(default_factory=dict)
    links: int = 0  # how many were asked for

    def changed(self, change: Change) -> Target:
        """The target with the change made to it."""
        key = (change.packages, change.libraries, change.release, change.image)
        if key not in self._targets:
            if change.image is not None:
                hung = ((MOUNT, self.target.root),) if self.target.root is not None else ()
                other = replace(parse_target(change.image, None, self.target.reader), extra=(*hung, *self.target.extra))
                other = _with(other, change.libraries)
            elif not change.packages and change.release is None:
                other = self.target
            else:
                other = self.target.changed(_both(self.target.packages, change.packages), change.release)
            self._targets[key] = other
        return self._targets[key]

    def _loader(self, target: Target, arch: str) -> MuslLoader | GlibcLoader | None:
        loader, known = target.loader(arch), self.target.loader(arch)
        if loader is not None and loader is not known:
            loader.most_held = _HELD
            if isinstance(loader, MuslLoader) and isinstance(known, MuslLoader):
                loader.learn_from(known)
        return loader

    def left(self, case: Case, findings: Iterable[Finding], change: Change) -> tuple[Finding, ...] | None:
        """What still stands against the object of ``case`` once ``change`` is made.

        ``findings`` are those without it. None where the changed target has no loader for the object, or is none.
        """
        try:
            target = self.changed(change)
            loader = self._loader(target, case.model.arch)
        except UnknownTarget:
            return None  # another release has no such package
        if loader is None:
            return None
        self.links += 1
        _take_over(case, findings)
        if change.image is not None and self.target.root is not None and not case.path.startswith(MOUNT):
            case = replace(case, path=MOUNT + case.path)  # a whole file system hangs in another image
        obj, tree = case.object, loader.tree
        found = tree.open(case.path)
        if isinstance(found, int):
            return None  # it would not be there
        if found.data is not None:
            found.data.close()
        _recall(case, loader, found, obj)
        if change.edit:
            obj = edited(obj, change.edit)
            identity = ("edited", found.identity, change.edit)
            copy = Opened(found.path, identity, False, None, obj)
            _recall(case, loader, copy, obj)
            loader.tree = _Edited(tree, found.path, copy)
        try:
            again = _case(case, obj, target, loader, change)
            if again.link is not None and again.link.exit == NOT_STARTED and not again.link.scope:
                return None
            left = tuple(_found(again, findings, change))
            for mapped in again.link.scope if again.link is not None else ():
                if mapped.object is not None:
                    mapped.object.forget()
            return left
        finally:
            loader.tree = tree
            if loader is not self.target.loader(case.model.arch):
                loader.forget(loader.most_held)  # the object itself may be the largest of all


def _recall(case: Case, loader: MuslLoader | GlibcLoader, found: Opened, obj: ElfObject) -> None:
    """Have the object's names read once for all trials: of a large one they are more than a loader keeps."""
    if not isinstance(loader, MuslLoader):
        return
    if "facts" not in case.kept:
        case.kept["facts"] = loader.accept(found)
    known = case.kept["facts"]
    if isinstance(known, Facts):
        loader.recall(found, known.object if obj is case.object else obj, known.exports)


def _with(target: Target, sonames: tuple[str, ...]) -> Target:
    """An image with some libraries more."""
    image = target.image
    if image is None or not sonames:
        return target
    given = {name: name in sonames for name in ("libgcc_s.so.1", "libstdc++.so.6")}
    image = replace(
        image, libgcc=image.libgcc or given["libgcc_s.so.1"], libstdcxx=image.libstdcxx or given["libstdc++.so.6"],
        extra=tuple(name for name in sonames if name not in given),
    )  # fmt: skip
    return replace(target, image=image)


def edited(obj: ElfObject, changes: Changes) -> ElfObject:
    """The object as `muslint.advice.fix` would write it, as far as a loader can tell."""
    stack = obj.gnu_stack
    if changes.stack_size is not None and stack is not None:
        stack = stack._replace(memsz=changes.stack_size)
    interpreter = changes.interpreter if changes.interpreter is not None else obj.interpreter
    return replace(
        obj,
        interpreter=interpreter,
        mapped_interpreter=interpreter if obj.mapped_interpreter is not None else None,
        needed=tuple(name for name in obj.needed if name not in changes.drop_needed),
        runpath=obj.runpath if changes.rpath is None else changes.rpath,
        gnu_stack=stack,
    )


def _case(case: Case, obj: ElfObject, target: Target, loader: MuslLoader | GlibcLoader, change: Change) -> Case:
    """The case again, with what the changed target's loader does."""
    given = case.environment
    preloaded = (*change.preload, *([given.preload] if given.preload else ()))
    error = 0
    if case.program:
        found = loader.tree.open(obj.interpreter or "")
        error = found if isinstance(found, int) else 0
        name, stub = target.stub(obj.interpreter, obj.arch) or (None, "")
        link = loader.start(
            case.path, library_path=given.library_path, preload=" ".join(filter(None, (stub, *preloaded))),
            loader_name=name, secure=case.secure,
        )  # fmt: skip
    else:
        lazy = case.host is not None and case.host.lazy and case.link is not None
        link = loader.open(
            None, case.path, lazy=lazy, library_path=given.library_path, preload=" ".join(preloaded),
            loaded=given.loaded,
        )  # fmt: skip
    counted = set(faults_of(case.link)) if case.link is not None else set()
    ours = {f for m, f in zip(case.link.messages, faults_of(case.link)) if m in case.messages} if case.link else set()
    messages = tuple(m for m, f in zip(link.messages, faults_of(link)) if f in ours or f not in counted)
    return replace(
        case, object=obj, target=target.name, release=target.release, model=loader.model, link=link,
        messages=messages, interpreter_error=error, kept=_kept(case, obj, link, loader),
        opens=opener(loader, case.path if case.program else None, given, case.secure),
        proved=case.proved if obj is case.object and loader.model.version == case.model.version else None,
    )  # fmt: skip


def _kept(case: Case, obj: ElfObject, link: Link, loader: MuslLoader | GlibcLoader) -> dict[str, object]:
    """What was read of the object's code and constants, for the changed target."""
    kept: dict[str, object] = {"behaviour": case.kept["behaviour"]}
    if "opened" in case.kept:
        kept["opened"] = case.kept["opened"]
    scene = case.kept.get("scene")
    if scene is not None:
        kept["scene"] = replace(scene, object=obj, musl=loader.model.version, link=link)
    return kept


def _found(case: Case, before: Iterable[Finding], change: Change) -> Iterable[Finding]:
    """What the rules find: all load rules, and of the others those that found something before."""
    fired = {f.rule for f in before if f.when is When.RUN and stands(f)}
    over = [rule for package, rule in _TAKES_OVER.items() if _serves(package, change, case)]
    for rule in rules():
        if rule.id in _NOT_OURS or any(rule.id.startswith(prefix) for prefix in over):
            continue
        if rule.when is not When.RUN:
            yield from (finding for finding in rule.find(case) if stands(finding))
        elif rule.id in fired:
            yield from (finding for finding in _behaves(case, rule) if stands(finding))


_OF_LINK = frozenset({"ld-symbol-versions"})
"""Behaviour rules that look at what was loaded; the others look at the object and musl's release alone."""
_OF_STACK = frozenset({"thread-default-stack"})
"""Those that look at the size of PT_GNU_STACK, which a change may set."""


def _behaves(case: Case, rule: Rule) -> tuple[Finding, ...]:
    """What a behaviour rule finds, asked once for each release of musl."""
    known, key = case.kept["behaviour"], _circumstances(case, rule.id)
    if key not in known or rule.id in _OF_LINK:
        known[key] = tuple(rule.find(case))
    return known[key]  # type: ignore[no-any-return]


def _circumstances(case: Case, rule: str) -> tuple[object, ...]:
    """What the findings of a behaviour rule depend on, beside the object's code and constants."""
    stack = case.object.gnu_stack if rule in _OF_STACK else None
    return rule, case.model.family, case.model.version, stack.memsz if stack is not None else None


def _take_over(case: Case, findings: Iterable[Finding]) -> None:
    """Note what the behaviour rules found before anything was changed: each finds one thing at most."""
    if "behaviour" not in case.kept:
        found = [finding for finding in findings if finding.when is When.RUN]
        case.kept["behaviour"] = {_circumstances(case, finding.rule): (finding,) for finding in found}


def _serves(package: str, change: Change, case: Case) -> bool:
    """Whether a shim of this package stands before libc: preloaded, or by the stub that starts the program."""
    if package not in change.packages:
        return False
    return bool(change.preload) if package != "gcompat" else case.program and change.edit.interpreter is None


def stands(finding: Finding) -> bool:
    """Whether a finding counts against its object."""
    return finding.severity is not Severity.INFO and finding.suppressed is None


def about(finding: Finding) -> str:
    """What is left, in a word: a name, a library, a version; of behaviour, the rule."""
    if finding.when is When.RUN:
        return finding.rule
    return finding.symbol or finding.version or finding.library or finding.rule
