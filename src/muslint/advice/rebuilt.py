"""What a rebuild would settle: which names come from glibc's headers alone, and which the source itself asks for."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from muslint.libc import triples
from muslint.libc.glibc import library_names
from muslint.libc.groups import family
from muslint.libc.model import LibcModel
from muslint.libc.shims import shim
from muslint.libc.sonames import provider, within
from muslint.rules.behaviour.found import scene_of
from muslint.rules.finding import Effect, Finding, Tried, When
from muslint.rules.rule import Case

_OF_HEADERS = frozenset(
    {
        "cxa", "finite-math", "fortify", "fp-classify-fn", "internal-alias", "isoc23", "isoc99", "lfs64", "libc-init",
        "secure-getenv", "string-inline", "xstat",
    }
)  # fmt: skip
"""Families whose names no source spells: a header or the compiler puts them in, and on musl others."""

_LINKED: Mapping[str, tuple[str, str, str]] = {
    "ucontext": ("libucontext", "libucontext-dev", "-lucontext"),
    "obstack": ("musl-obstack", "musl-obstack-dev", "-lobstack"),
    "fts": ("musl-fts", "musl-fts-dev", "-lfts"),
    "argp": ("argp-standalone", "argp-standalone", "-largp"),
    "sunrpc": ("libtirpc", "libtirpc-dev", "-ltirpc"),
}
"""Family → shim, the package to build with, and the linker's option."""

_OF_COMPILER = frozenset({"_dl_find_object", "__sched_cpualloc", "__sched_cpufree", "__sched_cpucount"})
_OF_RUST = frozenset({"gnu_get_libc_version", "__res_init", "__cxa_thread_atexit_impl"})
"""Names that Rust's standard library asks glibc alone for."""
_OF_CXX = frozenset(
    {
        "__libc_single_threaded", "pthread_cond_clockwait", "pthread_mutex_clocklock", "pthread_rwlock_clockrdlock",
        "pthread_rwlock_clockwrlock",
    }
)  # fmt: skip
"""Names that headers of libstdc++ use where the C library has them: shared_ptr, waiting with a limit."""
_OF_LANGUAGE: Mapping[str, frozenset[str]] = {"rust": _OF_RUST, "c++": _OF_CXX}

_RUNTIME = ("libgcc_s.so", "libstdc++.so")
_STACK = 8 << 20
_NSS = re.compile(r"(get(addrinfo|nameinfo|hostby\w+|serv\w+|proto\w+|pw\w+|gr\w+|spnam\w*)|iconv_open|dlopen)$")


@dataclass(frozen=True, slots=True, eq=False)
class Rebuild:
    """What is left of an object's findings after a rebuild for musl, and what build and target want."""

    remains: tuple[str, ...]
    packages: tuple[str, ...]  # to build with
    options: tuple[str, ...]
    libraries: tuple[str, ...]  # packages to run with


def rebuilt(findings: Iterable[Finding], model: LibcModel, release: str | None, language: str = "c") -> Rebuild:
    """What a rebuild on musl leaves of ``findings``; ``release`` is the Alpine release it is built on."""
    remains: dict[str, None] = {}
    packages: dict[str, None] = {}
    options: dict[str, None] = {}
    libraries: dict[str, None] = {}
    for finding in findings:
        name = finding.symbol or ""
        if finding.when is When.RUN:
            _of_behaviour(finding, remains, options)
        elif finding.rule in ("symbol-missing", "symbol-fortify", "symbol-unresolved"):
            if not spelled_by_source(name, model) or name in _OF_LANGUAGE.get(language, ()):
                continue
            if (finding.library or "").startswith(_RUNTIME):
                continue  # the compiler of the rebuild brings its own
            linked = _LINKED.get(family(name).id)
            if linked and release and shim(linked[0], release, model.arch):
                packages[linked[1]] = options[linked[2]] = None
            else:
                remains[name] = None
        elif finding.rule in ("symbol-too-new", "relr-unsupported", "tls-initial-exec", "textrel-program"):
            remains[finding.symbol or finding.rule] = None
        elif finding.rule == "library-unusable" and finding.library is None:
            continue  # the file itself is laid out so: a linker makes it anew
        elif finding.rule in ("library-missing", "library-off-path", "library-unusable"):
            name = finding.library or ""
            row = (within(name, release) or provider(name, release)) if release else None
            if row is not None and row.package not in (None, "musl", "gcompat"):
                libraries[str(row.package)] = None
            elif not _of_compiler(finding.library or ""):
                remains[finding.library or finding.rule] = None
    if "libstdc++" in libraries:
        libraries.pop("libgcc", None)
    return Rebuild(tuple(remains), tuple(packages), tuple(options), tuple(libraries))


def _of_behaviour(finding: Finding, remains: dict[str, None], options: dict[str, None]) -> None:
    if finding.rule == "thread-default-stack":
        options[f"-Wl,-z,stack-size={_STACK}"] = None
    elif not any(remedy.kind == "rebuild" and remedy.cures for remedy in finding.remedies):
        remains[finding.rule] = None


def _of_glibc(library: str) -> bool:
    return library in library_names() or library.startswith(("ld-linux", "ld64.so", "ld.so."))


