"""A library's name and a rule explained."""

from __future__ import annotations

import re
from functools import lru_cache

from muslint.advice.explain_symbol import spans
from muslint.advice.explanation import Explanation, Fact
from muslint.libc import glibc, sonames
from muslint.libc.catalog import newest_alpine
from muslint.libc.musl import alpine_releases
from muslint.libc.shims import shim
from muslint.loader.search import reserved_family
from muslint.rules import rules
from muslint.rules.page import page

_FORM = re.compile(r"\S*(\.so|ld64)(\.[\w.-]+)?")
_RUNTIME = {"libstdc++.so.6": "libstdc++", "libgcc_s.so.1": "libgcc"}


@lru_cache(maxsize=8)
def _glibc_names(arch: str) -> frozenset[str]:
    return frozenset(glibc.nodes("2.44", arch)) | frozenset({"libnss_dns.so.2", "libnss_files.so.2"})


def explain_library(name: str, arch: str = "x86_64") -> Explanation | None:
    """Explain a soname such as ``libssl.so.1.1`` or ``ld-linux-x86-64.so.2``; None for what is no library's name."""
    if not _FORM.fullmatch(name):
        return None
    name = name.rpartition("/")[2]
    if name.startswith(("ld-musl-", "libc.musl-")):
        return _musl(name)
    if name.startswith(("ld-linux", "ld64.so", "ld.so")):
        return _loader(name, arch)
    release = newest_alpine()
    family = reserved_family(name)
    if family is not None:
        fact = Fact(
            "musl", f"lib{family}.* is a reserved name: musl is that library itself, no file is looked for", True
        )
        return Explanation(
            "soname", name, "a part of the C library", (fact,), ("nothing to do: it is always found on musl",)
        )
    package = _RUNTIME.get(name)
    facts = [Fact("glibc", "a library of glibc", True)] if name in _glibc_names(arch) else []
    if package is not None:
        facts.append(Fact("alpine", f"{package}: every release", {"package": package}))
    else:
        facts.append(_packages(name))
    known = shim("gcompat", release, arch)
    compat = [link for link, _ in (known.links if known else ()) if link.endswith(f"/{name}")]
    if compat:
        facts.append(Fact("gcompat", f"brings {compat[0]}", compat[0]))
    row = sonames.provider(name, release)
    found = package or (row.package if row else None)
    others = sonames.successors(name, release)
    if found is None and not others and not compat and not sonames.providers(name) and name not in _glibc_names(arch):
        return None
    inside = sonames.within(name, release) if found is None else None
    advice = _library_advice(found, others, bool(compat))
    if inside is not None:
        facts[-1] = Fact("alpine", f"its functions are in {inside.soname} ({inside.package})", inside.soname)
        advice = (f"apk add {inside.package}, then muslint fix FILE --replace-needed {name}={inside.soname}",)
    return Explanation("soname", name, "a shared library", tuple(facts), advice)


def _library_advice(package: str | None, others: tuple[sonames.Provider, ...], compat: bool) -> tuple[str, ...]:
    release = newest_alpine()
    if package is not None:
        return (f"apk add {package}",)
    said = []
    if others:
        names = ", ".join(f"{o.soname} (apk add {o.package})" for o in others[:3])
        said.append(f"Alpine {release} has another version: {names}; rebuild against that, the ABI differs")
    if compat:
        said.append("apk add gcompat puts a file of that name there")
    if not said:
        said.append("ship the library with the program, built for musl, and point an rpath at it")
    return tuple(said)


def _packages(name: str) -> Fact:
    order = alpine_releases()
    held = {r: row.package for r in order if (row := sonames.provider(name, r)) is not None and row.package is not None}
    if not held:
        return Fact("alpine", "in no package known to muslint", {})
    packages = sorted(set(held.values()))
    said = [f"{p}: {spans(tuple(r for r in order if held.get(r) == p), order)}" for p in packages]
    return Fact("alpine", "; ".join(said), held)


def _musl(name: str) -> Explanation:
    return Explanation(
        "soname", name, "musl itself, under the name Alpine's compiler writes into programs",
        (Fact("alpine", "always there; a program that asks for it was built on Alpine or with its tools", True),),
        ("on a glibc system this name is nowhere: use a build for glibc, or run it in Alpine",),
    )  # fmt: skip


def _loader(name: str, arch: str) -> Explanation:
    known = shim("gcompat", newest_alpine(), arch)
    links = [link for link, _ in (known.links if known else ())]
    stub = known.loader if known else None
    has = next((path for path in [*links, stub or ""] if path.rpartition("/")[2] == name), None)
    return Explanation(
        "soname", name, "glibc's own loader: the interpreter of a program, and at times needed by a library",
        (
            Fact("musl", "no reserved name: a library that needs it does not load without a file so called", False),
            Fact("gcompat", f"brings {has}" if has else f"brings no such file on {arch}", has),
        ),
        ("rebuild for musl: then nothing asks for it", "apk add gcompat gives a file of that name",
         f"a library that names it without using it: muslint fix --drop-needed {name}"),
    )  # fmt: skip


def explain_rule(name: str) -> Explanation | None:
    """Explain a rule by its id (``tls-initial-exec``); None when there is none."""
    rule = next((rule for rule in rules() if rule.id == name), None)
    if rule is None:
        return None
    sections = _page(name)
    facts = [
        Fact("severity", str(rule.severity), str(rule.severity)), Fact("shows", f"at {rule.when}", str(rule.when)),
        Fact("proof", rule.evidence, rule.evidence), Fact("witness", rule.witness, rule.witness),
    ]  # fmt: skip
    means = sections.get("What it means")
    if means:
        facts.append(Fact("means", means[0], means[0]))
    return Explanation("rule", rule.id, rule.title, tuple(facts), tuple(sections.get("What helps", ())))


def _page(rule: str) -> dict[str, list[str]]:
    """The paragraphs and points of a rule's page, by heading; empty where the pages are not installed."""
    found: dict[str, list[str]] = {}
    heading = ""
    for block in page(rule).split("\n\n"):
        if block.startswith("## "):
            heading = block.partition("\n")[0][3:]
        elif not block.startswith(("```", "|", "<!--")):
            points = block.removeprefix("- ").split("\n- ") if block.startswith("- ") else [block]
            found.setdefault(heading, []).extend(" ".join(point.split()) for point in points)
    return found
