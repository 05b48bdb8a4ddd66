"""The least change that is enough: what a failing object is offered, each way out tried before it is offered.

What is tried follows from what is missing: packages that hold a library, shims that give a name, changes `muslint fix`
can make, a later Alpine, another base image, a rebuild. Where no single one is enough they are tried together and
what is not needed is taken out again.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace

from muslint.advice.base import are, some
from muslint.advice.downloads import downloads
from muslint.advice.fix import suggested
from muslint.advice.other_image import other_image
from muslint.advice.rebuilt import rebuilds
from muslint.advice.rewrite import Changes
from muslint.advice.trial import Change, Trials, about
from muslint.elf.object import Kind
from muslint.libc.musl import alpine_releases
from muslint.libc.published import add, published
from muslint.libc.shims import STUBS, Shim, shim
from muslint.libc.sonames import provider
from muslint.rules.finding import Effect, Finding, Tried, When
from muslint.rules.rule import Case

PATH = "\0PATH\0"
"""Stands for the object's path in commands, so that one answer serves all objects that fail alike."""

_ROUNDS = 3
_SHOWN = 3  # libraries that are named
_PRELOADED = ("libucontext", "libexecinfo", "musl-obstack", "musl-fts", "libtirpc")
_STACK = 8 << 20  # bytes: glibc's usual default
_OF_RELEASE = frozenset({"symbol-too-new", "symbol-runtime", "relr-unsupported", "library-missing"})
"""Rules whose findings another release of Alpine may settle."""

Left = tuple[Finding, ...]


def ways_out(case: Case, findings: Iterable[Finding], trials: Trials) -> tuple[Tried, ...]:
    """What may be done about the findings of one object, what is enough first; `PATH` stands for its path.

    Nothing is offered that changes nothing.
    """
    told = tuple(finding for finding in findings if finding.decides and finding.rule != "label-mismatch")
    search = _Search(case, told, trials)
    # What a linker will say of an object file changes with no loader.
    linked = case.object.kind is Kind.RELOCATABLE
    found = [] if linked else [*search.on_this_release(), *search.on_a_later_one(), *search.elsewhere()]
    if case.model.family == "musl" and case.built_for != "musl":
        found += [*rebuilds(case, told, search.release), *downloads(case)]
    order = (Effect.CURES, Effect.HELPS, Effect.HIDES, Effect.UNTRIED)
    return tuple(sorted(dict.fromkeys(found), key=lambda way: order.index(way.effect)))


def _stock(trials: Trials) -> str | None:
    """The Alpine release whose packages can be added to the target."""
    from muslint.loader.named import alpine_of

    target = trials.target
    return target.release or (alpine_of(target.root) if target.root is not None else None)


