"""A symbol explained: what it is, who has it, and what a program that needs it can do."""

from __future__ import annotations

from muslint.advice.demangle import qualified
from muslint.advice.explanation import Explanation, Fact
from muslint.hosts import giver
from muslint.libc import groups, history
from muslint.libc.catalog import VERSIONED_ONLY, newest_alpine
from muslint.libc.glibc import PRIVATE, soname, version_key
from muslint.libc.musl import alpine_releases, releases
from muslint.libc.shims import shim

_OLD = (2, 17)  # the oldest glibc that people still build for
_AFFIXES = (
    ("__isoc23_", ""), ("__isoc99_", ""), ("__GI_", ""), ("__libc_", ""), ("__", "_chk"), ("__", "_internal"),
    ("__", "_2"), ("__", "_finite"), ("__", ""), ("_", ""), ("", "64"),
)  # fmt: skip


def explain_symbol(name: str, arch: str = "x86_64") -> Explanation | None:
    """Explain ``name`` on ``arch``; None when no table and no form of name says whose it is.

    A version written with it (``fcntl64@GLIBC_2.28``, ``memcpy@@GLIBC_2.14``) is left aside: musl ignores it.
    """
    name = name.partition("@")[0]
    since = history.glibc_since(name)
    upstream, alpine = history.musl_history(name, arch), history.alpine_history(name, arch)
    if not since and not any((*upstream, *alpine)):
        return _of_another(name)
    public = public_name(name)
    shown = history.headers().get(name) or history.headers().get(public or "")
    family = groups.family(name) if since else None
    known_kin = family is not None and family.id != groups.OTHER and not upstream.exported
    facts = [
        *([Fact("header", f"<{shown}>{f' declares {public}' if public else ''}", shown)] if shown else []),
        *([Fact("public", f"internal name of {public}", public)] if public else []),
        _glibc_fact(name, arch),
        _musl_fact(upstream, name, arch),
        _alpine_fact(alpine),
        _gcompat_fact(name, arch),
        *([Fact("shim", f"also in {', '.join(others)}", list(others))] if (others := history.shims_with(name)) else []),
    ]
    kind = _kind(public, shown, family.title if known_kin and family else "", bool(since))
    return Explanation("symbol", name, kind, tuple(facts), _advice(name, public, arch, alpine))


def public_name(name: str) -> str | None:
    """The documented function that an internal spelling stands for: ``__memcpy_chk`` → ``memcpy``."""
    known = history.headers()
    if name in known and not name.startswith("__"):
        return None
    for before, after in _AFFIXES:
        inner = name.removeprefix(before)
        if inner == name and before:
            continue
        if after and not inner.endswith(after):
            continue
        inner = inner[: len(inner) - len(after)] if after else inner
        if inner != name and inner in known and not inner.startswith("__"):
            return inner
    return None


def _kind(public: str | None, header: str | None, title: str, of_glibc: bool) -> str:
    if public:
        what = f"glibc's internal name of {public}"
    elif header:
        what = f"declared in <{header}>"
    else:
        what = "a name of glibc that no header of today declares" if of_glibc else "a name of musl"
    return f"{what}; {title}" if title else what


def _glibc_fact(name: str, arch: str) -> Fact:
    since = history.glibc_since(name)
    if not since:
        return Fact("glibc", "never, in any release", {"since": None, "libraries": [], "arches": {}})
    symbol = history.glibc_symbol(name, arch)
    here = symbol.since if symbol else None
    libraries = [soname(lib, arch) for lib in symbol.libs] if symbol else []
    if here == PRIVATE:
        text = f"GLIBC_PRIVATE: glibc's own parts share it, nothing else may use it ({', '.join(libraries)})"
    elif here is None:
        text = f"not on {arch}; on {', '.join(sorted(since)[:6])}"
    else:
        text = f"since {here} on {arch}, in {', '.join(libraries)}"
        lacking = sorted(set(history.all_glibc_arches()) - set(since))
        if lacking and len(since) > 2:
            text += f"; not on {', '.join(lacking[:6])}{' …' if len(lacking) > 6 else ''}"
    return Fact("glibc", text, {"since": here, "libraries": libraries, "arches": since})


def spans(found: tuple[str, ...], order: tuple[str, ...]) -> str:
    """Releases as people say them: ``1.2.3 and later``, ``3.9 to 3.17``, ``3.18``."""
    parts: list[tuple[str, str]] = []
    for release in found:
        if parts and order.index(parts[-1][1]) + 1 == order.index(release):
            parts[-1] = (parts[-1][0], release)
        else:
            parts.append((release, release))
    said = []
    for first, last in parts:
        if last == order[-1]:
            said.append("every release" if first == order[0] else first if first == last else f"{first} and later")
        else:
            said.append(first if first == last else f"{first} to {last}")
    return ", ".join(said)