def _of_compiler(library: str) -> bool:
    return _of_glibc(library) or library.startswith(_RUNTIME)


def spelled_by_source(name: str, model: LibcModel) -> bool:
    """Whether a missing name is in the source, so that a rebuild asks for it again.

    Names that headers and compilers make are not; nor is ``__x`` where musl has ``x``.
    """
    kin = family(name)
    if kin.id in _OF_HEADERS or name in _OF_COMPILER:
        return False
    plain = name.lstrip("_")
    candidates = {plain, plain.removesuffix("64"), plain.removesuffix("_internal"), plain.removesuffix("_l")}
    return not (name.startswith("__") and candidates & model.exports)


def rebuilds(case: Case, findings: tuple[Finding, ...], release: str | None) -> Iterable[Tried]:
    """A rebuild for musl, and for programs a static one where it is built now, with what each leaves."""
    language = language_of(case)
    made = rebuilt(findings, case.model, release, language)
    if len(made.remains) < len({finding.symbol or finding.library or finding.rule for finding in findings}):
        commands, text = _build(case, made, language)
        effect = Effect.HELPS if made.remains else Effect.CURES
        of_running = {finding.rule for finding in findings if finding.when is When.RUN}
        yield Tried("rebuild", commands, text, effect, made.remains, of_running.issuperset(made.remains))
    if language == "go" and case.program:
        yield _without_cgo(case)
    # Whether other libraries are to be had as archives cannot be told.
    others = [f.library for f in findings if f.rule.startswith("library-") and not _of_compiler(f.library or "")]
    if case.program and language != "go" and not others:
        scene = scene_of(case)
        asks = sorted(name for name in (scene.imports if scene else ()) if _NSS.match(name))
        command = f"{'g++' if language == 'c++' else 'gcc'} -static …"
        if language == "rust":
            command = (
                f"RUSTFLAGS=-Ctarget-feature=+crt-static cargo build --target {triples.rust(case.model.arch, 'gnu')}"
            )
        yield Tried(
            "static", (command,),
            "linked statically with the glibc it is built with now, it needs no loader"
            + (f"; {', '.join(asks[:3])} then want files of that glibc" if asks else ""),
            Effect.HELPS if asks else Effect.CURES, tuple(asks), True,
        )  # fmt: skip


def _without_cgo(case: Case) -> Tried:
    """A Go program without cgo, which is not enough of one that is linked with more than the C library."""
    text = "without cgo a Go program needs no C library at all"
    others = [name for name in case.object.needed if not _of_glibc(name)]
    if others:
        text += f"; not known whether this one can do without what it has from {', '.join(others)}"
        return Tried("rebuild", ("CGO_ENABLED=0 go build",), text, Effect.UNTRIED)
    return Tried(
        "rebuild", ("CGO_ENABLED=0 go build",), f"{text}, where no package of it is written in C", Effect.CURES
    )


def _build(case: Case, made: Rebuild, language: str) -> tuple[tuple[str, ...], str]:
    """Commands for the language the object was written in, as far as it shows."""
    target = triples.zig(case.model.arch)
    first = [f"apk add build-base {' '.join(made.packages)}"] if made.packages else []
    last = [f"apk add {' '.join(made.libraries)}"] if made.libraries else []
    if language == "rust":
        flags = [f"-Clink-arg={option}" for option in made.options]
        flags += [] if case.program else ["-Ctarget-feature=-crt-static"]
        variable = f"RUSTFLAGS={shlex.quote(' '.join(flags))} " if flags else ""
        command = f"{variable}cargo build --target {triples.rust(case.model.arch)}"
        return (*first, command, *([] if case.program else last)), "rebuilt for musl"
    options = "".join(f" {option}" for option in made.options)
    note = "; -U_FORTIFY_SOURCE alone rids it of the __*_chk names" if _only_fortify(case) else ""
    command = f"zig {'c++' if language == 'c++' else 'cc'} -target {target}{options} …"
    if language == "go":
        mode = "" if case.program else " -buildmode=c-shared"
        command = f'CGO_ENABLED=1 CC="zig cc -target {target}" go build{mode}'
        command += f" -ldflags \"-extldflags '{options[1:]}'\"" if options else ""
    return (*first, command, *last), f"rebuilt for musl, with zig or on Alpine{note}"


def _only_fortify(case: Case) -> bool:
    return any(family(message.name).id == "fortify" for message in case.messages if message.kind == "symbol")


def language_of(case: Case) -> str:
    """``go``, ``rust``, ``c++``, or ``c`` for anything else and for what cannot be told."""
    # An extension module is linked by its host's tools, whatever archives of Go are in it.
    if any(note.owner == "Go" for note in case.object.notes) and (case.program or case.host is None):
        return "go"
    scene = scene_of(case)
    if scene is not None and next(scene.strings().holding(b"/rustc/"), None) is not None:
        return "rust"
    if any(name.startswith(("libstdc++.so", "libc++.so")) for name in case.object.needed):
        return "c++"
    # The name of std::exception's type information lies in whatever is linked with the runtime inside.
    return "c++" if scene is not None and next(scene.strings().holding(b"St9exception"), None) is not None else "c"