class _Search:
    """The trials of one object; only lives inside `ways_out`."""

    def __init__(self, case: Case, told: Left, trials: Trials) -> None:
        self.case, self.told, self.trials = case, told, trials
        self.release = _stock(trials) if case.model.family == "musl" else None
        self.known: dict[Change, Left | None] = {Change(): told}
        self.unopened: dict[Change, tuple[str, ...]] = {}  # libraries it opens by name that are not there then
        self.best: Change = Change()

    def left(self, change: Change) -> Left | None:
        """What is left after a change, of what moves the verdict; asked once."""
        if change not in self.known:
            found = self.trials.left(self.case, self.told, change)
            self.known[change] = None if found is None else tuple(finding for finding in found if finding.decides)
            others = (finding.library for finding in found or () if not finding.decides and not finding.unlisted)
            self.unopened[change] = tuple(dict.fromkeys(filter(None, others)))
        return self.known[change]

    def better(self, change: Change, than: int) -> bool:
        """Whether less is left than ``than`` findings."""
        left = self.left(change)
        return left is not None and len(left) < than

    def on_this_release(self) -> Iterator[Tried]:
        """Packages, preloads and changes to the file, on the target as it is: alone, then together."""
        if self.case.model.family != "musl":
            return
        every = self.changes(self.told, self.release)
        single = [change for change in every if self.better(change, len(self.told))]
        enough = [change for change in single if self.settles(change)]
        if not enough:
            joined = [self.together(every, stub) for stub in (True, False)]
            joined = [change for change in dict.fromkeys(joined) if self.better(change, len(self.told))]
            enough = [change for change in joined if self.settles(change)]
            single = list(dict.fromkeys([*joined, *single]))
        single.sort(key=lambda change: (len(self.left(change) or ()), len(change.packages) + len(change.preload)))
        self.best = (enough or single or [Change()])[0]
        partial = [change for change in single if change not in enough]
        # What most people try first is told even where there is better.
        tempting = [change for change in partial if change == Change(packages=("gcompat",))]
        for change in (*enough, *(partial[:1] if not enough else ()), *tempting):
            yield self.told_of(change)

    def named(self, change: Change) -> str | None:
        """What `--on` calls the changed target, where it is another one and has a name."""
        other = self.trials.changed(change)
        return other.name if other.root is None and other is not self.trials.target else None

    def settles(self, change: Change) -> bool:
        """Whether a change is enough, and not by stubs alone."""
        return not self.left(change) and self.left(change) is not None and not self.stubs(change)

    def together(self, single: list[Change], stub: bool) -> Change:
        """All of them at once, with gcompat's stub or with another interpreter, less what is not needed."""
        change = Change()
        for other in single:
            if (other.edit.interpreter is not None) is stub and _is_start(other):
                continue
            change = change | other
        for _ in range(_ROUNDS):
            left = self.left(change) or ()
            more = [c for c in self.changes(left, self.release) if not _is_start(c)]
            grown = change
            for other in more:
                grown = grown | other
            if grown == change or self.left(grown) is None:
                break
            change = grown
        return self.pruned(change)

    def pruned(self, change: Change) -> Change:
        """The change without the parts that make no difference."""
        left = self.left(change)
        if left is None:
            return change
        for smaller in _without_one(change):
            # What was taken out before must stay out.
            again = _common(change, smaller)
            if again != change and (now := self.left(again)) is not None and len(now) <= len(left):
                change, left = again, now
        return change

    def changes(self, findings: Iterable[Finding], release: str | None) -> list[Change]:
        """Every single change that may settle some of these findings."""
        findings = tuple(findings)
        found: list[Change] = []
        if release is not None:
            found += self.packages(findings, release)
            found += self.shims(findings, release)
        loader = f"/lib/ld-musl-{self.case.model.arch}.so.1"
        edit = suggested(self.case.object, findings, loader, self.places(findings))
        if edit:
            found.append(Change(edit=edit))
        if any(f.rule == "thread-default-stack" for f in findings) and self.case.object.gnu_stack is not None:
            found.append(Change(edit=Changes(stack_size=_STACK)))
        return found

    def places(self, findings: Iterable[Finding]) -> dict[str, str]:
        """For a library that lies where the loader does not look: the rpath that finds it."""
        here = posixpath.dirname(self.case.path)
        found = {}
        for finding in findings:
            places = self.case.basenames.get((finding.library or "").rpartition("/")[2], ())
            if finding.rule == "library-off-path" and places and finding.library:
                way = posixpath.relpath(posixpath.dirname(places[0]), here or "/")
                found[finding.library] = "$ORIGIN" if way == "." else f"$ORIGIN/{way}"
        return found

    def packages(self, findings: Iterable[Finding], release: str) -> Iterator[Change]:
        names: dict[str, None] = {}
        for finding in findings:
            if finding.rule == "library-missing" and finding.library:
                row = (self.case.sonames.provider if self.case.sonames else provider)(finding.library, release)
                if row is not None and row.package not in (None, "musl", "gcompat"):
                    names[str(row.package)] = None
        if "libstdc++" in names:
            names.pop("libgcc", None)  # comes with it
        if names:
            yield Change(packages=tuple(sorted(names)))

    def shims(self, findings: tuple[Finding, ...], release: str) -> Iterator[Change]:
        arch, has = self.case.model.arch, self.trials.target.packages
        wanted = {f.symbol for f in findings if f.symbol and f.when is not When.RUN}
        libraries = {f.library for f in findings if f.library and not f.symbol}
        gcompat = None if "gcompat" in has else shim("gcompat", release, arch)
        if gcompat is not None and (libraries & _files(gcompat) or wanted & gcompat.exports):
            yield Change(packages=("gcompat",))
            if not self.case.program and wanted & gcompat.exports:
                yield Change(packages=("gcompat",), preload=(gcompat.libraries[0].path,))
        for name in _PRELOADED:
            known = shim(name, release, arch)
            if known is not None and known.libraries and wanted & known.exports:
                yield Change(packages=(known.package,), preload=(known.libraries[0].path,))
        if any(f.rule.startswith("iconv-") for f in findings) and (known := shim("gnu-libiconv", release, arch)):
            yield Change(packages=(known.package,), preload=(known.libraries[0].path,))

    def on_a_later_one(self) -> Iterator[Tried]:
        """The lowest later Alpine on which less is left, with the same packages."""
        left = self.left(self.best) or ()
        if self.release is None or not left or not any(f.rule in _OF_RELEASE for f in self.told):
            return
        order = [release for release in alpine_releases() if release != "edge"]
        later = order[order.index(self.release) + 1 :] if self.release in order else []
        if not later:
            return
        tries = {release: self.moved(release) for release in later[-1:]}
        goal = self.left(tries[later[-1]])
        if goal is None or len(goal) >= len(left):
            return
        for release in later:
            change = tries.get(release) or self.moved(release)
            now = self.left(change)
            if now is not None and len(now) <= len(goal):
                yield self.told_of(change)
                return

    def moved(self, release: str) -> Change:
        """The best change so far on another release, with the packages that hold there what is missing."""
        change = replace(self.best, release=release)
        if self.left(change) is None:
            change = Change(release=release)  # a package of the change is not to be had there
        for other in self.packages(self.left(change) or (), release):
            change = change | other
        return self.pruned(change)

    def elsewhere(self) -> Iterator[Tried]:
        """The smallest base image with glibc that runs it as it is, or runs more of it than this one."""
        if self.case.built_for in ("musl", "none"):
            return
        change = other_image(self.case, self.left)
        if change is not None and self.better(change, len(self.told)):
            yield self.told_of(change)

    def told_of(self, change: Change) -> Tried:
        """A change as people are told of it."""
        every = self.left(change) or ()
        left = tuple(finding for finding in every if not finding.unlisted)
        if change.image is not None and every and not left:
            return Tried(_kind(change), tuple(_commands(change, None)), _unlisted(change.image, every), Effect.UNTRIED)
        stubs = self.stubs(change)
        remains = tuple(dict.fromkeys(about(finding) for finding in left))
        effect = Effect.HELPS if left else Effect.HIDES if stubs else Effect.CURES
        if effect is Effect.HIDES:
            remains = tuple(f"{name}: {does}" for name, does in stubs.items())
        loads = all(finding.when is When.RUN for finding in left)
        text = _text(change)
        if change.image is not None and (names := self.unopened[change]):
            text += f"; {some(names)}, which it opens by name, {are(names)} not there"
        host = self.case.host
        if host is not None and change.packages and change == Change(packages=change.packages):
            brought = [package for package in change.packages if package in host.brings]
            text += f"; {host.title} itself brings {' and '.join(brought)}" if brought else ""
        return Tried(_kind(change), tuple(_commands(change, self.named(change))), text, effect, remains, loads)

    def stubs(self, change: Change) -> dict[str, str]:
        """Names that were missing and that a shim of the change gives without doing their work."""
        missing = {f.symbol for f in self.told if f.symbol and f.when is not When.RUN}
        given = STUBS["gcompat"] if _is_gcompat(change) else {}
        # A library that is preloaded by hand comes before gcompat where no stub starts the program.
        other = [p for p in change.preload if "gcompat" not in p]
        first = set() if self.case.program and _is_start(change) else self.exported(other)
        return {name: does for name, does in sorted(given.items()) if name in missing and name not in first}

    def exported(self, paths: Iterable[str]) -> set[str]:
        release, arch = self.release or "", self.case.model.arch
        known = [shim(name, release, arch) for name in _PRELOADED] if self.release else []
        return {
            n for s in known if s for library in s.libraries if library.path in paths for n in library.exports or ()
        }