def _musl_fact(found: history.MuslHistory, name: str, arch: str) -> Fact:
    order = releases()
    value = {"exported": list(found.exported), "remapped": list(found.remapped)}
    said = []
    if found.exported:
        said.append(f"exported: {spans(found.exported, order)}")
        holders = history.musl_arches(name)
        if holders and len(holders) < 11 and found.exported[-1] == order[-1]:
            said.append(f"only on {', '.join(holders)}")
    if found.remapped:
        said.append(f"mapped to {name.removesuffix('64')} by the loader: {spans(found.remapped, order)}")
    elif name.endswith("64") and not (found.exported and found.exported[-1] == order[-1]):
        said.append("not in the loader's list of 64-bit names")
    if not (found.exported or found.remapped):
        said.insert(0, f"never, in any release on {arch} ({order[0]} to {order[-1]})")
    return Fact("musl", "; ".join(said), value)


def _alpine_fact(found: history.MuslHistory) -> Fact:
    order = alpine_releases()
    both = tuple(r for r in order if r in {*found.exported, *found.remapped})
    value = {"releases": list(both), "first": both[0] if both else None}
    return Fact("alpine", spans(both, order) if both else "no release's musl has it", value)


def _gcompat_fact(name: str, arch: str) -> Fact:
    held = history.gcompat_has(name)
    newest = shim("gcompat", newest_alpine(), arch)
    now = newest.version.partition("-")[0] if newest else ""
    text = f"yes ({', '.join(held)})" if held else f"no (1.1.0 and older; Alpine {newest_alpine()} has {now})"
    return Fact("gcompat", text, {"versions": list(held)})


def _advice(name: str, public: str | None, arch: str, alpine: history.MuslHistory) -> tuple[str, ...]:
    newest = newest_alpine()
    if newest in (*alpine.exported, *alpine.remapped):
        order = alpine_releases()
        both = tuple(r for r in order if r in {*alpine.exported, *alpine.remapped})
        if both == order:
            return ("nothing to do: every Alpine release has it",)
        return (f"use Alpine {spans(both, order)}; the others lack it",)
    said = []
    kin = groups.family(name)
    plain = public if public and history.musl_history(public, arch).exported else None
    if plain:
        said.append(f"rebuild on musl: the source calls {plain}, which musl has")
    if kin.source_fix and kin.source_fix not in ("rebuild", "case by case"):
        said.append(f"in source: {kin.source_fix}")
    elif not plain:
        said.append("in source: musl has no replacement known to muslint; guard the call, or drop it")
    since = history.glibc_since(name).get(arch)
    if since and since != PRIVATE and version_key(since) > _OLD:
        zig = f": zig cc -target {arch}-linux-gnu.2.17" if arch in ("x86_64", "aarch64") else ""
        said.append(f"or link against a glibc older than {since}{zig}")
    if history.gcompat_has(name):
        said.append("as it is: apk add gcompat gives it to a program whose interpreter is glibc's, not to a plugin")
    if kin.binary_fix and kin.binary_fix not in ("none", "none needed"):
        said.append(f"the binary as it is: {kin.binary_fix}")
    elif not history.gcompat_has(name):
        said.append("the binary as it is: a base image with glibc")
    return tuple(said)


def _of_another(name: str) -> Explanation | None:
    """A name that is no C library's: a host's, or the C++ runtime's."""
    host = giver(name)
    plain = qualified(name)
    if host is not None:
        facts = (Fact("host", f"{host.title} gives it to the plugins it loads", host.id),)
        return Explanation(
            "symbol", name, f"a name of {host.title}{f': {plain}' if plain else ''}", facts,
            (f"no fault of a plugin: the process that loads it is {host.title}. Do not look for it in a library",),
        )  # fmt: skip
    if name.startswith("_Unwind_"):
        return Explanation("symbol", name, "the unwinder of libgcc", _cxx_facts(name), ("apk add libgcc",))
    if plain is None and not name.startswith(("__cxa_", "__gxx_")):
        return None
    ours = name.startswith(("__cxa_", "__gxx_")) or (plain or "").startswith(("std::", "__cxxabiv1", "__gnu_cxx"))
    what = f"C++: {plain}" if plain else "the C++ runtime's own"
    if not ours:
        facts = (Fact("cxx", f"{what}, of no library known to muslint", plain),)
        return Explanation("symbol", name, what, facts, ("find the library that defines it: nm -DC --defined-only",))
    return Explanation("symbol", name, f"{what} (libstdc++)", _cxx_facts(name), _cxx_advice(name))


def _cxx_facts(name: str) -> tuple[Fact, ...]:
    from muslint.advice.explain_version import cxx_since

    library = "libgcc_s.so.1" if name.startswith("_Unwind_") else "libstdc++.so.6"
    node = cxx_since(name)
    if name in VERSIONED_ONLY:
        return (Fact("cxx", "GCC 13 and later, only where libstdc++ has symbol versions: never on Alpine", None),)
    return (Fact("library", f"{library} (apk add {'libgcc' if 'gcc' in library else 'libstdc++'})", library), *node)


def _cxx_advice(name: str) -> tuple[str, ...]:
    if name in VERSIONED_ONLY:
        return ("rebuild on Alpine; no package has it",)
    return ("apk add libstdc++; when that has it too late, use a newer Alpine, or rebuild there",)