def _unlisted(image: str, left: Left) -> str:
    """Why an image whose tables list no libraries cannot be tried with what is left there."""
    names = list(dict.fromkeys(finding.library or "" for finding in left))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"not known whether {', '.join(names[:_SHOWN])}{more} {are(names)} in {image}: no table lists what it holds"


def _is_gcompat(change: Change) -> bool:
    return "gcompat" in change.packages


def _is_start(change: Change) -> bool:
    """Whether it says what starts the program: gcompat's stub, or musl's loader."""
    return _is_gcompat(change) or change.edit.interpreter is not None


def _files(known: Shim) -> frozenset[str]:
    """Every name under which a file of the shim may be asked for."""
    paths = [*(library.path for library in known.libraries), *(path for path, _ in known.links), known.loader or ""]
    return frozenset([*paths, *(path.rpartition("/")[2] for path in paths)])


def _without_one(change: Change) -> Iterator[Change]:
    for package in change.packages:
        kept = tuple(name for name in change.packages if name != package)
        yield replace(change, packages=kept)
    for path in change.preload:
        yield replace(change, preload=tuple(name for name in change.preload if name != path))
    edit = change.edit
    if edit.interpreter is not None:
        yield replace(change, edit=replace(edit, interpreter=None))
    for name in edit.drop_needed:
        yield replace(change, edit=replace(edit, drop_needed=tuple(n for n in edit.drop_needed if n != name)))
    if edit.stack_size is not None:
        yield replace(change, edit=replace(edit, stack_size=None))


def _common(one: Change, other: Change) -> Change:
    """What both changes do; they differ by what one of them leaves out."""
    edit = Changes(
        one.edit.interpreter if other.edit.interpreter else None,
        one.edit.rpath,
        tuple(name for name in one.edit.drop_needed if name in other.edit.drop_needed),
        stack_size=one.edit.stack_size if other.edit.stack_size else None,
    )
    return Change(
        tuple(name for name in one.packages if name in other.packages), one.release,
        tuple(path for path in one.preload if path in other.preload), edit, one.image, one.libraries,
    )  # fmt: skip


def _kind(change: Change) -> str:
    if change.image is not None:
        return "image"
    if change.release is not None:
        return "release"
    if change.edit:
        return "binary"
    return "preload" if change.preload else "package"


def _commands(change: Change, target: str | None) -> Iterator[str]:
    if change.image is not None:
        yield f"FROM {change.image}"
        yield from filter(None, [add(published(change.image).manager, change.packages)])
    if change.release is not None:
        yield f"FROM alpine:{change.release}"
    if change.packages and change.image is None:
        yield f"apk add {' '.join(change.packages)}"
    if change.edit:
        on = f" --on {target}" if target is not None else ""
        yield f"muslint fix {PATH}{''.join(_options(change.edit))}{on} -o FIXED"
    if change.preload:
        yield f"export LD_PRELOAD={shlex.quote(' '.join(change.preload))}"


def _options(edit: Changes) -> Iterator[str]:
    if edit.interpreter is not None:
        yield " --interpreter auto"
    if edit.rpath is not None:
        yield f" --rpath {shlex.quote(edit.rpath)}"
    for name in edit.drop_needed:
        yield f" --drop-needed {shlex.quote(name)}"
    if edit.stack_size is not None:
        yield f" --stack-size {edit.stack_size}"


def _text(change: Change) -> str:
    said = [] if change.release is None else ["a later Alpine"]
    said.append("a changed copy of the file" if change.edit else "the file as it is")
    if change.libraries:
        said.append(f"where {' and '.join(change.libraries)} {are(change.libraries)} taken to give what is asked")
    if change.preload:
        said.append(f"with {' and '.join(change.preload)} before libc in every program started so")
    shims = "; gcompat as reproduced from its sources" if _is_gcompat(change) else ""
    return ", ".join(said) + shims


def for_path(ways: tuple[Tried, ...], path: str) -> tuple[Tried, ...]:
    """The ways out with the path of one object in their commands."""
    quoted = shlex.quote(f"./{path}" if path.startswith("-") else path)
    return tuple(
        way._replace(commands=tuple(command.replace(PATH, quoted) for command in way.commands)) for way in ways
    )
